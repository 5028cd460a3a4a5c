#include "store/compactor.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"
#include "store/segment_writer.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

constexpr uint32_t attempts_max = 5;  // To read one block, over a second and a half.
constexpr uint64_t retry_ns = 50'000'000;
constexpr uint32_t unreadable_max = 16;  // In a window.

}  // namespace

Compactor::Compactor(const Parts& parts, Client& client)
    : parts_(parts),
      client_(client),
      layout_(parts.segments.layout()),
      window_(make_pages(window_blocks)),
      header_pages_(make_pages(1 + batch_header_blocks_max)),
      header_(header_pages_.get() + block_bytes) {
    runs_.reserve(batch_entries_max);
    crcs_.reserve(batch_data_blocks_max);
    io_.compactor = this;
    wait_.compactor = this;
    wait_.resume = [](PageWaiter& waiter, Status status, const IndexPage*) {
        Compactor& self = *static_cast<Wait&>(waiter).compactor;
        self.advance(CompactionState::sorting);
        if (status.ok()) {
            self.kick();
        } else {
            self.give_up(status);  // Nobody knows what of the segment is alive.
        }
    };
    retry_.compactor = this;
    retry_.fire = [](reactor::Timer& timer) {
        Compactor& self = *static_cast<Retry&>(timer).compactor;
        self.read_blocks(self.one_by_one_, 1);
    };
    for (Ahead& ahead : ahead_) {
        ahead.resume = [](PageWaiter&, Status, const IndexPage*) {};
    }
    turn_.compactor = this;
    turn_.run = [](reactor::Task& task) { static_cast<Turn&>(task).compactor->turn(); };
}

Compactor::~Compactor() {
    CHECK(idle() && !turn_.queued, "compaction ends before its store");
}

void Compactor::advance(CompactionState to) {
    CHECK(may_move(state_, to), "compaction moves only along its picture");
    state_ = to;
}

void Compactor::start(uint32_t segment) {
    CHECK(parts_.segments.settled(segment), "only what is settled is compacted");
    victim_ = segment;
    parts_.segments.pin(layout_.place(victim_, 0));
    block_ = 1;
    in_batch_ = false;
    advance(CompactionState::reading);
    read_window();
}

void Compactor::kick() {
    if (state_ == CompactionState::sorting) {
        parts_.executor.defer(turn_);
    }
}

void Compactor::stop() {
    stopped_ = true;
    if (retry_.armed()) {
        parts_.executor.disarm(retry_);
        over(Status());
        return;
    }
    kick();
}

void Compactor::read_window() {
    window_first_ = block_;
    window_count_ = std::min(window_blocks, layout_.segment_blocks() - block_);
    one_by_one_ = window_count_;
    read_blocks(0, window_count_);
}

void Compactor::read_blocks(uint32_t first, uint32_t count) {
    window_part_ = {window_.get() + size_t{first} * block_bytes, size_t{count} * block_bytes};
    io_.verb = DeviceVerb::read;
    io_.offset = Layout::offset_of(layout_.place(victim_, window_first_ + first));
    io_.bytes = count * block_bytes;
    io_.vector = &window_part_;
    io_.vector_count = 1;
    io_.done = [](DeviceIo& io, Status status) {
        static_cast<Io&>(io).compactor->window_read(status);
    };
    parts_.device.submit(io_);
}

// Where the device cannot read a window it is asked for each block.
void Compactor::window_read(Status status) {
    if (one_by_one_ < window_count_) {
        block_read(status);
        return;
    }
    if (!status.ok()) {
        one_by_one_ = unreadable_ = attempts_ = 0;
        read_blocks(0, 1);
        return;
    }
    advance(CompactionState::sorting);
    kick();
}

// A block that the device does not give in several attempts is moved as bytes that cannot be the
// right ones: it stays damaged, and the segment comes free all the same. That is for a bad spot; a
// device that gives little is left in peace.
void Compactor::block_read(Status status) {
    if (!status.ok() && ++attempts_ < attempts_max && !stopped_) {
        parts_.executor.arm(retry_, parts_.executor.now_ns() + (retry_ns << attempts_));
        return;
    }
    if (!status.ok()) {
        std::memset(window_.get() + size_t{one_by_one_} * block_bytes, 0xee, block_bytes);
        if (++unreadable_ > unreadable_max || stopped_) {
            over(status);
            return;
        }
    }
    attempts_ = 0;
    if (++one_by_one_ < window_count_) {
        read_blocks(one_by_one_, 1);
        return;
    }
    advance(CompactionState::sorting);
    kick();
}

void Compactor::turn() {
    if (state_ != CompactionState::sorting) {
        return;
    }
    if (stopped_) {
        give_up(Status());
    } else if (client_.may_go_on()) {
        sort();
    }
}

