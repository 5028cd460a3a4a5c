#include "store/upkeep.h"

#include <algorithm>

#include "base/check.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

constexpr uint32_t moving_segments = 2;
constexpr uint32_t tombstone_segments = 1;
// A store at rest is checkpointed, so that opening it is quick and what was freed can be used.
constexpr uint64_t idle_ns = 5'000'000'000;
// The most that compaction may run ahead of the hosts' writes.
constexpr int64_t allowance_max = int64_t{8} << 20;

uint32_t pages_of(const WriteOp& op) {
    return op.first_block >> page_shift == (op.first_block + op.block_count - 1) >> page_shift ? 1
                                                                                               : 2;
}

// Segments that data never gets: those above, the index's, and the rests of the open ones.
uint32_t fixed_reserve(uint32_t segments) {
    return moving_segments + tombstone_segments + 5 + segments / 64;
}

}  // namespace

Upkeep::Upkeep(const Parts& parts, const Superblock& super, Listener& listener)
    : parts_(parts),
      listener_(listener),
      space_(parts.segments, parts.store_id),
      pages_(parts.device, parts.executor, parts.index, space_, parts.stats),
      loader_(parts.device, parts.executor, parts.index, pages_, *this),
      eraser_(parts.executor, parts.index, loader_, *this),
      recounter_(parts.executor, parts.index, loader_, pages_, *this),
      checkpointer_({parts.device,
                     parts.durability == Durability::flush,
                     parts.index,
                     parts.segments,
                     space_,
                     pages_,
                     eraser_,
                     recounter_,
                     parts.stats},
                    super,
                    *this),
      compactor_({parts.device,
                  parts.executor,
                  parts.store_id,
                  parts.index,
                  parts.segments,
                  loader_,
                  parts.stats,
                  parts.options.observer},
                 *this),
      mover_(parts.device, parts.index, loader_, *this) {
    const Layout& layout = parts.segments.layout();
    const uint64_t data_segments = layout.segment_count - fixed_reserve(layout.segment_count);
    capacity_blocks_ = data_segments * (layout.segment_blocks() - 1) * 15 / 16;
    tail_bytes_max_ =
        std::min(parts.options.checkpoint_log_bytes,
                 std::max(capacity_blocks_ * block_bytes / 8, 2 * layout.segment_bytes()));
    pages_.start(loader_, *this);
    turn_.upkeep = this;
    turn_.run = [](reactor::Task& task) { static_cast<Turn&>(task).upkeep->turn(); };
    idle_timer_.upkeep = this;
    idle_timer_.fire = [](reactor::Timer& timer) {
        Upkeep& self = *static_cast<IdleTimer&>(timer).upkeep;
        self.checkpoint_refused_ = self.compaction_refused_ = false;
        self.schedule();
    };
}

Upkeep::~Upkeep() {
    CHECK(!turn_.queued && !idle_timer_.armed(), "upkeep ends before its store");
}

void Upkeep::start(LogWriter& log, const std::vector<CheckpointWriter::Blocks>& checkpoint) {
    log_ = &log;
    checkpointer_.restored(checkpoint);
    schedule();
}

uint64_t Upkeep::tail_bytes() const {
    return log_ == nullptr ? 0 : log_->log_bytes() - checkpointer_.log_bytes();
}

void Upkeep::log_moved() {
    if (log_->failed()) {
        fail();
        return;
    }
    moved_at_ns_ = parts_.executor.now_ns();
    moved_ = true;
    if (anything_to_do()) {
        parts_.reclaimer.kick();
        schedule();
    }
}

// How much may be moved for so much written: what keeps as many segments free as there are, a
// little more than that, and twice as much where they are short.
int64_t Upkeep::pace(uint64_t host_bytes) const {
    const uint32_t victim = compactor_.victim();
    const uint64_t blocks = parts_.segments.layout().segment_blocks() - 1;
    const uint64_t live = victim == Segments::none ? blocks / 2 : victim_live_;
    const uint64_t moved = host_bytes * (live + blocks / 4) / std::max<uint64_t>(blocks - live, 1);
    return static_cast<int64_t>(short_of_segments() ? 2 * moved : moved);
}

void Upkeep::schedule() {
    if (!stopped_) {
        parts_.executor.defer(turn_);
    }
}

// Asked for every batch: most of them change nothing here.
bool Upkeep::anything_to_do() const {
    const Segments& segments = parts_.segments;
    return segments.free_count() != free_seen_ || segments.dead_count() != dead_seen_ ||
           segments.retiring_count() > 0 || segments.any_abandoned() || waiting_ || closing_ ||
           !compactor_.idle() || !idle_timer_.armed() || uncounted_ ||
           parts_.index.erasing_pages() > 0 || tail_bytes() >= tail_bytes_max_ / 2;
}

