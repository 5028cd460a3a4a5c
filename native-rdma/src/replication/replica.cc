#include "replication/replica.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"

namespace replication {

using base::Errc;
using base::Status;
using base::limits::block_bytes;

namespace {

// The commit point is made durable after so many writes, or when it has rested for a while: what a
// restart has to settle anew.
constexpr uint64_t commits_max = 1024;

}  // namespace

Replica::Replica(const Parts& parts)
    : parts_(parts),
      started_ns_(parts.executor.now_ns()),
      notes_(parts.store, parts.pg, *this),
      page_(store::make_pages(1)),
      fence_pages_(store::make_pages(Fences::blocks)) {
    turn_.replica = this;
    turn_.run = [](reactor::Task& task) { static_cast<Turn&>(task).replica->turn(); };
    tick_.replica = this;
    tick_.fire = [](reactor::Timer& timer) { static_cast<Tick&>(timer).replica->tick(); };
    reading_.replica = this;
    scan_.replica = this;
    scan_.pg = parts.pg;
    scan_.done = [](store::ScanOp& op, Status status) {
        static_cast<Scan&>(op).replica->scanned(status);
    };
    promise_.replica = this;
    promise_.extent = promise_extent(parts.pg);
    promise_.block_count = 1;
    promise_.data = page_.get();
    promise_.block_crcs = &crc_;
    promise_.done = [](store::WriteOp& op, Status status) {
        static_cast<StateWrite&>(op).replica->promise_written(status);
    };
    wipe_.replica = this;
    wipe_.done = [](store::WriteOp& op, Status status) {
        static_cast<StateWrite&>(op).replica->page_wiped(status);
    };
    parts_.executor.arm(tick_, started_ns_ + parts_.settings.heartbeat_ns);
    read_promise();
}

Replica::~Replica() {
    CHECK(state_ == State::closed && at_rest(), "a group is closed before it ends");
}

bool Replica::may_move(State from, State to) {
    switch (from) {
        case State::opening:
            return to == State::idle || to == State::closed;
        case State::idle:
        case State::follower:
        case State::primary:
            return to == State::adopting || to == State::closed;
        case State::adopting:
            return to != State::opening;
        case State::closed:
            return false;
    }
    return false;
}

void Replica::advance(State to) {
    CHECK(may_move(state_, to), "a group moves only along its picture");
    state_ = to;
}

// --- Configurations.

void Replica::configure(const GroupConfig& config) {
    CHECK(config.invalid() == nullptr && config.pg == parts_.pg, "the configuration is this one's");
    const base::Epoch known = next_.has_value() ? next_->epoch : config_.epoch;
    if (config.epoch <= known || config.epoch < promised_ || state_ == State::closed) {
        return;
    }
    next_ = config;
    if (state_ != State::opening && state_ != State::adopting) {
        parts_.executor.defer(turn_);
    }
}

void Replica::adopt() {
    advance(State::adopting);
    const bool led = primary_ != nullptr;
    config_ = *next_;
    next_.reset();
    demoted_ = false;
    if (led && config_.primary != parts_.self) {
        retire_primary();
        demoted_ = true;
    }
    if (config_.epoch.value == 1 && promised_before_.value == 0) {
        trims_.begin({});
    } else if (!config_.in_sync(parts_.self)) {
        trims_.forget();  // From the first write of a stream on it knows of all again.
    }
    if (promised_ < config_.epoch) {
        write_promise();
    } else {
        adopted();
    }
}

void Replica::write_promise() {
    if (promise_.busy || failed_) {
        return;  // It is looked at again when that is written.
    }
    Promise promise;
    promise.pg = parts_.pg.value;
    promise.epoch = std::max(promised_, config_.epoch).value;
    promise.commit_epoch = commit_.epoch.value;
    promise.commit_counter = commit_.counter;
    promise.trims_epoch = trims_.known_above().epoch.value;
    promise.trims_counter = trims_.known_above().counter;
    std::memset(page_.get(), 0, block_bytes);
    std::memcpy(page_.get(), &promise, sizeof promise);
    crc_ = base::crc32c(page_.get(), block_bytes);
    written_ = promise;
    promise_.busy = parts_.store.submit_write(promise_).ok();
    if (!promise_.busy) {
        fail();
    }
}

void Replica::promise_written(Status status) {
    promise_.busy = false;
    if (!status.ok() || state_ == State::closed) {
        fail();
        rest();
        return;
    }
    promised_ = base::Epoch{written_.epoch};
    commit_durable_ = {base::Epoch{written_.commit_epoch}, written_.commit_counter};
    written_ns_ = parts_.executor.now_ns();
    if (state_ == State::adopting) {
        promised_ < config_.epoch ? write_promise() : adopted();
    }
    // A new epoch may have come before it has begun.
    if (state_ != State::adopting && wiping_ && !promise_.busy && !scan_busy_ && !wipe_.busy) {
        commit_durable_ == base::Version{} ? scan() : write_promise();
    }
}

void Replica::adopted() {
    channel_ = 0;
    expected_ = 1;
    durable_ = 0;
    heard_ns_ = parts_.executor.now_ns();
    primary_down_ = false;
    if (config_.find(parts_.self) == nullptr) {
        advance(State::idle);
    } else if (config_.primary != parts_.self || !may_lead()) {
        advance(State::follower);
        answer_prepare();
    } else {
        lead();
    }
    if (next_.has_value()) {
        parts_.executor.defer(turn_);
    }
}

bool Replica::alone() const {
    return config_.member_count == 1 && config_.in_sync(parts_.self);
}

// An earlier run may have led under this epoch, and nobody here knows what it has sent. To a group
// of one it has sent nothing to anybody: all there is of the epoch lies in this store.
bool Replica::may_lead() const {
    const bool settled = primary_ != nullptr || config_.epoch > promised_before_ || alone();
    return !failed_ && settled && (!pending_.unknown() || config_.in_sync_count() == 1);
}

void Replica::lead() {
    advance(State::primary);
    if (primary_ != nullptr) {
        primary_->configure(config_);
        return;
    }
    if (!trims_.begun()) {
        trims_.begin({config_.epoch, highest_.epoch == config_.epoch ? highest_.counter : 0});
    }
    primary_ = std::make_unique<Primary>(Primary::Parts{parts_.pg,
                                                        parts_.self,
                                                        parts_.store,
                                                        parts_.executor,
                                                        parts_.peers,
                                                        parts_.reports,
                                                        parts_.settings,
                                                        fences_},
                                         static_cast<Primary::Client&>(*this),
                                         config_,
                                         Primary::Held{commit_, highest_, pending_.ranges()});
}

void Replica::retire_primary() {
    primary_->retire(pending_);
    leaving_.push_back(std::move(primary_));
    parts_.executor.defer(turn_);
}

// --- For the primary.

void Replica::committed(base::Version version) {
    if (version <= commit_) {
        return;
    }
    commit_ = version;
    pending_.commit(version);
    const bool far = commit_.epoch != commit_durable_.epoch ||
                     commit_.counter - commit_durable_.counter >= commits_max;
    if (far && state_ != State::adopting) {
        write_promise();
    }
}

bool Replica::grants_over() const {
    const uint64_t now_ns = parts_.executor.now_ns();
    return std::ranges::all_of(grants_,
                               [now_ns](const auto& grant) { return grant.second <= now_ns; });
}

void Replica::grant_is_void(base::NodeId node) {
    grants_.erase(node);
}

void Replica::primary_store_failed() {
    fail();
}

void Replica::primary_rests() {
    parts_.executor.defer(turn_);
}

void Replica::deallocates(base::Version version, const Range& range) {
    trims_.add(version, range);
    if (!notes_damaged_) {
        notes_.write(trims_);
    }
}

// --- Clients.

void Replica::submit(Write& write) {
    if (primary_ != nullptr) {
        primary_->submit(write);
        return;
    }
    refused_writes_.push_back(write);
    parts_.executor.defer(turn_);
}

void Replica::submit(Read& read) {
    if (primary_ != nullptr) {
        primary_->submit(read);
        return;
    }
    refused_reads_.push_back(read);
    parts_.executor.defer(turn_);
}

// --- The end.

void Replica::fail() {
    failed_ = true;
    parts_.executor.defer(turn_);
}

void Replica::close(reactor::Task& task) {
    CHECK(closing_ == nullptr, "a group is closed once");
    closing_ = &task;
    if (primary_ != nullptr) {
        retire_primary();
    }
    advance(State::closed);
    parts_.executor.disarm(tick_);
    parts_.executor.defer(turn_);
}

bool Replica::at_rest() const {
    return primary_ == nullptr && leaving_.empty() && applying_.empty() && !read_busy_ &&
           !scan_busy_ && !promise_.busy && !wipe_.busy && refused_writes_.empty() &&
           refused_reads_.empty() && notes_.idle() && !turn_.queued;
}

void Replica::rest() {
    if (state_ == State::closed && at_rest() && !closed_told_) {
        closed_told_ = true;
        parts_.executor.defer(*closing_);
    }
}

void Replica::turn() {
    if (failed_ && primary_ != nullptr) {
        retire_primary();
    }
    if (ack_due_) {
        acknowledge();
    }
    while (Write* write = refused_writes_.pop_front()) {
        write->done(*write, Status(Errc::not_primary));
    }
    while (Read* read = refused_reads_.pop_front()) {
        read->done(*read, Status(Errc::not_primary));
    }
    std::erase_if(leaving_, [](const auto& primary) { return primary->idle(); });
    if (next_.has_value() &&
        (state_ == State::idle || state_ == State::follower || state_ == State::primary)) {
        adopt();
    }
    rest();
}

void Replica::tick() {
    const uint64_t now_ns = parts_.executor.now_ns();
    parts_.executor.arm(tick_, now_ns + parts_.settings.heartbeat_ns);
    if (read_again_) {
        submit_state_read();
    }
    if (primary_ != nullptr) {
        primary_->tick();
    }
    if (now_ns >= reported_ns_ + parts_.settings.report_ns) {
        report();
    }
    const bool rested = now_ns >= written_ns_ + parts_.settings.report_ns;
    if (commit_ != commit_durable_ && rested && state_ != State::adopting && !wiping_) {
        write_promise();
    }
    parts_.executor.defer(turn_);
}

// What control should know of this node's view, as long as it is so.
void Replica::report() {
    const uint64_t now_ns = parts_.executor.now_ns();
    const bool silent = now_ns > heard_ns_ + parts_.settings.grace_ns;
    const base::PgId pg = parts_.pg;
    const GroupConfig& newest = next_.has_value() ? *next_ : config_;
    const bool leads = state_ == State::follower && config_.primary == parts_.self;
    // Of what it holds above its commit point nobody could settle what it does not know.
    const bool unfit = leads && pending_.unknown() && config_.in_sync_count() > 1;
    if ((failed_ || unfit) && newest.find(parts_.self) != nullptr) {
        parts_.reports.suspect(pg, newest.epoch, parts_.self, SuspectReason::store_failed);
    } else if (leads && !failed_) {
        parts_.reports.wants_epoch(pg, config_.epoch);
    } else if (state_ == State::follower && config_.in_sync(parts_.self) &&
               (primary_down_ || silent)) {
        parts_.reports.suspect(pg,
                               config_.epoch,
                               config_.primary,
                               primary_down_ ? SuspectReason::unreachable : SuspectReason::silent);
    } else {
        return;
    }
    reported_ns_ = now_ns;
}

}  // namespace replication
