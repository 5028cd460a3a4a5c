// CC and CSTS, the states a host moves its controller through:
//
//   disabled ──EN 1──▶ ready ──EN 0──▶ resetting ──I/O queues gone──▶ disabled
//      │ EN 1, settings we do not have                 ready ──SHN──▶ shut down (CSTS.SHST)
//      └──▶ fatal (CSTS.CFS) ──EN 0──▶ disabled
#include "nvme/properties.h"

#include <cstring>

#include "base/limits.h"
#include "nvme/fabrics.h"
#include "nvme/status.h"
#include "target/admin.h"
#include "target/controller.h"
#include "target/dispatch.h"
#include "target/registry.h"

namespace target {
namespace {

constexpr uint8_t ready_timeout_half_seconds = 15;
constexpr uint64_t all_capabilities =
    nvme::capabilities(base::limits::io_queue_entries_max, ready_timeout_half_seconds);

nvme::PropertyCommand property_command(const Request& request) {
    nvme::PropertyCommand command;
    std::memcpy(&command, &request.command, sizeof command);
    return command;
}

bool is_acceptable(uint32_t configuration) {
    return (configuration & (nvme::cc_command_set_mask | nvme::cc_page_size_mask |
                             nvme::cc_arbitration_mask)) == 0 &&
           (configuration & nvme::cc_sq_entry_mask) == nvme::cc_sq_entry_64 &&
           (configuration & nvme::cc_cq_entry_mask) == nvme::cc_cq_entry_16;
}

void configure(Controller& controller, uint32_t configuration) {
    const uint32_t before = controller.configuration;
    controller.configuration = configuration;
    const bool was_enabled = (before & nvme::cc_enable) != 0;
    const bool is_enabled = (configuration & nvme::cc_enable) != 0;
    if (was_enabled && !is_enabled) {
        controller.reset();
    } else if (!was_enabled && is_enabled) {
        const bool ready = is_acceptable(configuration);
        controller.status = ready ? nvme::csts_ready : nvme::csts_fatal;
        if (ready) {
            controller.registry().enable(controller);
        }
    }
    // What was acknowledged is durable, so there is nothing to wait for.
    if ((configuration & nvme::cc_shutdown_mask) != 0) {
        controller.status |= nvme::csts_shutdown_complete;
        controller.registry().set_reason(controller, "host disconnected");
    } else {
        controller.status &= ~nvme::csts_shutdown_complete;
    }
}

// Until the last I/O queue is gone a reset is not over: what was under way may still be written.
uint32_t visible_status(const Controller& controller) {
    const bool is_resetting = (controller.configuration & nvme::cc_enable) == 0 &&
                              controller.registry().has_io_queues(controller);
    return controller.status | (is_resetting ? nvme::csts_ready : 0);
}

void execute_property_get(Request& request) {
    const nvme::PropertyCommand command = property_command(request);
    const Controller& controller = controller_of(request);
    uint64_t value = 0;
    switch (command.offset) {
        case nvme::property_cap:
            value = all_capabilities;
            break;
        case nvme::property_vs:
            value = nvme::version_1_4;
            break;
        case nvme::property_cc:
            value = controller.configuration;
            break;
        case nvme::property_csts:
            value = visible_status(controller);
            break;
        default:
            break;
    }
    respond(request, nvme::success, value);
}

void execute_property_set(Request& request) {
    const nvme::PropertyCommand command = property_command(request);
    configure(controller_of(request), static_cast<uint32_t>(command.value));
    respond(request, nvme::success);
}

}  // namespace

uint16_t parse_property_get(Request& request) {
    const nvme::PropertyCommand command = property_command(request);
    const bool is_known =
        command.offset == nvme::property_cap || command.offset == nvme::property_vs ||
        command.offset == nvme::property_cc || command.offset == nvme::property_csts;
    const uint8_t size = command.offset == nvme::property_cap ? nvme::property_eight_bytes
                                                              : nvme::property_four_bytes;
    if (!is_known || (command.size & nvme::property_size_mask) != size) {
        return nvme::invalid_field;
    }
    return accept(request, execute_property_get);
}

uint16_t parse_property_set(Request& request) {
    const nvme::PropertyCommand command = property_command(request);
    if (command.offset != nvme::property_cc ||
        (command.size & nvme::property_size_mask) != nvme::property_four_bytes) {
        return nvme::invalid_field;
    }
    return accept(request, execute_property_set);
}

}  // namespace target