// Goes through the batches in the window until there is something to wait for.
void Compactor::sort() {
    while (block_ < layout_.segment_blocks()) {
        if (!in_batch_ && !begin_batch()) {
            return;
        }
        if (!in_batch_) {
            // The segment's content ends here, unless a header is damaged.
            if (parts_.segments.live(victim_) == blocks_) {
                break;
            }
            ++block_;
            continue;
        }
        const BatchReader batch(window_.get() + size_t{block_ - window_first_} * block_bytes);
        while (entry_ < batch.header().entry_count) {
            if (!sort_entry(batch, batch.entry(entry_))) {
                return;
            }
            ++entry_;
            entry_block_ = 0;
        }
        block_ += batch.blocks();
        in_batch_ = false;
    }
    if (blocks_ > 0) {
        write();
    } else {
        over(Status());
    }
}

// Finds the batch at `block_`; false when something is under way for it.
bool Compactor::begin_batch() {
    const bool in_window = block_ >= window_first_ && block_ < window_first_ + window_count_;
    const BatchReader batch(window_.get() +
                            size_t{in_window ? block_ - window_first_ : 0} * block_bytes);
    const bool sized = in_window && batch.invalid_sizes() == nullptr;
    const bool fits = sized && batch.blocks() <= layout_.segment_blocks() - block_;
    const bool whole = fits && block_ + batch.blocks() <= window_first_ + window_count_;
    if (!in_window || (fits && !whole && block_ != window_first_)) {
        if (blocks_ > 0) {
            write();  // Its data is in the window.
        } else {
            advance(CompactionState::reading);
            read_window();
        }
        return false;
    }
    const BatchHeader& header = batch.header();
    in_batch_ = whole && batch.invalid() == nullptr &&
                std::memcmp(header.store_id, parts_.store_id.data(), parts_.store_id.size()) == 0 &&
                header.segment_sequence == parts_.segments.sequence(victim_) &&
                header.segment_block == block_;
    entry_ = entry_block_ = data_block_ = 0;
    return true;
}

// Takes what is alive of an entry; false when it must be gone on with later.
bool Compactor::sort_entry(const BatchReader& batch, const BatchEntry& entry) {
    if (entry.kind != static_cast<uint32_t>(EntryKind::blocks)) {
        return true;
    }
    const uint32_t slot = parts_.index.slot_of(extent_of(entry));
    for (; entry_block_ < entry.block_count; ++entry_block_, ++data_block_) {
        const uint32_t block = entry.first_block + entry_block_;
        const uint32_t bit = block & (page_entries - 1);
        const PageKey key{slot, block >> page_shift};
        const Index::Found found = parts_.index.find(slot, key.page, uint64_t{1} << bit);
        if (found.presence == Index::Presence::away) {
            advance(CompactionState::waiting);
            parts_.loader.load(key, wait_);
            fetch_ahead(batch);
            return false;
        }
        const Place from =
            layout_.place(victim_, block_ + batch.header().header_blocks + data_block_);
        if (found.presence == Index::Presence::zero || found.frame->places[bit] != from) {
            continue;
        }
        if (full()) {
            write();
            return false;
        }
        add(batch, entry, from, found.frame->crcs[bit]);
    }
    return true;
}

// The pages of the batch that are needed next are read meanwhile.
void Compactor::fetch_ahead(const BatchReader& batch) {
    for (uint32_t number = entry_; number < batch.header().entry_count; ++number) {
        const BatchEntry entry = batch.entry(number);
        const uint32_t slot = parts_.index.slot_of(extent_of(entry));
        const PageKey key{slot, entry.first_block >> page_shift};
        if (entry.kind != static_cast<uint32_t>(EntryKind::blocks) || slot == Index::no_slot ||
            !parts_.index.owes(key) || parts_.index.erased(key)) {
            continue;
        }
        Ahead* free = nullptr;
        for (Ahead& ahead : ahead_) {
            free = ahead.linked() ? free : &ahead;
        }
        if (free == nullptr) {
            return;
        }
        parts_.loader.load(key, *free);
    }
}

// Whether no further block, in an entry of its own, can be taken.
bool Compactor::full() const {
    const auto entries = static_cast<uint32_t>(runs_.size());
    const uint32_t room =
        layout_.segment_blocks() - (target_ == Segments::none ? 1 : target_block_);
    return entries == batch_entries_max || blocks_ == batch_data_blocks_max ||
           (blocks_ > 0 && header_blocks_for(entries + 1, blocks_ + 1) + blocks_ + 1 > room);
}

void Compactor::add(const BatchReader& batch, const BatchEntry& entry, Place from, uint32_t crc) {
    if (!holding_) {
        holding_ = true;
        parts_.index.hold();
    }
    const uint32_t block = entry.first_block + entry_block_;
    const uint8_t* data =
        window_.get() +
        size_t{block_ - window_first_ + batch.header().header_blocks + data_block_} * block_bytes;
    Run* last = runs_.empty() || entry_block_ == 0 ? nullptr : &runs_.back();
    if (last == nullptr || last->from + last->op.block_count != from) {
        runs_.emplace_back();
        last = &runs_.back();
        last->from = from;
        last->op.extent = extent_of(entry);
        last->op.first_block = block;
        last->op.data = data;
        last->op.version = version_of(entry);
        last->op.generation = base::Generation{entry.generation};
        last->op.block_crcs = crcs_.data() + blocks_;  // They never move: reserved once.
    }
    crcs_.push_back(crc);
    ++last->op.block_count;
    ++blocks_;
    verify(*last, data, crc);
}

