// A replica that is opened: what an earlier run has left in the store.
#include <algorithm>
#include <bit>
#include <cstring>

#include "base/limits.h"
#include "replication/replica.h"

namespace replication {

using base::Errc;
using base::Status;
using base::limits::block_bytes;

void Replica::read_promise() {
    reading_.extent = promise_extent(parts_.pg);
    reading_.block_count = 1;
    reading_.data = page_.get();
    reading_.done = [](store::ReadOp& op, Status status) {
        Replica& self = *static_cast<StateRead&>(op).replica;
        self.read_busy_ = false;
        self.promise_read(status);
    };
    submit_state_read();
}

void Replica::submit_state_read() {
    const Status refused = parts_.store.submit_read(reading_);
    read_busy_ = refused.ok();
    read_again_ = refused.code() == Errc::busy;
    if (!refused.ok() && !read_again_) {
        fail();
    }
}

// Without it nobody knows what was promised: such a member takes part in nothing.
void Replica::promise_read(Status status) {
    if (state_ == State::closed || !status.ok()) {
        fail();
        return;
    }
    Promise promise;
    std::memcpy(&promise, page_.get(), sizeof promise);
    if (promise.magic == Promise::expected_magic && promise.pg == parts_.pg.value) {
        promised_ = promised_before_ = base::Epoch{promise.epoch};
        commit_ = commit_durable_ = {base::Epoch{promise.commit_epoch}, promise.commit_counter};
        highest_ = commit_;
        grants_[base::NodeId{}] = started_ns_ + parts_.settings.grace_ns;
        trims_.begin({base::Epoch{promise.trims_epoch}, promise.trims_counter});
        read_trims();
    } else {
        read_fences();
    }
}

void Replica::read_trims() {
    reading_.first_block = trim_ring_block;
    reading_.block_count = TrimLog::blocks;
    reading_.data = fence_pages_.get();
    reading_.done = [](store::ReadOp& op, Status status) {
        Replica& self = *static_cast<StateRead&>(op).replica;
        self.read_busy_ = false;
        self.trims_read(status);
    };
    submit_state_read();
}

// What cannot be read any more might have been above the commit point.
void Replica::trims_read(Status status) {
    static_assert(TrimLog::blocks <= Fences::blocks, "it is read into the same memory");
    if (state_ == State::closed || (!status.ok() && status.code() != Errc::checksum_wrong)) {
        fail();
        return;
    }
    if (!status.ok() || !trims_.load(parts_.pg, fence_pages_.get())) {
        notes_damaged_ = true;
        trims_.forget();
        pending_.lose(TrimLog::never);
    } else if (trims_.dropped() > commit_) {
        pending_.lose(trims_.dropped());
    }
    for (const TrimLog::Trim& trim : trims_.trims()) {
        highest_ = std::max(highest_, trim.version);
        if (trim.version > commit_) {
            pending_.add(trim.version, trim.range);
        }
    }
    read_fences();
}

void Replica::read_fences() {
    reading_.extent = fence_extent(parts_.pg);
    reading_.first_block = 0;
    reading_.block_count = Fences::blocks;
    reading_.data = fence_pages_.get();
    reading_.done = [](store::ReadOp& op, Status status) {
        Replica& self = *static_cast<StateRead&>(op).replica;
        self.read_busy_ = false;
        self.fences_read(status);
    };
    submit_state_read();
}

void Replica::fences_read(Status status) {
    if (state_ == State::closed || !status.ok()) {
        fail();
        return;
    }
    for (uint32_t block = 0; block < Fences::blocks; ++block) {
        fences_.load(block, fence_pages_.get() + size_t{block} * block_bytes);
    }
    if (promised_.value == 0) {
        opened();
        return;
    }
    scan_.above = commit_;
    scan();
}

void Replica::scan() {
    scan_busy_ = parts_.store.submit_scan(scan_).ok();
    if (!scan_busy_) {
        fail();
    }
}

void Replica::scanned(Status status) {
    scan_busy_ = false;
    if (state_ == State::closed) {
        rest();
        return;
    }
    if (!status.ok() && status.code() != Errc::checksum_wrong) {
        fail();
        return;
    }
    if (wiping_) {
        wipe_page();
        return;
    }
    if (scan_.over) {
        opened();
        return;
    }
    if (scan_.extent != promise_extent(parts_.pg)) {
        note_scanned(status);
    }
    scan();
}

// A damaged block has no version, and a page that cannot be read tells none: only what is written
// in a later epoch is known to have settled them.
void Replica::note_scanned(Status status) {
    highest_ = std::max(highest_, scan_.highest);
    const bool sure = status.ok() && scan_.highest > commit_;
    const uint64_t newer = status.ok() ? scan_.newer : ~uint64_t{0};
    for (uint32_t block = 0; block < store::scan_page_blocks;) {
        const auto run = static_cast<uint32_t>(std::countr_one(newer >> block));
        if (run == 0) {
            ++block;
            continue;
        }
        const Range range{scan_.extent, scan_.first_block + block, run};
        if (sure) {
            pending_.add(scan_.highest, range);
        } else {
            pending_.add_unsure({promised_, ~uint64_t{0}}, range);
        }
        block += run;
    }
}

void Replica::opened() {
    advance(State::idle);
    if (next_.has_value()) {
        parts_.executor.defer(turn_);
    }
}

}  // namespace replication