void Upkeep::turn() {
    if (stopped_) {
        return;
    }
    free_seen_ = parts_.segments.free_count();
    dead_seen_ = parts_.segments.dead_count();
    const uint64_t host_bytes = parts_.stats.host_bytes_written - host_bytes_seen_;
    const uint64_t moved_bytes = parts_.stats.moved_bytes_written - moved_bytes_seen_;
    host_bytes_seen_ += host_bytes;
    moved_bytes_seen_ += moved_bytes;
    allowance_ =
        std::min(allowance_ + pace(host_bytes), allowance_max) - static_cast<int64_t>(moved_bytes);

    parts_.reclaimer.kick();
    eraser_.kick();
    recounter_.kick();
    if (checkpoint_due()) {
        begin_checkpoint();
    }
    consider_compaction();
    compactor_.kick();
    if (!pages_.stalled()) {  // Or else the next operation tries.
        pages_.kick();
    }
    const bool useful = tail_bytes() > 0 || parts_.segments.dead_count() > 0;
    if (useful && moved_ && checkpointer_.idle() && !idle_timer_.armed() && !closing_) {
        moved_ = false;  // A store at rest is checkpointed once.
        parts_.executor.arm(idle_timer_, parts_.executor.now_ns() + idle_ns);
    }
}

// --- Checkpoints.

bool Upkeep::checkpoint_due() const {
    if (!checkpointer_.idle() || checkpoint_refused_ || closing_) {
        return false;
    }
    const bool resting = parts_.executor.now_ns() >= moved_at_ns_ + idle_ns;
    const uint32_t dead = parts_.segments.dead_count();
    // One checkpoint frees many segments, unless the last ones are near.
    const uint32_t many = std::max(1u, parts_.segments.count() / 128);
    const uint32_t ready = parts_.segments.free_count() + parts_.segments.retiring_count();
    const bool last = waiting_ || ready < data_reserve() + 2;
    const bool more_to_come = !compactor_.idle() && dead < std::min(2u, many);
    return tail_bytes() >= tail_bytes_max_ / 2 || (dead > 0 && last && !more_to_come) ||
           (dead >= many && short_of_segments()) ||
           (waiting_ && compactor_.idle() && parts_.index.owing_pages() > 0) || uncounted_ ||
           (recounter_.waits() && parts_.index.owing_pages() > 0) ||
           (resting && (tail_bytes() > 0 || dead > 0));
}

void Upkeep::begin_checkpoint() {
    uncounted_ = false;
    parts_.executor.disarm(idle_timer_);
    checkpointer_.begin(log_->position());
}

void Upkeep::pages_written() {
    checkpointer_.pages_written();
    wake();
}

void Upkeep::checkpoint_over(Status status) {
    if (status.code() == Errc::no_space) {
        checkpoint_refused_ = true;
    } else if (!status.ok()) {
        log_->latch();
    } else {
        compaction_refused_ = false;
        thin_index();
    }
    parts_.reclaimer.kick();
    if (closing_) {
        end_with_checkpoint(status.ok());
    }
    wake();
}

// The file system is full: pages wait to be sent again, and a last checkpoint is given up.
void Upkeep::pages_stalled() {
    if (closing_) {
        end_pages();
    }
    wake();
}

void Upkeep::page_write_failed(Status) {
    log_->latch();
    rest();
}

void Upkeep::erased_some() {
    wake();
}

// Something is done: who waited for it may go on.
void Upkeep::wake() {
    schedule();
    if (log_ != nullptr && log_->waiting() && !stopped_) {
        log_->kick();
    }
    rest();
}

// --- Segments that are kept free, and that are there.

uint32_t Upkeep::index_reserve() const {
    const uint64_t blocks_in_segment = parts_.segments.layout().segment_blocks() - 1;
    const uint64_t images = parts_.index.dirty_pages() + pending_pages_ + 2 * blocks_in_segment;
    const uint64_t blocks = images / pages_per_block + checkpointer_.blocks_needed();
    return static_cast<uint32_t>(blocks / blocks_in_segment) + 1;
}

uint32_t Upkeep::data_reserve() const {
    return index_reserve() + moving_segments + tombstone_segments;
}

// Free, or free as soon as a checkpoint is done.
uint32_t Upkeep::coming_free() const {
    const Segments& segments = parts_.segments;
    return segments.free_count() + segments.retiring_count() + segments.dead_count();
}

