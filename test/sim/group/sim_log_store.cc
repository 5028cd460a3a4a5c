#include "sim_log_store.h"

#include <utility>

#include "base/check.h"

namespace test {

using base::Errc;
using base::Status;
using base::limits::block_bytes;

namespace {

constexpr uint64_t write_ns_min = 20'000;
constexpr uint64_t write_ns_max = 400'000;
constexpr uint64_t read_ns_min = 5'000;
constexpr uint64_t read_ns_max = 200'000;

}  // namespace

SimLogStore::SimLogStore(GroupWorld& world, SimExecutor& executor, SimDisk& disk)
    : world_(world), executor_(executor), disk_(disk) {}

SimLogStore::~SimLogStore() {
    CHECK(writes_.empty() && reads_.empty() && scans_ == 0, "a store outlives its operations");
}

// The executor may outlive the store.
void SimLogStore::later(uint64_t delay_ns, std::function<void()> what) {
    executor_.call(delay_ns, [alive = std::weak_ptr<int>(alive_), what = std::move(what)] {
        if (!alive.expired()) {
            what();
        }
    });
}

bool SimLogStore::full() const {
    return disk_.live_blocks() + disk_.others_blocks >= SimDisk::capacity_blocks;
}

Status SimLogStore::submit_write(store::WriteOp& op) {
    if (ended_ || disk_.failed) {
        return Status(ended_ ? Errc::closed : Errc::device_failed);
    }
    SimRecord record;
    record.extent = op.extent;
    record.first_block = op.first_block;
    record.block_count = op.block_count;
    for (uint32_t each = 0; op.data != nullptr && each < op.block_count; ++each) {
        auto block = std::make_shared<SimBlock>();
        block->version = op.version;
        std::memcpy(block->bytes.data(), op.data + size_t{each} * block_bytes, block_bytes);
        record.blocks.push_back(std::move(block));
    }
    disk_.append(std::move(record));
    writes_.push_back(&op);
    last_version_ = std::max(last_version_, op.version);
    const uint64_t takes_ns = world_.between(write_ns_min, write_ns_max) * disk_.slowness;
    write_due_ns_ = std::max(write_due_ns_, executor_.now_ns() + takes_ns);
    later(write_due_ns_ - executor_.now_ns(), [this] { write_landed(); });
    return {};
}

void SimLogStore::write_landed() {
    if (writes_.empty()) {
        return;  // The store has ended.
    }
    store::WriteOp& op = *writes_.front();
    writes_.pop_front();
    Status status;
    if (ended_ || disk_.failed) {
        status = Status(ended_ ? Errc::closed : Errc::device_failed);
    } else if (op.data != nullptr && full()) {
        disk_.failed = true;
        world_.fail("a group writes to a store that is full");
        status = Status(Errc::no_space);
    } else {
        disk_.land();
    }
    op.done(op, status);
}

Status SimLogStore::submit_read(store::ReadOp& op) {
    if (ended_ || disk_.failed) {
        return Status(ended_ ? Errc::closed : Errc::device_failed);
    }
    if (!reads_.empty() && world_.random.percent(world_.plan.busy)) {
        ++world_.counts.busy_reads;
        return Status(Errc::busy);
    }
    // Blocks are looked up now, or when the rest is there.
    for (uint32_t each = 0; each < op.block_count; ++each) {
        copy(op, each);
    }
    reads_.insert(&op);
    const uint64_t takes_ns = world_.between(read_ns_min, read_ns_max) * disk_.slowness;
    later(takes_ns, [this, &op] {
        if (reads_.contains(&op)) {
            read_landed(op);
        }
    });
    return {};
}

void SimLogStore::read_landed(store::ReadOp& op) {
    reads_.erase(&op);
    if (ended_ || disk_.failed) {
        op.done(op, Status(ended_ ? Errc::closed : Errc::device_failed));
        return;
    }
    for (uint32_t each = 0; each < op.block_count; ++each) {
        if (world_.random.percent(50)) {
            copy(op, each);
        }
    }
    op.done(op, {});
}

void SimLogStore::copy(const store::ReadOp& op, uint32_t index) {
    const SimBlock* block = disk_.find(op.extent, op.first_block + index);
    uint8_t* to = op.data + size_t{index} * block_bytes;
    if (block == nullptr) {
        std::memset(to, 0, block_bytes);
    } else {
        std::memcpy(to, block->bytes.data(), block_bytes);
    }
}

Status SimLogStore::submit_scan(store::ScanOp& op) {
    if (ended_ || disk_.failed) {
        return Status(ended_ ? Errc::closed : Errc::device_failed);
    }
    ++scans_;
    later(world_.between(read_ns_min, read_ns_max) * disk_.slowness, [this, &op] {
        if (scans_ > 0) {
            scan_landed(op);
        }
    });
    return {};
}

void SimLogStore::scan_landed(store::ScanOp& op) {
    --scans_;
    if (ended_ || disk_.failed) {
        op.done(op, Status(ended_ ? Errc::closed : Errc::device_failed));
        return;
    }
    op.over = true;
    while (op.over && op.cursor < disk_.names().size()) {
        const SimDisk::PageName& name = disk_.names()[op.cursor++];
        if (name.extent.pg != op.pg) {
            continue;
        }
        op.extent = name.extent;
        op.first_block = name.page * SimDisk::page_blocks;
        op.held = op.newer = 0;
        op.highest = {};
        const SimDisk::Page& page = disk_.page(name);
        for (uint32_t each = 0; each < SimDisk::page_blocks; ++each) {
            if (page[each] != nullptr) {
                op.held |= uint64_t{1} << each;
                op.newer |= page[each]->version > op.above ? uint64_t{1} << each : 0;
                op.highest = std::max(op.highest, page[each]->version);
            }
        }
        op.over = op.held == 0;
    }
    op.done(op, {});
}

Status SimLogStore::submit_delete(DeleteOp&) {
    return Status(Errc::unsupported);
}

Status SimLogStore::start_scrub(uint64_t) {
    return Status(Errc::unsupported);
}

void SimLogStore::close(reactor::Task& task) {
    end();
    executor_.defer(task);
}

const store::StoreStats& SimLogStore::stats() const {
    stats_.capacity_bytes = SimDisk::capacity_blocks * block_bytes;
    stats_.live_bytes = (disk_.live_blocks() + disk_.others_blocks) * block_bytes;
    stats_.failed = disk_.failed;
    return stats_;
}

void SimLogStore::end() {
    ended_ = true;
    while (!writes_.empty()) {
        write_landed();
    }
    while (!reads_.empty()) {
        read_landed(**reads_.begin());
    }
}

}  // namespace test
