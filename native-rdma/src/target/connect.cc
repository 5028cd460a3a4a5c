#include <cstring>

#include "base/limits.h"
#include "nvme/fabrics.h"
#include "nvme/nqn.h"
#include "nvme/status.h"
#include "target/admin.h"
#include "target/dispatch.h"
#include "target/impl.h"

namespace target {
namespace {

nvme::ConnectCommand connect_command(const Request& request) {
    nvme::ConnectCommand command;
    std::memcpy(&command, &request.command, sizeof command);
    return command;
}

void refuse(Request& request, size_t data_offset) {
    respond(request, nvme::connect_invalid_parameters, nvme::invalid_connect_data(data_offset));
}

void admit(Request& request, Association& asked, bool is_dynamic) {
    const nvme::ConnectCommand command = connect_command(request);
    Queue& queue = *request.queue;
    Registry& registry = queue.target->impl().registry;
    const bool is_admin = asked.queue_id == 0;
    if (is_admin && !is_dynamic) {
        refuse(request, offsetof(nvme::ConnectData, controller_id));
        return;
    }
    const Admission admission =
        is_admin ? registry.connect_admin(queue, asked) : registry.connect_io(queue, asked);
    if (admission.status != nvme::success) {
        respond(request, admission.status, admission.result);
        return;
    }
    if (is_admin) {
        admission.controller->start_keep_alive(command.keep_alive_ms);
    }
    const bool flow_control_off = (command.attributes & nvme::connect_flow_control_off) != 0;
    queue.sq_head =
        flow_control_off ? nvme::sq_head_unused : static_cast<uint16_t>(1 % queue.entries);
    respond(request, nvme::success, admission.result);
}

void execute_connect(Request& request) {
    if (request.queue->controller != nullptr) {
        respond(request, nvme::command_sequence_error);
        return;
    }
    const nvme::ConnectCommand command = connect_command(request);
    nvme::ConnectData data;
    std::memcpy(&data, request.buffer.data, sizeof data);
    const std::optional<std::string> subsystem_nqn = nvme::name_in_field(data.subsystem_nqn);
    const std::optional<std::string> host_nqn = nvme::name_in_field(data.host_nqn);
    if (!subsystem_nqn.has_value()) {
        refuse(request, offsetof(nvme::ConnectData, subsystem_nqn));
        return;
    }
    if (!host_nqn.has_value() || !nvme::is_nqn(*host_nqn)) {
        refuse(request, offsetof(nvme::ConnectData, host_nqn));
        return;
    }
    Association asked;
    asked.queue_id = command.queue_id;
    asked.entries = static_cast<uint16_t>(command.entries_less_one + 1);
    asked.controller_id = data.controller_id;
    asked.subsystem_nqn = *subsystem_nqn;
    asked.host_nqn = *host_nqn;
    std::memcpy(asked.host_id.data(), data.host_id, asked.host_id.size());
    admit(request, asked, data.controller_id == nvme::controller_id_dynamic);
}

// Names the wrong field of the command, as far as this can be seen before its data have come.
uint16_t refuse_command(Request& request, size_t offset) {
    request.completion.result = nvme::invalid_connect_command(offset);
    return nvme::connect_invalid_parameters;
}

}  // namespace

uint16_t parse_connect(Request& request) {
    const nvme::ConnectCommand command = connect_command(request);
    if (command.record_format != 0) {
        return nvme::connect_incompatible_format;
    }
    if (command.queue_id >= Controller::queues_max) {
        return refuse_command(request, offsetof(nvme::ConnectCommand, queue_id));
    }
    const uint32_t entries_max = command.queue_id == 0 ? base::limits::admin_queue_entries
                                                       : base::limits::io_queue_entries_max;
    if (command.entries_less_one == 0 || command.entries_less_one >= entries_max) {
        return refuse_command(request, offsetof(nvme::ConnectCommand, entries_less_one));
    }
    return accept(
        request, execute_connect, DataDirection::to_controller, sizeof(nvme::ConnectData));
}

}  // namespace target
