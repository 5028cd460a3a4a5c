#include "target/controller.h"

#include <utility>

#include "nvme/opcodes.h"
#include "nvme/status.h"
#include "target/registry.h"

namespace target {

Controller::Controller(Registry& registry,
                       std::shared_ptr<Subsystem> subsystem,
                       Identity identity,
                       reactor::Reactor& reactor)
    : keep_alive(*this, reactor),
      registry_(registry),
      subsystem_(std::move(subsystem)),
      identity_(std::move(identity)),
      reactor_(reactor) {
    for (QueuePlace& place : places_) {
        place.controller = this;
    }
    notice_.controller = this;
}

uint32_t Controller::optional_events() const {
    return is_discovery() ? nvme::notice_discovery_change : nvme::notice_namespace_attributes;
}

void Controller::end(const char* reason) {
    registry_.end(*this, reason);
}

void Controller::reset() {
    registry_.disable(*this);
    events.reset(nvme::command_aborted);
    features = {};
    status = 0;
    namespace_changed = false;
}

// A discovery controller without keep-alive is not kept for a host that has forgotten it.
void Controller::start_keep_alive(uint32_t timeout_ms) {
    keep_alive.start(timeout_ms, is_discovery() ? base::limits::keep_alive_default_ms : 0);
}

}  // namespace target
