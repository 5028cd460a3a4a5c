#include "target/compare.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "base/limits.h"
#include "nvme/status.h"
#include "target/dispatch.h"
#include "target/impl.h"
#include "target/io.h"

namespace target {
namespace {

using base::limits::block_bytes;

constexpr uint32_t piece_blocks_max = 16;

CompareLane& lane_of(const Request& request) {
    const Queue& queue = *request.queue;
    return *queue.target->impl().compare_lanes[queue.reactor->index()];
}

void execute_compare(Request& request) {
    lane_of(request).add(request);
}

}  // namespace

void CompareLane::FreeAligned::operator()(uint8_t* memory) const {
    std::free(memory);
}

CompareLane::CompareLane()
    : piece_(static_cast<uint8_t*>(
          std::aligned_alloc(block_bytes, size_t{piece_blocks_max} * block_bytes))) {
    CHECK(piece_ != nullptr, "there is memory at start");
}

void CompareLane::add(Request& request) {
    request.cursor = 0;
    waiting_.push_back(request);
    if (active_ == nullptr) {
        run();
    }
}

// Goes on with what is under way, or with the next, until something has to be waited for.
void CompareLane::run() {
    while (true) {
        active_ = active_ != nullptr ? active_ : waiting_.pop_front();
        if (active_ == nullptr) {
            return;
        }
        const base::Status refused = read_piece();
        if (refused.ok()) {
            return;
        }
        finish(refused, false);
    }
}

// `cursor` counts the blocks that were found equal.
base::Status CompareLane::read_piece() {
    Request& request = *active_;
    volume::Op& op = request.op;
    const uint32_t blocks = request.transfer_bytes / block_bytes;
    op.block_count = std::min(piece_blocks_max, blocks - static_cast<uint32_t>(request.cursor));
    op.data = piece_.get();
    op.registered_index = memory::not_registered;
    return submit(request, volume::Verb::read, [](volume::Op& done, base::Status status) {
        lane_of(request_of(done)).piece_done(status);
    });
}

void CompareLane::piece_done(base::Status status) {
    Request& request = *active_;
    const uint32_t blocks = request.op.block_count;
    const uint8_t* sent = request.buffer.data + request.cursor * block_bytes;
    const bool equal =
        status.ok() && std::memcmp(sent, piece_.get(), size_t{blocks} * block_bytes) == 0;
    request.cursor += blocks;
    request.op.first_block += blocks;
    if (!equal || request.cursor == request.transfer_bytes / block_bytes) {
        finish(status, equal);
    }
    run();
}

void CompareLane::finish(base::Status status, bool equal) {
    Request& request = *active_;
    active_ = nullptr;
    if (status.ok()) {
        respond(request, equal ? nvme::success : nvme::compare_failure);
    } else {
        respond_volume(request, status);
    }
}

uint16_t parse_compare(Request& request) {
    return parse_transfer(request, execute_compare, DataDirection::to_controller);
}

}  // namespace target
