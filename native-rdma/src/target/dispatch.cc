#include "target/dispatch.h"

#include "base/check.h"
#include "nvme/fabrics.h"
#include "nvme/opcodes.h"
#include "nvme/properties.h"
#include "nvme/status.h"
#include "target/admin.h"
#include "target/controller.h"
#include "target/io.h"
#include "target/target.h"

namespace target {
namespace {

using nvme::AdminOpcode;
using nvme::FabricsType;
using nvme::IoOpcode;

void execute_keep_alive(Request& request) {
    const bool has_timer = controller_of(request).keep_alive.timeout_ms() != 0;
    respond(request, has_timer ? nvme::success : nvme::keep_alive_timeout_invalid);
}

void execute_event_request(Request& request) {
    controller_of(request).events.park(request);
}

// Only an event request waits long enough to be aborted; all else is under way to its end.
void execute_abort(Request& request) {
    constexpr uint64_t not_aborted = 1;
    const uint32_t dword = request.command.cdw10;
    const auto queue_id = static_cast<uint16_t>(dword);
    const auto command_id = static_cast<uint16_t>(dword >> 16);
    const bool aborted = queue_id == 0 && controller_of(request).events.abort(command_id);
    respond(request, nvme::success, aborted ? 0 : not_aborted);
}

FabricsType fabrics_type(const Request& request) {
    return static_cast<FabricsType>(request.command.namespace_id & 0xff);
}

uint16_t parse_unconnected(Request& request) {
    const bool is_connect = request.command.opcode == nvme::fabrics_opcode &&
                            fabrics_type(request) == FabricsType::connect;
    return is_connect ? parse_connect(request) : nvme::command_sequence_error;
}

uint16_t parse_fabrics(Request& request) {
    const bool is_admin = request.queue->id == 0;
    switch (fabrics_type(request)) {
        case FabricsType::connect:
            return nvme::command_sequence_error;
        case FabricsType::property_get:
            return is_admin ? parse_property_get(request) : nvme::invalid_opcode;
        case FabricsType::property_set:
            return is_admin ? parse_property_set(request) : nvme::invalid_opcode;
        // Not offered: OFCS is 0, and Connect asks for no authentication.
        case FabricsType::authentication_send:
        case FabricsType::authentication_receive:
        case FabricsType::disconnect:
            return nvme::invalid_opcode;
    }
    return nvme::invalid_opcode;
}

uint16_t parse_admin(Request& request) {
    const auto opcode = static_cast<AdminOpcode>(request.command.opcode);
    if (opcode == AdminOpcode::fabrics) {
        return parse_fabrics(request);
    }
    if ((controller_of(request).status & nvme::csts_ready) == 0) {
        return nvme::command_sequence_error;
    }
    switch (opcode) {
        case AdminOpcode::get_log_page:
            return parse_get_log_page(request);
        case AdminOpcode::identify:
            return parse_identify(request);
        case AdminOpcode::abort:
            return accept(request, execute_abort);
        case AdminOpcode::set_features:
            return parse_set_features(request);
        case AdminOpcode::get_features:
            return parse_get_features(request);
        case AdminOpcode::asynchronous_event_request:
            return accept(request, execute_event_request);
        case AdminOpcode::keep_alive:
            return accept(request, execute_keep_alive);
        case AdminOpcode::fabrics:
            break;
    }
    return nvme::invalid_opcode;
}

uint16_t parse_io(Request& request) {
    switch (static_cast<IoOpcode>(request.command.opcode)) {
        case IoOpcode::read:
            return parse_read(request);
        case IoOpcode::write:
            return parse_write(request);
        case IoOpcode::flush:
            return parse_flush(request);
        case IoOpcode::write_zeroes:
            return parse_write_zeroes(request);
        case IoOpcode::compare:
            return parse_compare(request);
        case IoOpcode::dataset_management:
            return parse_deallocate(request);
        case IoOpcode::fabrics:
            return parse_fabrics(request);
    }
    return nvme::invalid_opcode;
}

uint16_t parse(Request& request) {
    const Queue& queue = *request.queue;
    if (queue.controller == nullptr) {
        return parse_unconnected(request);
    }
    queue.controller->keep_alive.note_traffic();
    if ((request.command.flags & nvme::flags_fused_mask) != 0) {
        return nvme::invalid_field;
    }
    return queue.id == 0 ? parse_admin(request) : parse_io(request);
}

}  // namespace

bool Target::dispatch(Request& request) {
    Queue& queue = *request.queue;
    CHECK(!queue.closing, "a closing queue takes no commands");
    ++queue.outstanding;
    ++queue.sq_head;
    if (queue.sq_head >= queue.entries) {
        queue.sq_head = 0;
    }
    request.op.request = &request;
    const uint16_t status = parse(request);
    if (status != nvme::success) {
        respond(request, status, request.completion.result);
        return false;
    }
    return true;
}

void respond(Request& request, uint16_t status, uint64_t result) {
    Queue& queue = *request.queue;
    CHECK(queue.outstanding > 0, "a command is answered once");
    --queue.outstanding;
    request.completion.result = result;
    request.completion.sq_head = queue.sq_head;
    request.completion.sq_id = 0;
    request.completion.command_id = request.command.command_id;
    request.completion.status = static_cast<uint16_t>(status << 1);
    const bool has_data = status == nvme::success && request.direction == DataDirection::to_host;
    request.response_bytes = has_data ? request.transfer_bytes : 0;
    queue.ops->respond(request);
}

Controller& controller_of(const Request& request) {
    return *request.queue->controller;
}

uint16_t accept(Request& request, void (*execute)(Request& request)) {
    return accept(request, execute, DataDirection::none, 0);
}

uint16_t accept(Request& request,
                void (*execute)(Request& request),
                DataDirection direction,
                uint32_t bytes) {
    request.direction = direction;
    request.transfer_bytes = bytes;
    request.execute = execute;
    return nvme::success;
}

}  // namespace target