void Compactor::verify(const Run& run, const uint8_t* data, uint32_t crc) {
    if (base::crc32c(data, block_bytes) == crc) {
        return;
    }
    ++parts_.stats.checksum_errors;
    if (parts_.observer != nullptr) {
        parts_.observer->block_damaged(run.op.extent, run.op.first_block + run.op.block_count - 1);
    }
}

void Compactor::write() {
    const uint32_t header_blocks = header_blocks_for(static_cast<uint32_t>(runs_.size()), blocks_);
    Segments& segments = parts_.segments;
    if (target_ != Segments::none &&
        header_blocks + blocks_ > layout_.segment_blocks() - target_block_) {
        segments.close(target_);
        target_ = Segments::none;
    }
    if (target_ == Segments::none) {
        if (!client_.may_take_segment()) {
            give_up(Status(Errc::busy));
            return;
        }
        target_ = segments.take(SegmentState::moved);
        target_block_ = 1;
        target_blocks_moved_ = 0;
    }
    advance(CompactionState::writing);
    header_.begin();
    const bool begins = target_block_ == 1;
    vector_.clear();
    vector_.push_back({header_pages_.get() + (begins ? 0 : block_bytes),
                       size_t{header_blocks + (begins ? 1 : 0)} * block_bytes});
    for (const Run& run : runs_) {
        header_.add(run.op);
        vector_.push_back(
            {const_cast<uint8_t*>(run.op.data), size_t{run.op.block_count} * block_bytes});
    }
    BatchStamp stamp;
    stamp.store_id = parts_.store_id;
    stamp.log_sequence = ++batches_;
    stamp.segment_sequence = segments.sequence(target_);
    stamp.segment_block = target_block_;
    stamp.flags = batch_moved;
    header_.finish(stamp);
    if (begins) {
        SegmentStamp segment;
        segment.kind = SegmentKind::moved;
        segment.store_id = parts_.store_id;
        segment.sequence = stamp.segment_sequence;
        segment.index = target_;
        write_segment_header(header_pages_.get(), segment);
    }
    io_.verb = DeviceVerb::write;
    io_.offset = Layout::offset_of(layout_.place(target_, begins ? 0 : target_block_));
    io_.bytes = (header_blocks + blocks_ + (begins ? 1 : 0)) * block_bytes;
    io_.vector = vector_.data();
    io_.vector_count = static_cast<uint32_t>(vector_.size());
    io_.done = [](DeviceIo& io, Status status) { static_cast<Io&>(io).compactor->written(status); };
    write_block_ = target_block_ + header_blocks;
    target_block_ += header_blocks + blocks_;
    segments.batch_sent(target_);
    parts_.device.submit(io_);
}

void Compactor::written(Status status) {
    if (status.ok()) {
        parts_.stats.moved_bytes_written += io_.bytes;
        parts_.stats.device_bytes_written += io_.bytes;
        apply();
    }
    forget_runs();
    parts_.segments.batch_settled(target_);
    if (status.ok()) {
        advance(CompactionState::sorting);
        kick();
        return;
    }
    parts_.segments.close(target_);
    target_ = Segments::none;
    over(status);
    if (status.code() != Errc::no_space) {
        client_.compaction_failed(status);
    }
}

void Compactor::apply() {
    Segments& segments = parts_.segments;
    Place to = layout_.place(target_, write_block_);
    for (const Run& run : runs_) {
        for (uint32_t index = 0; index < run.op.block_count; ++index, ++to) {
            static_cast<void>(
                parts_.index.move(run.op.extent, run.op.first_block + index, run.from + index, to));
        }
    }
    // What was moved keeps its age: the target is as old as its blocks are on average.
    const uint64_t before = segments.age_stamp(target_) * target_blocks_moved_;
    const uint64_t added = segments.age_stamp(victim_) * blocks_;
    target_blocks_moved_ += blocks_;
    segments.set_age_stamp(target_, (before + added) / target_blocks_moved_);
}

void Compactor::forget_runs() {
    runs_.clear();
    crcs_.clear();
    blocks_ = 0;
    if (holding_) {
        holding_ = false;
        parts_.index.release();
    }
}

void Compactor::give_up(Status status) {
    forget_runs();
    over(status);
}

void Compactor::over(Status status) {
    advance(CompactionState::idle);
    const uint32_t segment = victim_;
    victim_ = Segments::none;
    parts_.segments.unpin(layout_.place(segment, 0));
    client_.compacted(segment, status);
}

}  // namespace store
