// A replica as follower: what it does with the primary's messages.
#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "replication/replica.h"
#include "store/batch_format.h"

namespace replication {

using base::Errc;
using base::Status;
using base::limits::block_bytes;

namespace {

bool well_formed(const Append& append, base::PgId pg) {
    const Range& range = append.range;
    return range.extent.pg == pg && range.extent != promise_extent(pg) && range.block_count > 0 &&
           range.first_block < store::extent_blocks_max &&
           range.block_count <= store::extent_blocks_max - range.first_block &&
           (append.data == nullptr || range.block_count <= store::blocks_per_op_max);
}

// The transport's checksum is the block's own: what was sent late, of memory that had got another
// use, is found out here.
bool checksums_hold(const Append& append) {
    for (uint32_t block = 0; append.data != nullptr && block < append.range.block_count; ++block) {
        if (base::crc32c(append.data + size_t{block} * block_bytes, block_bytes) !=
            append.crcs[block]) {
            return false;
        }
    }
    return true;
}

}  // namespace

void Replica::receive(base::NodeId from, const Message& message) {
    if (state_ == State::opening || state_ == State::closed || failed_) {
        return;
    }
    if (const auto* asked = std::get_if<Prepare>(&message)) {
        prepare(from, *asked);
    } else if (const auto* beat = std::get_if<Heartbeat>(&message)) {
        heartbeat(from, *beat);
    } else if (const auto* refused = std::get_if<Refused>(&message)) {
        if (refused->epoch > config_.epoch) {
            parts_.reports.behind(parts_.pg, refused->epoch);
        }
    } else if (primary_ == nullptr) {
        return;
    } else if (const auto* answer = std::get_if<Prepared>(&message)) {
        primary_->prepared(from, *answer);
    } else if (const auto* ack = std::get_if<Ack>(&message)) {
        primary_->acknowledged(from, *ack);
    } else if (const auto* grant = std::get_if<Grant>(&message)) {
        primary_->granted(from, *grant);
    }
}

void Replica::refuse(base::NodeId to) {
    parts_.peers.send(to, Refused{parts_.pg, config_.epoch});
}

void Replica::prepare(base::NodeId from, const Prepare& asked) {
    const GroupConfig& config = asked.config;
    if (config.invalid() != nullptr || config.pg != parts_.pg || config.primary != from ||
        from == parts_.self || config.find(parts_.self) == nullptr) {
        return;
    }
    if (config.epoch < std::max(config_.epoch, promised_)) {
        refuse(from);
        return;
    }
    if (config.epoch == config_.epoch) {
        if (!(config == config_) || asked.channel < channel_) {
            return;
        }
        prepare_ = asked;
        answer_prepare();
        return;
    }
    prepare_ = asked;
    configure(config);
}

// A new channel begins; what older ones brought and is not durable yet is among the pending.
void Replica::answer_prepare() {
    if (state_ != State::follower || !prepare_.has_value() ||
        prepare_->config.epoch != config_.epoch || config_.primary == parts_.self || wiping_) {
        return;
    }
    if (prepare_->channel > channel_) {
        channel_ = prepare_->channel;
        expected_ = 1;
        durable_ = 0;
        wiped_ = false;
    }
    heard_ns_ = parts_.executor.now_ns();
    if (prepare_->wipe && !wiped_) {
        begin_wipe();
        return;
    }
    const std::vector<Range> ranges = pending_.ranges();
    Prepared answer;
    answer.pg = parts_.pg;
    answer.epoch = config_.epoch;
    answer.channel = channel_;
    answer.commit = commit_;
    answer.demoted = demoted_;
    answer.unknown = pending_.unknown();
    answer.pending = ranges;
    prepare_.reset();
    parts_.peers.send(config_.primary, answer);
}

// --- A joining member's own blocks are of no use: it begins with nothing.

void Replica::begin_wipe() {
    CHECK(!config_.in_sync(parts_.self), "a copy that is in sync is never given up");
    wiping_ = true;
    commit_ = {};
    scan_.above = {};
    scan_.cursor = 0;
    trims_ = {};
    wipe_when_quiet();
}

void Replica::wipe_when_quiet() {
    if (wiping_ && applying_.empty() && !promise_.busy && !scan_busy_ && !wipe_.busy) {
        write_promise();
    }
}

void Replica::wipe_page() {
    if (scan_.over) {
        wiping_ = false;
        wiped_ = true;
        pending_.clear();
        highest_ = {};
        fences_ = {};
        notes_damaged_ = false;
        notes_.erase();
        answer_prepare();
        return;
    }
    if (scan_.extent == promise_extent(parts_.pg)) {
        scan();
        return;
    }
    wipe_.extent = scan_.extent;
    wipe_.first_block = scan_.first_block;
    wipe_.block_count = store::scan_page_blocks;
    wipe_.busy = parts_.store.submit_write(wipe_).ok();
    if (!wipe_.busy) {
        fail();
    }
}

void Replica::page_wiped(Status status) {
    wipe_.busy = false;
    if (!status.ok() || state_ == State::closed) {
        fail();
        return;
    }
    scan();
}

// --- The stream.

void Replica::heartbeat(base::NodeId from, const Heartbeat& beat) {
    if (beat.epoch < std::max(config_.epoch, promised_)) {
        refuse(from);
        return;
    }
    if (state_ != State::follower || beat.epoch != config_.epoch || from != config_.primary) {
        return;
    }
    heard_ns_ = parts_.executor.now_ns();
    primary_down_ = false;
    grants_[from] = heard_ns_ + parts_.settings.grace_ns;
    parts_.peers.send(from,
                      Grant{parts_.pg, config_.epoch, beat.sent_ns, nearly_full(parts_.store)});
    if (config_.in_sync(parts_.self)) {
        committed(beat.commit);
    }
}

bool Replica::acceptable(base::NodeId from, const Append& append) {
    if (state_ == State::opening || state_ == State::closed || failed_) {
        return false;
    }
    if (append.epoch < std::max(config_.epoch, promised_)) {
        refuse(from);
        return false;
    }
    if (state_ != State::follower || append.epoch != config_.epoch || from != config_.primary ||
        append.channel != channel_ || prepare_.has_value() || wiping_) {
        return false;
    }
    if (append.sequence < expected_) {
        ack_due_ = true;  // It may not have heard that it is durable.
        parts_.executor.defer(turn_);
        return false;
    }
    return append.sequence == expected_ && well_formed(append, parts_.pg) && checksums_hold(append);
}

void Replica::receive(base::NodeId from, Incoming& incoming) {
    const Append& append = incoming.append;
    if (!acceptable(from, append)) {
        incoming.release(incoming);
        return;
    }
    ++expected_;
    heard_ns_ = parts_.executor.now_ns();
    pending_.add(append.version, append.range);
    note_trim(append);
    incoming.replica = this;
    incoming.local.incoming = &incoming;
    incoming.local.extent = append.range.extent;
    incoming.local.first_block = append.range.first_block;
    incoming.local.block_count = append.range.block_count;
    incoming.local.data = append.data;
    incoming.local.block_crcs = append.crcs;
    incoming.local.version = append.version;
    incoming.local.generation = append.generation;
    incoming.local.done = [](store::WriteOp& op, Status status) {
        Incoming& landed = *static_cast<Incoming::Local&>(op).incoming;
        landed.replica->applied(landed, status);
    };
    applying_.push_back(incoming);
    if (!parts_.store.submit_write(incoming.local).ok()) {
        applying_.remove(incoming);
        incoming.release(incoming);
        fail();
        return;
    }
    if (config_.in_sync(parts_.self)) {
        committed(append.commit);
    }
}

// From the first write of the stream on, no deallocation is missed. Copied ones are noted, too:
// this member has to know what it holds above its commit point.
void Replica::note_trim(const Append& append) {
    if (!append.copy && !trims_.begun()) {
        trims_.begin({append.version.epoch, append.version.counter - 1});
    }
    if (append.data == nullptr) {
        deallocates(append.version, append.range);
    }
}

void Replica::applied(Incoming& incoming, Status status) {
    applying_.remove(incoming);
    const Append& append = incoming.append;
    if (!status.ok()) {
        fail();
    } else {
        if (append.range.extent == fence_extent(parts_.pg)) {
            fences_.load(append.range, append.data);
        }
        if (append.epoch == config_.epoch && append.channel == channel_ &&
            state_ == State::follower) {
            CHECK(append.sequence == durable_ + 1, "the store is done in the channel's order");
            durable_ = append.sequence;
            ack_due_ = true;
        }
    }
    incoming.release(incoming);
    wipe_when_quiet();
    parts_.executor.defer(turn_);
}

void Replica::acknowledge() {
    ack_due_ = false;
    if (state_ != State::follower || failed_) {
        return;
    }
    parts_.peers.send(config_.primary,
                      Ack{parts_.pg, config_.epoch, channel_, durable_, nearly_full(parts_.store)});
}

void Replica::peer_down(base::NodeId node) {
    if (primary_ != nullptr) {
        primary_->peer_down(node);
    } else if (state_ == State::follower && node == config_.primary) {
        primary_down_ = true;
        report();
    }
}

}  // namespace replication
