#include <cstring>

#include "base/limits.h"
#include "nvme/opcodes.h"
#include "nvme/status.h"
#include "target/admin.h"
#include "target/controller.h"
#include "target/dispatch.h"
#include "target/registry.h"

namespace target {
namespace {

using nvme::Feature;

constexpr uint32_t save_bit = 1u << 31;
constexpr uint32_t select_mask = 7u << 8;  // Of Get Features: anything but the current value.
constexpr uint32_t smart_warnings_mask = 0xff;
constexpr uint32_t block_error_bit = 1u << 16;      // DULBE of feature 05h.
constexpr uint32_t power_state_mask = 0x1f;         // Of feature 02h.
constexpr uint32_t extended_host_id_bit = 1u << 0;  // Of feature 81h.
constexpr uint32_t threshold_below_bit = 1u << 20;  // THSEL of feature 04h: the lower one.
constexpr uint32_t threshold_highest = 0xffff;
constexpr uint32_t queue_count_invalid = 0xffff;

Feature feature_of(const Request& request) {
    return static_cast<Feature>(request.command.cdw10 & 0xff);
}

uint32_t both_counts(uint16_t count) {
    return (count - 1u) | (count - 1u) << 16;
}

// A controller has as many submission as completion queues: over fabrics they are one.
void set_queue_count(Request& request, uint32_t value) {
    Controller& controller = controller_of(request);
    const uint32_t submission = value & 0xffff;
    const uint32_t completion = value >> 16;
    if (submission == queue_count_invalid || completion == queue_count_invalid) {
        respond(request, nvme::invalid_field);
        return;
    }
    const uint32_t wanted = (submission < completion ? submission : completion) + 1;
    const auto granted = controller.registry().grant_queues(controller, wanted);
    if (!granted.has_value()) {
        respond(request, nvme::command_sequence_error);
        return;
    }
    respond(request, nvme::success, both_counts(*granted));
}

// The status of a new value; it is kept when that is success.
uint16_t set_value(Controller& controller, Feature feature, uint32_t value) {
    switch (feature) {
        case Feature::arbitration:
            controller.features.arbitration = value;
            return nvme::success;
        case Feature::power_management:
            return (value & power_state_mask) == 0 ? nvme::success : nvme::invalid_field;
        case Feature::temperature_threshold:
            return nvme::feature_not_changeable;  // There is no thermometer.
        case Feature::error_recovery:
            if ((value & block_error_bit) != 0) {
                return nvme::invalid_field;
            }
            controller.features.error_recovery = value;
            return nvme::success;
        case Feature::write_atomicity:
            controller.features.write_atomicity = value;
            return nvme::success;
        case Feature::asynchronous_events:
            if ((value & ~(controller.optional_events() | smart_warnings_mask)) != 0) {
                return nvme::invalid_field;
            }
            controller.events.enable(value);
            return nvme::success;
        case Feature::keep_alive_timer:
            controller.start_keep_alive(value);
            return nvme::success;
        case Feature::host_identifier:
            return nvme::command_sequence_error;  // Connect has settled it.
        case Feature::queue_count:
            break;
    }
    return nvme::invalid_field;
}

void execute_set(Request& request) {
    const uint32_t value = request.command.cdw11;
    if (feature_of(request) == Feature::queue_count) {
        set_queue_count(request, value);
        return;
    }
    respond(request, set_value(controller_of(request), feature_of(request), value));
}

uint32_t get_value(const Controller& controller, Feature feature, uint32_t dword11) {
    switch (feature) {
        case Feature::arbitration:
            return controller.features.arbitration;
        case Feature::temperature_threshold:
            return (dword11 & threshold_below_bit) != 0 ? 0 : threshold_highest;
        case Feature::error_recovery:
            return controller.features.error_recovery;
        case Feature::queue_count:
            return both_counts(controller.registry().queues_granted(controller));
        case Feature::write_atomicity:
            return controller.features.write_atomicity;
        case Feature::asynchronous_events:
            return controller.events.enabled();
        case Feature::keep_alive_timer:
            return controller.keep_alive.timeout_ms();
        case Feature::power_management:
        case Feature::host_identifier:
            break;
    }
    return 0;
}

void execute_get(Request& request) {
    const Controller& controller = controller_of(request);
    if (request.direction == DataDirection::to_host) {
        const base::Uuid& host_id = controller.identity().host_id;
        std::memcpy(request.buffer.data, host_id.data(), host_id.size());
    }
    respond(
        request, nvme::success, get_value(controller, feature_of(request), request.command.cdw11));
}

bool is_supported(const Controller& controller, Feature feature) {
    switch (feature) {
        case Feature::asynchronous_events:
        case Feature::keep_alive_timer:
        case Feature::host_identifier:
            return true;
        case Feature::arbitration:
        case Feature::power_management:
        case Feature::temperature_threshold:
        case Feature::error_recovery:
        case Feature::queue_count:
        case Feature::write_atomicity:
            return !controller.is_discovery();
    }
    return false;
}

}  // namespace

uint16_t parse_set_features(Request& request) {
    if (!is_supported(controller_of(request), feature_of(request))) {
        return nvme::invalid_field;
    }
    if ((request.command.cdw10 & save_bit) != 0) {
        return nvme::feature_not_saveable;
    }
    return accept(request, execute_set);
}

uint16_t parse_get_features(Request& request) {
    const Feature feature = feature_of(request);
    if (!is_supported(controller_of(request), feature) ||
        (request.command.cdw10 & select_mask) != 0) {
        return nvme::invalid_field;
    }
    if (feature != Feature::host_identifier) {
        return accept(request, execute_get);
    }
    if ((request.command.cdw11 & extended_host_id_bit) == 0) {
        return nvme::invalid_field;  // Over fabrics it has 16 bytes.
    }
    return accept(request, execute_get, DataDirection::to_host, sizeof(base::Uuid));
}

}  // namespace target
