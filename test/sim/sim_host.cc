#include "sim_host.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/crc32c.h"

namespace test {

using base::Errc;
using base::Status;

namespace {

constexpr uint32_t block_bytes = SimDevice::block_bytes;
constexpr uint32_t whole_extent_blocks = 1u << 18;

void fill(uint8_t* block, uint64_t mark) {
    for (uint32_t at = 0; at < block_bytes; at += sizeof mark) {
        std::memcpy(block + at, &mark, sizeof mark);
    }
}

bool filled_with(const uint8_t* block, uint64_t mark) {
    return std::memcmp(block, &mark, sizeof mark) == 0 &&
           std::memcmp(block, block + sizeof mark, block_bytes - sizeof mark) == 0;
}

uint64_t first_mark(const uint8_t* block) {
    uint64_t mark = 0;
    std::memcpy(&mark, block, sizeof mark);
    return mark;
}

}  // namespace

struct SimHost::Change : store::WriteOp {
    SimHost* host = nullptr;
    uint64_t number = 0;
    store::Pages pages;
    std::vector<uint32_t> crcs;
};

struct SimHost::Deletion : store::Store::DeleteOp {
    SimHost* host = nullptr;
    uint64_t number = 0;
};

struct SimHost::Read : store::ReadOp {
    SimHost* host = nullptr;
    uint64_t number = 0;
    uint64_t volume = 0;
    uint32_t first = 0;  // In the volume's touched blocks.
    uint64_t errors_before = 0;
    std::vector<uint64_t> expected;  // What was acknowledged when it was submitted.
    std::vector<std::pair<uint32_t, uint64_t>> since;  // And what was since.
    store::Pages pages;
};

SimHost::~SimHost() {
    CHECK(since_.empty(), "hosts wait for their answers");
}

uint64_t SimHost::oldest_ns() const {
    return since_.begin()->second;
}

void SimHost::begin() {
    SimRandom& random = world_.random;
    const uint64_t volume = world_.volumes[random.below(world_.shape.volumes)];
    SimChange change = choose_range(volume);
    const uint32_t lot = random.below(1000);
    if (lot < 300) {
        begin_read(volume, change.first, change.count);
    } else if (lot < 305) {
        begin_deletion(volume);
    } else if (lot < 380) {
        change.kind = SimChange::Kind::deallocate;
        if (random.percent(5)) {
            change.first -= change.first % world_.shape.extent_blocks;
            change.count = world_.shape.extent_blocks;
        }
        begin_change(change);
    } else {
        begin_change(change);
    }
}

// Hot places, sequential runs, and anywhere; mostly small.
SimChange SimHost::choose_range(uint64_t volume) {
    SimRandom& random = world_.random;
    const uint32_t blocks = world_.shape.volume_blocks();
    const uint32_t sizes[] = {1, 8, 64, 64};
    const uint32_t lot = random.below(100);
    const uint32_t size = sizes[lot < 40 ? 0 : lot < 75 ? 1 : lot < 90 ? 2 : 3];
    SimChange change;
    change.volume = volume;
    change.count = lot < 90 ? 1 + random.below(size) : size;
    change.count = world_.uniform_blocks != 0 ? world_.uniform_blocks : change.count;
    if (random.percent(15)) {
        change.first = static_cast<uint32_t>(sequential_ % blocks);
        sequential_ += change.count;
    } else {
        change.first = random.below(random.percent(50) ? blocks / 8 : blocks);
    }
    const uint32_t extent_blocks = world_.shape.extent_blocks;
    change.count = std::min(change.count, extent_blocks - change.first % extent_blocks);
    return change;
}

void SimHost::begin_write(uint64_t volume, uint32_t first, uint32_t count) {
    SimChange change;
    change.volume = volume;
    change.first = first;
    change.count = count;
    begin_change(change);
}

void SimHost::begin_change(SimChange change) {
    const SimShape& shape = world_.shape;
    auto* op = new Change;
    op->host = this;
    op->number = change.number = ++world_.changes_made;
    const uint32_t extent = change.first / shape.extent_blocks;
    op->extent = SimShape::extent(change.volume, extent);
    op->first_block = shape.first_block[extent] + change.first % shape.extent_blocks;
    op->block_count = change.count;
    op->version = {base::Epoch{1}, change.number};
    if (change.kind == SimChange::Kind::write) {
        op->pages = store::make_pages(change.count);
        for (uint32_t index = 0; index < change.count; ++index) {
            uint8_t* block = op->pages.get() + size_t{index} * block_bytes;
            fill(block, SimChange::mark(change.number, change.volume, change.first + index));
            op->crcs.push_back(base::crc32c(block, block_bytes));
        }
        op->data = op->pages.get();
        op->block_crcs = op->crcs.data();
    } else if (change.count == shape.extent_blocks && world_.random.percent(50)) {
        op->first_block = 0;  // With all that was never written beside it.
        op->block_count = whole_extent_blocks;
    }
    submit(change, *op);
}

void SimHost::submit(SimChange change, store::WriteOp& op) {
    op.done = [](store::WriteOp& written, Status status) {
        const std::unique_ptr<Change> done(static_cast<Change*>(&written));
        done->host->answered(done->number, status);
    };
    since_.emplace(change.number, executor_.now_ns());
    world_.trace.add(executor_.now_ns(),
                     change.kind == SimChange::Kind::write ? "write" : "deallocate",
                     change.number,
                     change.volume << 32 | change.first,
                     change.count);
    world_.model.submitted(change, executor_.now_ns());
    ++world_.counts.changes;
    if (const Status status = store_.submit_write(op); !status.ok()) {
        delete static_cast<Change*>(&op);
        refused_at_once(change.number, status);
    }
}

void SimHost::begin_deletion(uint64_t volume) {
    auto* op = new Deletion;
    op->host = this;
    op->volume = base::VolumeId{volume};
    SimChange change;
    change.kind = SimChange::Kind::delete_volume;
    change.number = op->number = ++world_.changes_made;
    change.volume = volume;
    op->done = [](store::Store::DeleteOp& deleted, Status status) {
        const std::unique_ptr<Deletion> done(static_cast<Deletion*>(&deleted));
        done->host->answered(done->number, status);
    };
    since_.emplace(change.number, executor_.now_ns());
    world_.trace.add(executor_.now_ns(), "delete volume", change.number, volume, 0);
    world_.model.submitted(change, executor_.now_ns());
    ++world_.counts.changes;
    replace(volume);
    if (const Status status = store_.submit_delete(*op); !status.ok()) {
        delete op;
        refused_at_once(change.number, status);
    }
}

// Its place is taken by a new one: ids are never used again.
void SimHost::replace(uint64_t volume) {
    const auto slot = std::find(world_.volumes.begin(), world_.volumes.end(), volume);
    if (slot != world_.volumes.end()) {
        *slot = ++world_.volumes_made;
    }
}

void SimHost::begin_read(uint64_t volume, uint32_t first, uint32_t count) {
    const SimShape& shape = world_.shape;
    auto* op = new Read;
    op->host = this;
    op->number = ++world_.changes_made;
    const uint32_t extent = first / shape.extent_blocks;
    op->extent = SimShape::extent(volume, extent);
    op->first_block = shape.first_block[extent] + first % shape.extent_blocks;
    op->block_count = count;
    op->volume = volume;
    op->first = first;
    op->errors_before = faults_.read_errors();
    for (uint32_t block = first; block < first + count; ++block) {
        op->expected.push_back(world_.model.value(volume, block));
    }
    op->pages = store::make_pages(count);
    op->data = op->pages.get();
    op->done = [](store::ReadOp& was_read, Status status) {
        const std::unique_ptr<Read> done(static_cast<Read*>(&was_read));
        done->host->check_read(*done, status);
    };
    since_.emplace(op->number, executor_.now_ns());
    reads_.emplace(op->number, op);
    world_.trace.add(executor_.now_ns(), "read", op->number, volume << 32 | first, count);
    ++world_.counts.reads;
    if (const Status status = store_.submit_read(*op); !status.ok()) {
        since_.erase(op->number);
        reads_.erase(op->number);
        delete op;
        if (status.code() != Errc::busy) {
            world_.fail("a read was refused");
        }
    }
}

void SimHost::refused_at_once(uint64_t number, Status status) {
    since_.erase(number);
    if (status.code() == Errc::busy) {
        world_.model.refused(number);
        return;
    }
    judge_failure(number, status);
}

void SimHost::answered(uint64_t number, Status status) {
    since_.erase(number);
    if (forgotten_) {
        return;
    }
    world_.trace.add(executor_.now_ns(), "answer", number, static_cast<uint64_t>(status.code()), 0);
    if (!status.ok()) {
        return judge_failure(number, status);
    }
    last_write_stored_ = true;
    const auto change = world_.model.acknowledged(number, executor_.now_ns());
    if (!change.has_value()) {
        return world_.fail("acknowledged out of the order of submission");
    }
    for (const auto& [each, read] : reads_) {
        const auto end = read->first + read->block_count;
        for (uint32_t block = read->first; read->volume == change->volume && block < end; ++block) {
            read->since.emplace_back(block - read->first, world_.model.value(read->volume, block));
        }
    }
}

void SimHost::judge_failure(uint64_t number, Status status) {
    last_write_stored_ = false;
    if (status.code() == Errc::no_space) {
        if (!world_.plan.room_short && !world_.model.is_write(number)) {
            return world_.fail("there is no room for what would make room");
        }
        if (!may_be_full()) {
            world_.trace.add(executor_.now_ns(),
                             "live, waiting, room",
                             world_.model.live_blocks(),
                             world_.model.pending_blocks(),
                             store_.stats().capacity_bytes / block_bytes);
            return world_.fail("a change finds no room although the store is not full");
        }
        ++world_.counts.no_space;
        world_.model.refused(number);
        return;
    }
    if (!store_.stats().failed) {
        world_.fail(std::string("a change failed with ") + base::errc_name(status.code()) +
                    " although the store goes on");
        return;
    }
    // What became of it is seen at the next opening.
    latched_ = true;
    if (faults_.write_errors() == 0 && faults_.read_errors() == 0 && !faults_.lied()) {
        world_.fail("the store failed on a device that did not");
    }
}

// Some room is for the store's own, and what it writes to may be half empty; a file system may have
// none for it. What a damaged page of the index named counts only until a recount.
bool SimHost::may_be_full() const {
    const store::StoreStats& stats = store_.stats();
    const uint64_t blocks = world_.model.pending_blocks() + world_.model.live_blocks() +
                            (stats.erasing_bytes + 2 * world_.options.segment_bytes) / block_bytes;
    return world_.plan.room_short || blocks > stats.capacity_bytes / block_bytes * 85 / 100;
}

bool SimHost::may_read(const Read& op, uint32_t index, uint64_t mark) const {
    return op.expected[index] == mark ||
           std::find(op.since.begin(), op.since.end(), std::pair(index, mark)) != op.since.end();
}

void SimHost::check_read(const Read& op, Status status) {
    since_.erase(op.number);
    reads_.erase(op.number);
    if (forgotten_) {
        return;
    }
    world_.trace.add(executor_.now_ns(),
                     "answer",
                     op.number,
                     static_cast<uint64_t>(status.code()),
                     op.failed_block);
    if (!status.ok()) {
        return check_failed_read(op, status);
    }
    for (uint32_t index = 0; index < op.block_count; ++index) {
        const uint8_t* block = op.pages.get() + size_t{index} * block_bytes;
        const uint64_t mark = first_mark(block);
        if (!filled_with(block, mark) || !may_read(op, index, mark)) {
            world_.trace.add(
                executor_.now_ns(), "wrong block", op.first + index, mark, op.expected[index]);
            return world_.fail("a read returned something else than was acknowledged");
        }
    }
}

// For the device's errors, or for the damage of the very block it names.
void SimHost::check_failed_read(const Read& op, Status status) {
    ++world_.counts.damaged_reads;
    if (faults_.metadata_damaged() || faults_.read_errors() != op.errors_before) {
        const bool damage = faults_.lied() || status.code() == Errc::device_failed;
        return damage ? void() : world_.fail("a read failed with another error than the device");
    }
    if (op.failed_block < op.first_block || op.failed_block >= op.first_block + op.block_count) {
        return world_.fail("a failed read names a block that it did not read");
    }
    const uint32_t index = op.failed_block - op.first_block;
    const auto& damaged = faults_.damaged();
    const bool since = std::any_of(op.since.begin(), op.since.end(), [&](const auto& seen) {
        return seen.first == index && damaged.contains(seen.second);
    });
    if (!damaged.contains(op.expected[index]) && !since) {
        world_.fail("a read failed for a block that nothing has happened to");
    }
}

}  // namespace test
