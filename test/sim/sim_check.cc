// What a run looks at while nothing is changed: every block, scrubs, and that space comes back.
#include <algorithm>
#include <cstring>

#include "sim_run.h"

namespace test {

using base::Errc;
using base::Status;

namespace {

constexpr uint32_t block_bytes = SimDevice::block_bytes;
constexpr uint32_t read_blocks_max = 64;

}  // namespace

// What every block of every volume reads as.
StoreModel::State SimRun::read_all() {
    StoreModel::State state;
    const SimShape& shape = world_.shape;
    faults_.calm = true;
    world_.trace.dull = true;
    std::vector<uint64_t> volumes = world_.model.volumes();
    volumes.insert(volumes.end(), world_.volumes.begin(), world_.volumes.end());
    for (const uint64_t volume : volumes) {
        if (state.contains(volume)) {
            continue;
        }
        StoreModel::Marks& marks = state[volume];
        marks.resize(shape.volume_blocks());
        for (uint32_t first = 0; first < marks.size() && world_.ok();) {
            const uint32_t in_extent = shape.extent_blocks - first % shape.extent_blocks;
            const uint32_t count = std::min(read_blocks_max, in_extent);
            read_blocks(volume, first, count, marks.data() + first);
            first += count;
        }
    }
    faults_.calm = false;
    world_.trace.dull = false;
    return state;
}

void SimRun::read_blocks(uint64_t volume, uint32_t first, uint32_t count, uint64_t* marks) {
    const store::Pages pages = store::make_pages(count);
    const Status status = read_once(volume, first, count, pages.get());
    if (!status.ok() && count > 1) {
        for (uint32_t each = 0; each < count; ++each) {
            read_blocks(volume, first + each, 1, marks + each);
        }
        return;
    }
    if (!status.ok()) {
        ++world_.counts.damaged_reads;
        *marks = StoreModel::unreadable;
        return;
    }
    for (uint32_t each = 0; each < count; ++each) {
        const uint8_t* block = pages.get() + size_t{each} * block_bytes;
        std::memcpy(&marks[each], block, sizeof marks[each]);
        if (std::memcmp(block, block + sizeof marks[each], block_bytes - sizeof marks[each]) != 0) {
            world_.fail("a block is torn");
        }
    }
}

Status SimRun::read_once(uint64_t volume, uint32_t first, uint32_t count, uint8_t* data) {
    struct Op : store::ReadOp {
        bool over = false;
    } op;
    const SimShape& shape = world_.shape;
    const uint32_t extent = first / shape.extent_blocks;
    op.extent = SimShape::extent(volume, extent);
    op.first_block = shape.first_block[extent] + first % shape.extent_blocks;
    op.block_count = count;
    op.data = data;
    op.done = [](store::ReadOp& was_read, Status status) {
        was_read.status = status;
        static_cast<Op&>(was_read).over = true;
    };
    const Status refused = life_->store->submit_read(op);
    if (!refused.ok()) {
        world_.fail("a read was refused");
        return refused;
    }
    while (!op.over) {
        if (!life_->executor.step()) {
            world_.fail("a read is never answered");
            return Status(Errc::closed);
        }
    }
    world_.trace.add(life_->executor.now_ns(),
                     "looked at",
                     volume,
                     first,
                     count << 8 | static_cast<uint64_t>(op.status.code()));
    return op.status;
}

// A pass finds exactly the blocks that cannot be read.
void SimRun::scrub() {
    faults_.calm = true;
    told_damaged_.clear();
    const uint64_t passes = life_->store->stats().scrub.passes;
    Status status(Errc::busy);
    while (world_.ok() && status.code() == Errc::busy) {
        status = life_->store->start_scrub(0);
        if (status.code() == Errc::busy && !step("a scrub")) {
            return;
        }
    }
    if (!status.ok()) {
        return;
    }
    while (life_->store->stats().scrub.running && step("a scrub")) {
    }
    faults_.calm = false;
    if (world_.ok() && life_->store->stats().scrub.passes == passes + 1) {
        ++world_.counts.scrubs;
        check_scrub(read_all());
    }
}

void SimRun::check_scrub(const StoreModel::State& found) {
    std::set<std::pair<uint64_t, uint32_t>> unreadable;
    for (const auto& [volume, marks] : found) {
        for (uint32_t block = 0; block < marks.size(); ++block) {
            if (marks[block] == StoreModel::unreadable) {
                unreadable.emplace(volume, block);
            }
        }
    }
    const store::ScrubProgress& scrub = life_->store->stats().scrub;
    if (!world_.ok() || faults_.metadata_damaged()) {
        return;
    }
    world_.trace.add(life_->executor.now_ns(),
                     "scrubbed",
                     scrub.blocks_read,
                     told_damaged_.size(),
                     unreadable.size());
    if (told_damaged_ != unreadable || scrub.blocks_damaged != unreadable.size()) {
        world_.fail("scrub finds other blocks damaged than those that cannot be read");
    }
    if (scrub.blocks_read != world_.model.live_blocks()) {
        world_.fail("scrub reads other blocks than those that are live");
    }
}

void SimRun::block_damaged(const base::ExtentId& extent, uint32_t block) {
    const uint64_t volume = extent.volume.value;
    const uint32_t touched =
        extent.index * world_.shape.extent_blocks + block - world_.shape.first_block[extent.index];
    world_.trace.add(life_->executor.now_ns(), "told: damaged", volume, touched, 0);
    told_damaged_.emplace(volume, touched);
    const bool hit =
        std::any_of(faults_.damaged().begin(), faults_.damaged().end(), [&](uint64_t mark) {
            return SimChange::without_number(mark) == SimChange::mark(0, volume, touched);
        });
    if (!hit && !faults_.metadata_damaged() && faults_.read_errors() == 0) {
        world_.fail("a block is told to be damaged that nothing has happened to");
    }
}

// At the end everything is deleted: then there is room again.
void SimRun::check_full_circle() {
    world_.plan.write_errors = 0;
    world_.plan.read_errors = 0;
    world_.plan.power_cuts = false;
    world_.plan.kills = false;
    if (faults_.lied()) {
        return;
    }
    if (!open()) {
        return;
    }
    compare(read_all());
    const std::vector<uint64_t> volumes = world_.model.volumes();
    for (const uint64_t volume : volumes) {
        if (world_.ok()) {
            host_->begin_deletion(volume);
            finish_operations();
        }
    }
    if (!world_.ok()) {
        return;
    }
    wait_for_quiet();
    check_quiet();
    if (world_.ok() && life_->store->stats().live_bytes != 0) {
        world_.fail("something is left of deleted volumes");
    }
    if (world_.ok()) {
        host_->begin_write(world_.volumes.front(), 0, std::min(16u, world_.shape.extent_blocks));
        finish_operations();
    }
    if (world_.ok() && !host_->last_write_stored()) {
        world_.fail("a write finds no room although everything was deleted");
    }
}

}  // namespace test
