// Dataset Management. Only its deallocation does something; its hints are taken and not used.
#include <cstring>

#include "base/limits.h"
#include "nvme/dataset.h"
#include "nvme/opcodes.h"
#include "nvme/status.h"
#include "target/dispatch.h"
#include "target/io.h"
#include "target/subsystem.h"
#include "target/transport.h"

namespace target {
namespace {

uint32_t range_count(const Request& request) {
    return (request.command.cdw10 & nvme::dataset_ranges_mask) + 1;
}

nvme::DatasetRange range_at(const Request& request, uint64_t index) {
    nvme::DatasetRange range;
    std::memcpy(&range, request.buffer.data + index * sizeof range, sizeof range);
    return range;
}

// All of them before the first is touched: a refused command has done nothing.
uint16_t check_ranges(const Request& request) {
    for (uint32_t index = 0; index < range_count(request); ++index) {
        const nvme::DatasetRange range = range_at(request, index);
        if (range.block_count > base::limits::deallocate_range_blocks_max) {
            return nvme::command_size_limit_exceeded;
        }
        const uint16_t status = check_blocks(request, range.first_block, range.block_count);
        if (status != nvme::success) {
            return status;
        }
    }
    return nvme::success;
}

void next_range(Request& request);

void range_done(volume::Op& op, base::Status status) {
    Request& request = request_of(op);
    status.ok() ? next_range(request) : respond_volume(request, status);
}

// `cursor` is the next range. Each range completes later, so this does not nest. When the host has
// left, none is begun: it may be back on another queue, and write where this would leave zeroes.
void next_range(Request& request) {
    while (request.cursor < range_count(request)) {
        if (request.queue->closing) {
            respond(request, nvme::command_aborted);
            return;
        }
        const nvme::DatasetRange range = range_at(request, request.cursor++);
        if (range.block_count == 0) {
            continue;
        }
        request.op.first_block = range.first_block;
        request.op.block_count = range.block_count;
        submit_or_respond(request, volume::Verb::deallocate, range_done);
        return;
    }
    respond(request, nvme::success);
}

void execute_deallocate(Request& request) {
    request.cursor = 0;
    if ((request.command.cdw11 & nvme::dataset_deallocate) == 0) {
        respond(request, nvme::success);
        return;
    }
    const uint16_t status = check_ranges(request);
    status == nvme::success ? next_range(request) : respond(request, status);
}

}  // namespace

uint16_t parse_deallocate(Request& request) {
    if (request.command.namespace_id != only_namespace) {
        return nvme::invalid_namespace;
    }
    return accept(request,
                  execute_deallocate,
                  DataDirection::to_controller,
                  range_count(request) * static_cast<uint32_t>(sizeof(nvme::DatasetRange)));
}

}  // namespace target
