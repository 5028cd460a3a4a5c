#include "nvme/identify.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/limits.h"
#include "nvme/fabrics.h"
#include "nvme/opcodes.h"
#include "nvme/properties.h"
#include "nvme/status.h"
#include "target/admin.h"
#include "target/controller.h"
#include "target/dispatch.h"
#include "target/registry.h"

namespace target {
namespace {

using nvme::IdentifyKind;

constexpr uint8_t command_set_nvm = 0;

template <size_t size>
void fill_padded(char (&field)[size], const std::string& text) {
    std::memset(field, ' ', size);
    std::memcpy(field, text.data(), std::min(text.size(), size));
}

void fill_common(const Controller& controller, nvme::IdentifyController& out) {
    const Subsystem& subsystem = controller.subsystem();
    fill_padded(out.serial, subsystem.serial);
    fill_padded(out.model, subsystem.model);
    fill_padded(out.firmware_revision, controller.registry().options().firmware_revision);
    out.transfer_shift = base::limits::mdts;
    out.controller_id = controller.identity().id;
    out.version = nvme::version_1_4;
    out.optional_events = controller.optional_events();
    out.attributes = nvme::attribute_host_id_128 | nvme::attribute_traffic_keep_alive;
    out.abort_limit = base::limits::abort_per_controller_max - 1;
    out.event_request_limit = base::limits::aer_per_controller_max - 1;
    out.firmware_updates = nvme::firmware_one_fixed_slot;
    out.keep_alive_granularity = base::limits::keep_alive_granularity_ms / 100;
    out.sq_entry_bytes = 0x66;
    out.cq_entry_bytes = 0x44;
    out.commands_max = base::limits::io_queue_entries_max;
    out.sgl_support = nvme::sgl_supported | nvme::sgl_in_capsule_offset | nvme::sgl_transport_block;
    std::memcpy(out.subsystem_nqn, subsystem.nqn.data(), subsystem.nqn.size());
    out.command_capsule_units = (sizeof(nvme::Command) + base::limits::in_capsule_bytes) / 16;
    out.response_capsule_units = sizeof(nvme::Completion) / 16;
    out.descriptors_max = 1;
}

void fill_controller(const Controller& controller, nvme::IdentifyController& out) {
    fill_common(controller, out);
    if (controller.is_discovery()) {
        out.controller_type = nvme::controller_type_discovery;
        out.log_page_attributes = nvme::log_extended_data;
        return;
    }
    out.controller_type = nvme::controller_type_io;
    out.multiple_paths = nvme::paths_many_controllers;
    out.log_page_attributes = nvme::log_command_effects | nvme::log_extended_data;
    out.error_log_entries = ErrorLog::entries_max - 1;
    out.namespace_count = only_namespace;
    out.optional_commands =
        nvme::optional_compare | nvme::optional_dataset_management | nvme::optional_write_zeroes;
    out.volatile_write_cache = nvme::no_volatile_cache;
}

void fill_namespace(const Request& request, nvme::IdentifyNamespace& out) {
    const Subsystem& subsystem = controller_of(request).subsystem();
    const uint64_t blocks = subsystem.backing(*request.queue->reactor)->block_count();
    out.size = out.capacity = out.utilization = blocks;
    // Any number of controllers reach it; Linux then keeps commands through the loss of a path.
    out.sharing = nvme::namespace_shared;
    out.deallocation = nvme::deallocated_reads_zeroes | nvme::write_zeroes_may_deallocate;
    std::copy(subsystem.uuid.begin(), subsystem.uuid.end(), out.nguid);
    out.lba_formats[0].data_shift = base::limits::block_shift;
}

void fill_descriptors(const Subsystem& subsystem, uint8_t* out) {
    for (const uint8_t type : {nvme::descriptor_uuid, nvme::descriptor_nguid}) {
        const nvme::NamespaceDescriptor header{type, sizeof(base::Uuid), {}};
        std::memcpy(out, &header, sizeof header);
        std::memcpy(out + sizeof header, subsystem.uuid.data(), subsystem.uuid.size());
        out += sizeof header + subsystem.uuid.size();
    }
}

void fill_nvm_limits(nvme::IdentifyNvmController& out) {
    constexpr uint8_t largest_block_count_shift = 16;
    static_assert(base::limits::deallocate_ranges_max == 256, "0 stands for all the command has");
    out.write_zeroes_shift = largest_block_count_shift;
    out.deallocate_range_blocks = base::limits::deallocate_range_blocks_max;
}

// The page is all zero before.
void fill(const Request& request, uint8_t* page) {
    const nvme::Command& command = request.command;
    switch (static_cast<IdentifyKind>(command.cdw10 & 0xff)) {
        case IdentifyKind::ns:
            fill_namespace(request, *reinterpret_cast<nvme::IdentifyNamespace*>(page));
            break;
        case IdentifyKind::controller:
            fill_controller(controller_of(request),
                            *reinterpret_cast<nvme::IdentifyController*>(page));
            break;
        case IdentifyKind::active_namespaces:
            page[0] = command.namespace_id < only_namespace ? only_namespace : 0;
            break;
        case IdentifyKind::ns_descriptors:
            fill_descriptors(controller_of(request).subsystem(), page);
            break;
        case IdentifyKind::command_set_controller:
            fill_nvm_limits(*reinterpret_cast<nvme::IdentifyNvmController*>(page));
            break;
        case IdentifyKind::command_set_ns:
            break;  // No protection information, no other formats: all zero.
    }
}

void execute_identify(Request& request) {
    std::memset(request.buffer.data, 0, nvme::identify_bytes);
    fill(request, request.buffer.data);
    respond(request, nvme::success);
}

uint16_t check(const nvme::Command& command) {
    const bool is_nvm = command.cdw11 >> 24 == command_set_nvm;
    const bool is_ours = command.namespace_id == only_namespace;
    switch (static_cast<IdentifyKind>(command.cdw10 & 0xff)) {
        case IdentifyKind::ns:
        case IdentifyKind::ns_descriptors:
            return is_ours ? nvme::success : nvme::invalid_namespace;
        case IdentifyKind::controller:
            return nvme::success;
        case IdentifyKind::active_namespaces:
            return command.namespace_id < nvme::all_namespaces - 1 ? nvme::success
                                                                   : nvme::invalid_namespace;
        case IdentifyKind::command_set_ns:
            if (!is_nvm) {
                return nvme::invalid_field;
            }
            return is_ours ? nvme::success : nvme::invalid_namespace;
        case IdentifyKind::command_set_controller:
            return is_nvm ? nvme::success : nvme::invalid_field;
    }
    return nvme::invalid_field;
}

}  // namespace

uint16_t parse_identify(Request& request) {
    const nvme::Command& command = request.command;
    const bool of_controller =
        static_cast<IdentifyKind>(command.cdw10 & 0xff) == IdentifyKind::controller;
    if (controller_of(request).is_discovery() && !of_controller) {
        return nvme::invalid_field;
    }
    if (const uint16_t status = check(command); status != nvme::success) {
        return status;
    }
    return accept(request, execute_identify, DataDirection::to_host, nvme::identify_bytes);
}

}  // namespace target
