#include "target/async_events.h"

#include "base/limits.h"
#include "nvme/opcodes.h"
#include "nvme/status.h"
#include "target/dispatch.h"

namespace target {
namespace {

constexpr Event all_events[] = {Event::namespace_changed, Event::discovery_changed};

constexpr uint8_t bit(Event event) {
    return static_cast<uint8_t>(event);
}

uint32_t completion_of(Event event) {
    switch (event) {
        case Event::namespace_changed:
            return nvme::event_namespace_changed;
        case Event::discovery_changed:
            return nvme::event_discovery_changed;
    }
    return 0;
}

}  // namespace

bool AsyncEvents::wanted(Event event) const {
    switch (event) {
        case Event::namespace_changed:
            return (notices_ & nvme::notice_namespace_attributes) != 0;
        case Event::discovery_changed:
            return (notices_ & nvme::notice_discovery_change) != 0;
    }
    return false;
}

void AsyncEvents::park(Request& request) {
    if (parked_.count() == base::limits::aer_per_controller_max) {
        respond(request, nvme::event_limit_exceeded);
        return;
    }
    parked_.push_back(request);
    deliver();
}

void AsyncEvents::raise(Event event) {
    if (wanted(event) && (reported_ & bit(event)) == 0) {
        pending_ |= bit(event);
        deliver();
    }
}

void AsyncEvents::acknowledge(Event event) {
    pending_ &= static_cast<uint8_t>(~bit(event));
    reported_ &= static_cast<uint8_t>(~bit(event));
}

bool AsyncEvents::abort(uint16_t command_id) {
    for (Request* request = parked_.front(); request != nullptr;
         request = parked_.after(*request)) {
        if (request->command.command_id == command_id) {
            parked_.remove(*request);
            respond(*request, nvme::command_aborted);
            return true;
        }
    }
    return false;
}

void AsyncEvents::reset(uint16_t status) {
    notices_ = 0;
    pending_ = reported_ = 0;
    while (Request* request = parked_.pop_front()) {
        respond(*request, status);
    }
}

void AsyncEvents::deliver() {
    for (const Event event : all_events) {
        if ((pending_ & bit(event)) == 0 || parked_.empty()) {
            continue;
        }
        pending_ &= static_cast<uint8_t>(~bit(event));
        reported_ |= bit(event);
        respond(*parked_.pop_front(), nvme::success, completion_of(event));
    }
}

}  // namespace target
