// A primary's writes and reads.
#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "replication/primary.h"

namespace replication {

using base::Errc;
using base::Status;

namespace {

// A store takes no more data when less than this is left: what is on its way must fit.
constexpr uint64_t room_bytes = uint64_t{64} << 20;

}  // namespace

bool nearly_full(const store::Store& store) {
    const store::StoreStats& stats = store.stats();
    const uint64_t margin = std::min(room_bytes, stats.capacity_bytes / 8);
    return stats.live_bytes + margin > stats.capacity_bytes;
}

// The group's own write that makes a fence known to all members.
struct Primary::FenceWrite : Write {
    store::Pages page = store::make_pages(1);
    uint32_t crc = 0;
};

bool Primary::full() const {
    return nearly_full(parts_.store) || std::ranges::any_of(followers_, [](const auto& follower) {
               return required(*follower) && follower->channel.full();
           });
}

// --- Writes.

void Primary::submit(Write& write) {
    write.primary = this;
    waiting_.push_back(write);
    schedule();
}

void Primary::submit(Read& read) {
    read.primary = this;
    reads_waiting_.push_back(read);
    schedule();
}

// False: the fence is an old one, or cannot be kept. A new one is a write ahead of its user's.
Status Primary::settle_fence(base::VolumeId volume, base::Fence fence) {
    const base::Fence known = parts_.fences.find(volume);
    if (fence <= known) {
        return fence < known ? Status(Errc::stale_fence) : Status();
    }
    if (!parts_.fences.has_room(volume)) {
        return Status(Errc::no_space);
    }
    parts_.fences.raise(volume, fence);
    auto* own = new FenceWrite;
    const uint32_t block = Fences::block_of(volume);
    parts_.fences.fill(block, own->page.get());
    own->crc = base::crc32c(own->page.get(), base::limits::block_bytes);
    own->range = {fence_extent(config_.pg), block, 1};
    own->data = own->page.get();
    own->crcs = &own->crc;
    own->internal = true;
    own->done = [](Write& write, Status) { delete static_cast<FenceWrite*>(&write); };
    append(*own);
    return Status();
}

void Primary::start(Write& write) {
    if (const Status status = settle_fence(write.range.extent.volume, write.fence); !status.ok()) {
        write.done(write, status);
        return;
    }
    if (state_ == State::retired) {  // The store failed over the fence.
        write.done(write, Status(Errc::not_primary));
        return;
    }
    if (write.data != nullptr && full()) {
        write.done(write, Status(Errc::no_space));
        return;
    }
    append(write);
}

void Primary::append(Write& write) {
    write.primary = this;
    write.version = {config_.epoch, ++counter_};
    write.local_done = false;
    write.local.write = &write;
    write.local.extent = write.range.extent;
    write.local.first_block = write.range.first_block;
    write.local.block_count = write.range.block_count;
    write.local.data = write.data;
    write.local.block_crcs = write.crcs;
    write.local.version = write.version;
    write.local.generation = write.generation;
    write.local.done = [](store::WriteOp& op, Status status) {
        Write& landed = *static_cast<Write::Local&>(op).write;
        landed.primary->landed(landed, status);
    };
    log_.push_back(write);
    if (write.data == nullptr) {
        client_.deallocates(write.version, write.range);
    }
    if (!parts_.store.submit_write(write.local).ok()) {
        write.local_done = true;
        client_.primary_store_failed();
        return;
    }
    const uint64_t now_ns = parts_.executor.now_ns();
    for (const auto& follower : followers_) {
        if (required(*follower)) {
            if (follower->catch_up != nullptr) {
                follower->catch_up->changed(write.range);
            }
            follower->channel.send(write, now_ns);
        }
    }
}

void Primary::landed(Write& write, Status status) {
    write.local_done = true;
    if (state_ == State::retired) {
        log_.remove(write);
        write.done(write, Status(Errc::not_primary));
        rest();
        return;
    }
    if (!status.ok()) {
        client_.primary_store_failed();
        return;
    }
    CHECK(write.version > local_durable_, "the store acknowledges in the order of the log");
    local_durable_ = write.version;
    for (const auto& follower : followers_) {
        if (follower->catch_up != nullptr && !required(*follower)) {
            follower->catch_up->changed(write.range);
        }
    }
    advance_commit();
}

// --- Reads.

// What is not committed may be lost again: nobody may have seen it. Nor is a fence known to all
// members before it is committed.
base::Version Primary::settled_after(const Read& read) {
    const base::VolumeId volume = read.range.extent.volume;
    const Range fences{fence_extent(config_.pg), Fences::block_of(volume), 1};
    base::Version last;
    for (Write* write = log_.front(); write != nullptr; write = log_.after(*write)) {
        if (write->range.overlaps(read.range) || write->range.overlaps(fences)) {
            last = write->version;
        }
    }
    return last;
}

Write* Primary::overlapping(const Range& range) {
    Write* last = nullptr;
    for (Write* write = log_.front(); write != nullptr; write = log_.after(*write)) {
        last = write->range.overlaps(range) ? write : last;
    }
    return last;
}

void Primary::start(Read& read) {
    const Status status = settle_fence(read.range.extent.volume, read.fence);
    if (!status.ok()) {
        read.done(read, status);
        return;
    }
    if (const base::Version after = settled_after(read); after != base::Version{}) {
        hold(read, after, false);
        return;
    }
    ++reads_in_flight_;
    read.local.read = &read;
    read.local.extent = read.range.extent;
    read.local.first_block = read.range.first_block;
    read.local.block_count = read.range.block_count;
    read.local.data = read.data;
    read.local.registered_index = read.registered_index;
    read.local.done = [](store::ReadOp& op, Status status) {
        Read& landed = *static_cast<Read::Local&>(op).read;
        landed.primary->landed(landed, status);
    };
    const Status refused = parts_.store.submit_read(read.local);
    if (refused.code() == Errc::busy) {
        --reads_in_flight_;
        hold(read, {}, false);
    } else if (!refused.ok()) {
        --reads_in_flight_;
        read.done(read, refused);
    }
}

void Primary::hold(Read& read, base::Version until, bool landed) {
    read.after = until;
    read.landed = landed;
    reads_held_.push_back(read);
}

void Primary::landed(Read& read, Status status) {
    --reads_in_flight_;
    read.status = status;
    read.failed_block = read.local.failed_block;
    if (state_ == State::retired) {
        read.done(read, Status(Errc::not_primary));
        rest();
        return;
    }
    // One that came meanwhile may be in what was read.
    if (const Write* ahead = overlapping(read.range); ahead != nullptr) {
        hold(read, ahead->version, true);
    } else {
        read.done(read, status);
    }
    schedule();
}

void Primary::answer_held_reads() {
    for (Read* read = reads_held_.front(); read != nullptr;) {
        Read& each = *read;
        read = reads_held_.after(each);
        if (each.after > commit_) {
            continue;
        }
        reads_held_.remove(each);
        if (each.landed) {
            each.done(each, each.status);
        } else {
            reads_waiting_.push_back(each);
        }
    }
}

}  // namespace replication
