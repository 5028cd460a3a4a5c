#include "volume/volume.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"

namespace volume {
namespace {

using base::limits::block_bytes;
using router::Part;

}  // namespace

Volume::Volume(base::VolumeId id,
               uint64_t extent_bytes,
               reactor::Executor& executor,
               reactor::Reactor* reactor,
               DamageObserver* observer,
               Meter* meter)
    : id_(id),
      extent_shift_(static_cast<uint32_t>(std::countr_zero(extent_bytes)) -
                    base::limits::block_shift),
      executor_(executor),
      reactor_(reactor),
      observer_(observer),
      meter_(meter) {
    CHECK(std::has_single_bit(extent_bytes) && extent_bytes >= base::limits::extent_bytes_min &&
              extent_bytes <= base::limits::extent_bytes_max,
          "an extent's size is a power of two between the limits");
}

Volume::~Volume() {
    CHECK(idle(), "operations outlive their volume");
}

void Volume::configure(uint64_t block_count, router::Places places, base::Fence fence) {
    const uint64_t extent_blocks = uint64_t{1} << extent_shift_;
    CHECK(places != nullptr && places->size() * extent_blocks >= block_count,
          "every block has a place");
    block_count_ = block_count;
    places_ = std::move(places);
    fence_ = fence;
}

base::Status Volume::submit(Op& op) {
    if (op.first_block > block_count_ || op.block_count > block_count_ - op.first_block) {
        return base::Status(base::Errc::out_of_range);
    }
    ++in_flight_;
    op.backing = this;
    op.submitted_ns = executor_.now_ns();
    op.status = base::Status();
    op.failed_block = 0;
    op.parts_left = 0;
    op.next_block = op.first_block;
    op.end_block = op.first_block + (op.verb == Verb::flush ? 0 : op.block_count);
    start(op);
    return base::Status();
}

void Volume::start(Op& op) {
    if (op.verb == Verb::write) {
        checksum(op);
    }
    for (Part& part : op.parts) {
        op.parts_left += next_part(op, part) ? 1 : 0;
    }
    if (op.parts_left == 0) {
        // Nothing to do: an acknowledged write is durable already, so a flush has no work.
        op.task.op = &op;
        op.task.run = &Volume::finish;
        executor_.defer(op.task);
        return;
    }
    CHECK(op.verb == Verb::deallocate || op.next_block == op.end_block,
          "a read or write touches two extents at most");
}

void Volume::checksum(Op& op) {
    CHECK(op.block_count <= store::blocks_per_op_max, "a write is one transfer at most");
    for (uint32_t index = 0; index < op.block_count; ++index) {
        op.block_crcs[index] = base::crc32c(op.data + size_t{index} * block_bytes, block_bytes);
    }
}

// Sends the operation's next extent on its way in `part`; false when nothing is left.
bool Volume::next_part(Op& op, Part& part) {
    if (op.next_block == op.end_block) {
        return false;
    }
    const uint64_t extent_blocks = uint64_t{1} << extent_shift_;
    const uint64_t extent_index = op.next_block >> extent_shift_;
    const uint64_t first = op.next_block & (extent_blocks - 1);
    const uint64_t count = std::min(extent_blocks - first, op.end_block - op.next_block);
    const uint64_t done_blocks = op.next_block - op.first_block;
    const router::Place place = (*places_)[extent_index];
    const base::ExtentId extent{id_, static_cast<uint32_t>(extent_index), place.pg};

    part.owner = &op;
    part.done = &Volume::part_done;
    part.range = {extent, static_cast<uint32_t>(first), static_cast<uint32_t>(count)};
    part.fence = fence_;
    if (op.verb == Verb::read) {
        part.verb = Part::Verb::read;
        part.target = op.data + done_blocks * block_bytes;
        part.registered_index = op.registered_index;
    } else {
        const bool has_data = op.verb == Verb::write;
        part.verb = Part::Verb::write;
        part.data = has_data ? op.data + done_blocks * block_bytes : nullptr;
        part.crcs = has_data ? op.block_crcs + done_blocks : nullptr;
    }
    op.next_block += count;
    place.shard->run(part, executor_, reactor_);
    return true;
}

void Volume::part_done(Part& part, base::Status status) {
    Op& op = *static_cast<Op*>(part.owner);
    auto& self = static_cast<Volume&>(*op.backing);
    if (!status.ok()) {
        self.note_failure(op, part, status);
        op.next_block = op.end_block;  // What has not begun is left out.
    }
    if (self.next_part(op, part)) {
        return;
    }
    if (--op.parts_left == 0) {
        self.complete(op);
    }
}

// The first failure is the operation's; of damaged blocks, the lowest one.
void Volume::note_failure(Op& op, Part& part, base::Status status) {
    if (status.code() == base::Errc::checksum_wrong && part.verb == Part::Verb::read) {
        const uint64_t block =
            (uint64_t{part.range.extent.index} << extent_shift_) + part.failed_block;
        if (observer_ != nullptr) {
            observer_->block_damaged(id_, block);
        }
        const bool lower =
            op.status.code() == base::Errc::checksum_wrong && block < op.failed_block;
        op.failed_block = op.status.ok() || lower ? block : op.failed_block;
    }
    op.status = op.status.ok() ? status : op.status;
}

void Volume::finish(reactor::Task& task) {
    Op& op = *static_cast<Op::Later&>(task).op;
    static_cast<Volume&>(*op.backing).complete(op);
}

void Volume::complete(Op& op) {
    --in_flight_;
    if (meter_ != nullptr) {
        meter_->count(op, op.status, executor_.now_ns());
    }
    op.done(op, op.status);
}

}  // namespace volume
