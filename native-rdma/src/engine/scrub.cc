#include "engine/scrub.h"

#include <utility>

namespace engine {
namespace {

Outcome outcome_of(const Device& device, base::Status status) {
    if (status.ok()) {
        return {};
    }
    const bool busy = status.code() == base::Errc::busy;
    const char* why = busy ? " is being scrubbed already" : " cannot be scrubbed";
    return failure(status, "device " + device.options.path + why);
}

}  // namespace

void start_scrub(Device& device, uint64_t bytes_per_second, ControlThread& control, Done done) {
    run_on(device.home->reactor(),
           [&device, bytes_per_second, &control, done = std::move(done)]() mutable {
               const base::Status status = device.store->start_scrub(bytes_per_second);
               control.post(
                   [&device, status, done = std::move(done)] { done(outcome_of(device, status)); });
           });
}

void stop_scrub(Device& device, ControlThread& control, const Done& done) {
    run_on(device.home->reactor(), [&device, &control, done] {
        device.store->stop_scrub();
        control.post([done] { done({}); });
    });
}

}  // namespace engine
