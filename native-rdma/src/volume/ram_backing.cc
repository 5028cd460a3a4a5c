#include "volume/ram_backing.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>

#include "base/check.h"

namespace volume {
namespace {

using base::limits::block_bytes;

// Above this, giving pages back to the kernel is cheaper than writing zeroes.
constexpr uint64_t zero_by_hand_bytes = uint64_t{256} << 10;

void zero(uint8_t* data, uint64_t bytes) {
    if (bytes <= zero_by_hand_bytes || madvise(data, bytes, MADV_DONTNEED) != 0) {
        std::memset(data, 0, bytes);
    }
}

}  // namespace

base::Result<std::unique_ptr<RamRegion>> RamRegion::create(uint64_t block_count) {
    if (block_count == 0 || block_count > base::limits::volume_bytes_max / block_bytes) {
        return base::Status(base::Errc::invalid_argument);
    }
    void* memory = mmap(nullptr,
                        block_count * block_bytes,
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1,
                        0);
    if (memory == MAP_FAILED) {
        return base::Status(base::Errc::io_error, static_cast<uint32_t>(errno));
    }
    return std::unique_ptr<RamRegion>(new RamRegion(static_cast<uint8_t*>(memory), block_count));
}

RamRegion::~RamRegion() {
    munmap(base_, block_count_ * block_bytes);
}

uint8_t* RamRegion::block(uint64_t index) const {
    return base_ + index * block_bytes;
}

base::Status RamBacking::submit(Op& op) {
    const uint64_t count = region_.block_count();
    if (op.first_block > count || op.block_count > count - op.first_block) {
        return base::Status(base::Errc::out_of_range);
    }
    uint8_t* blocks = region_.block(op.first_block);
    const uint64_t bytes = uint64_t{op.block_count} * block_bytes;
    switch (op.verb) {
        case Verb::read:
            std::memcpy(op.data, blocks, bytes);
            break;
        case Verb::write:
            std::memcpy(blocks, op.data, bytes);
            break;
        case Verb::deallocate:
            zero(blocks, bytes);
            break;
        case Verb::flush:
            break;
    }
    op.backing = this;
    op.submitted_ns = executor_.now_ns();
    op.status = base::Status();
    op.task.op = &op;
    op.task.run = &RamBacking::finish;
    executor_.defer(op.task);
    return base::Status();
}

void RamBacking::finish(reactor::Task& task) {
    Op& op = *static_cast<Op::Later&>(task).op;
    const auto& self = static_cast<RamBacking&>(*op.backing);
    if (self.meter_ != nullptr) {
        self.meter_->count(op, op.status, self.executor_.now_ns());
    }
    op.done(op, op.status);
}

}  // namespace volume