bool Upkeep::short_of_segments() const {
    const uint32_t margin = std::max(2u, parts_.segments.count() / 40);
    return parts_.segments.free_count() + parts_.segments.retiring_count() <
           data_reserve() + margin;
}

// --- Admission.

bool Upkeep::room_can_be_made() {
    if (parts_.segments.retiring_count() > 0 || log_->any_in_flight()) {
        return true;
    }
    if (pages_.stalled() || checkpoint_refused_) {
        return false;  // What dies is free only with the next checkpoint.
    }
    return !checkpointer_.idle() || parts_.segments.dead_count() > 0 || !compactor_.idle() ||
           (compaction_possible() && choose_victim() != Segments::none) ||
           parts_.index.erasing_pages() > 0 || parts_.index.owing_pages() > 0 || !recounter_.idle();
}

Admission::Answer Upkeep::admit_segment(bool data) {
    const uint32_t reserve = data ? data_reserve() : index_reserve();
    if (parts_.segments.free_count() > reserve) {
        waiting_ = false;
        return Answer::yes;
    }
    if (!room_can_be_made()) {
        // The next operation tries again.
        waiting_ = checkpoint_refused_ = compaction_refused_ = false;
        if (recount_given_up_ && !closing_) {
            recount_given_up_ = false;
            recounter_.start();
        }
        pages_.kick();
        return Answer::full;
    }
    waiting_ = true;
    schedule();
    return Answer::wait;
}

Admission::Answer Upkeep::admit(const WriteOp& op) {
    const uint32_t pages = pages_of(op);
    if (!parts_.index.has_room(pending_pages_ + pages)) {
        if (pages_.stalled()) {
            pages_.kick();
            return Answer::full;
        }
        pages_.relieve();
        return Answer::wait;
    }
    if (op.data != nullptr) {
        if (tail_bytes() >= tail_bytes_max_) {
            if (pages_.stalled() || (checkpointer_.idle() && checkpoint_refused_)) {
                checkpoint_refused_ = false;
                pages_.kick();
                return Answer::full;
            }
            schedule();
            return Answer::wait;
        }
        const uint64_t most = parts_.segments.live_blocks() + pending_blocks_ + op.block_count;
        if (most > capacity_blocks_ &&
            most - op.block_count +
                    parts_.index.count_new(op.extent, op.first_block, op.block_count) >
                capacity_blocks_) {
            return admit_when_counted();
        }
        pending_blocks_ += op.block_count;
    }
    pending_pages_ += pages;
    return Answer::yes;
}

// The store may be full, or only not know yet what is not alive any more: blocks that are being
// erased, and those that pages owe until a checkpoint merges them with their images.
Admission::Answer Upkeep::admit_when_counted() {
    uncounted_ = parts_.index.owing_pages() > 0 && !checkpoint_refused_ && !pages_.stalled();
    if (uncounted_ || parts_.index.erasing_pages() > 0) {
        schedule();
        return Answer::wait;
    }
    checkpoint_refused_ = false;
    return Answer::full;
}

void Upkeep::settled(const WriteOp& op) {
    pending_pages_ -= pages_of(op);
    pending_blocks_ -= op.data != nullptr ? op.block_count : 0;
}

// --- The end.

void Upkeep::close() {
    closing_ = true;
    parts_.executor.disarm(idle_timer_);
    parts_.reclaimer.stop();
    compactor_.stop();
    mover_.stop();
    recounter_.stop();
    if (pages_.stalled()) {
        end_pages();
    } else if (checkpointer_.idle()) {
        end_with_checkpoint(true);
    }
    rest();
}

// Nothing is left to be replayed, if there is room for that.
void Upkeep::end_with_checkpoint(bool possible) {
    if (possible && !stopped_ && tail_bytes() > 0) {
        begin_checkpoint();
    } else {
        end_pages();
    }
}

void Upkeep::end_pages() {
    if (!stopped_) {
        stopped_ = true;
        pages_.stop();
        eraser_.stop();
        checkpointer_.give_up();
    }
}

bool Upkeep::idle() const {
    return stopped_ && pages_.idle() && loader_.idle() && eraser_.idle() && recounter_.idle() &&
           checkpointer_.idle() && compactor_.idle() && mover_.idle();
}

void Upkeep::rest() {
    if (closing_ && idle()) {
        listener_.upkeep_rests();
    }
}

// Nothing is written to a device that has failed.
void Upkeep::fail() {
    parts_.executor.disarm(idle_timer_);
    compactor_.stop();
    mover_.stop();
    recounter_.stop();
    end_pages();
    rest();
}

}  // namespace store
