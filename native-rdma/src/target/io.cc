#include "target/io.h"

#include "base/limits.h"
#include "nvme/opcodes.h"
#include "nvme/status.h"
#include "target/controller.h"
#include "target/dispatch.h"
#include "target/volume_status.h"

namespace target {
namespace {

using base::limits::block_bytes;
using volume::Verb;

QueueCounters& counters_of(const Request& request) {
    return controller_of(request).counters[request.queue->id];
}

void io_done(volume::Op& op, base::Status status) {
    respond_volume(request_of(op), status);
}

void execute_read(Request& request) {
    QueueCounters& counters = counters_of(request);
    counters.read_commands.add(1);
    counters.read_blocks.add(request.op.block_count);
    request.op.data = request.buffer.data;
    request.op.registered_index = request.buffer.registered_index;
    submit_or_respond(request, Verb::read, io_done);
}

void execute_write(Request& request) {
    QueueCounters& counters = counters_of(request);
    counters.write_commands.add(1);
    counters.written_blocks.add(request.op.block_count);
    request.op.data = request.buffer.data;
    request.op.registered_index = request.buffer.registered_index;
    submit_or_respond(request, Verb::write, io_done);
}

void execute_flush(Request& request) {
    submit_or_respond(request, Verb::flush, io_done);
}

// Unwritten blocks read as zeroes, so giving them back writes zeroes, whether or not the host asks
// for that (DEAC).
void execute_write_zeroes(Request& request) {
    submit_or_respond(request, Verb::deallocate, io_done);
}

void log_failure(const Request& request, uint16_t status, uint64_t block) {
    nvme::ErrorLogEntry entry{};
    entry.sq_id = request.queue->id;
    entry.command_id = request.command.command_id;
    entry.status = static_cast<uint16_t>(status << 1);
    entry.parameter = 0xffff;  // No parameter of the command is at fault.
    entry.block = block;
    entry.namespace_id = only_namespace;
    entry.transport_type = nvme::transport_tcp;
    controller_of(request).errors.add(entry);
}

}  // namespace

Request& request_of(volume::Op& op) {
    return *static_cast<Request::Work&>(op).request;
}

uint16_t check_blocks(const Request& request, uint64_t first_block, uint64_t block_count) {
    const uint64_t all = request.queue->backing->block_count();
    return first_block <= all && block_count <= all - first_block ? nvme::success
                                                                  : nvme::lba_out_of_range;
}

// The fields that Read, Write, Compare and Write Zeroes share.
static uint16_t parse_blocks(Request& request) {
    const nvme::Command& command = request.command;
    if (command.namespace_id != only_namespace) {
        return nvme::invalid_namespace;
    }
    if ((command.cdw12 & (nvme::io_directive_mask | nvme::io_protection_mask)) != 0) {
        return nvme::invalid_field;
    }
    request.op.first_block = command.cdw10 | uint64_t{command.cdw11} << 32;
    request.op.block_count = (command.cdw12 & nvme::io_block_count_mask) + 1;
    return check_blocks(request, request.op.first_block, request.op.block_count);
}

uint16_t parse_transfer(Request& request, void (*execute)(Request&), DataDirection direction) {
    if (const uint16_t status = parse_blocks(request); status != nvme::success) {
        return status;
    }
    if (request.op.block_count > base::limits::transfer_bytes_max / block_bytes) {
        return nvme::invalid_field;
    }
    return accept(request, execute, direction, request.op.block_count * block_bytes);
}

uint16_t parse_read(Request& request) {
    return parse_transfer(request, execute_read, DataDirection::to_host);
}

uint16_t parse_write(Request& request) {
    return parse_transfer(request, execute_write, DataDirection::to_controller);
}

uint16_t parse_flush(Request& request) {
    const uint32_t id = request.command.namespace_id;
    if (id != only_namespace && id != nvme::all_namespaces) {
        return nvme::invalid_namespace;
    }
    request.op.first_block = 0;
    request.op.block_count = 0;
    return accept(request, execute_flush);
}

uint16_t parse_write_zeroes(Request& request) {
    const uint16_t status = parse_blocks(request);
    return status == nvme::success ? accept(request, execute_write_zeroes) : status;
}

base::Status submit(Request& request, Verb verb, volume::Op::Done done) {
    volume::Op& op = request.op;
    op.verb = verb;
    op.done = done;
    return request.queue->backing->submit(op);
}

void submit_or_respond(Request& request, Verb verb, volume::Op::Done done) {
    if (const base::Status refused = submit(request, verb, done); !refused.ok()) {
        respond_volume(request, refused);
    }
}

void respond_volume(Request& request, base::Status status) {
    uint16_t code = volume_status(status);
    const bool is_damage = status.code() == base::Errc::checksum_wrong;
    if (is_damage || code == nvme::internal_error) {
        code |= nvme::more;
        log_failure(request, code, is_damage ? request.op.failed_block : request.op.first_block);
    }
    if (is_damage) {
        counters_of(request).media_errors.add(1);
    }
    respond(request, code);
}

}  // namespace target
