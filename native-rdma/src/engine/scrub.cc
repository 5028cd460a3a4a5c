#include "engine/scrub.h"

#include <utility>

namespace engine {
namespace {

// Until the store itself can: then these two go.
template <typename Store>
concept Scrubs = requires(Store& store) { store.start_scrub(uint64_t{0}); };

template <typename Store>
base::Status start(Store& store, uint64_t bytes_per_second) {
    if constexpr (Scrubs<Store>) {
        return store.start_scrub(bytes_per_second);
    } else {
        static_cast<void>(store);
        static_cast<void>(bytes_per_second);
        return base::Status(base::Errc::unsupported);
    }
}

template <typename Store>
void stop(Store& store) {
    if constexpr (Scrubs<Store>) {
        store.stop_scrub();
    } else {
        static_cast<void>(store);
    }
}

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
               const base::Status status = start(*device.store, bytes_per_second);
               control.post(
                   [&device, status, done = std::move(done)] { done(outcome_of(device, status)); });
           });
}

void stop_scrub(Device& device, ControlThread& control, const Done& done) {
    run_on(device.home->reactor(), [&device, &control, done] {
        stop(*device.store);
        control.post([done] { done({}); });
    });
}

}  // namespace engine
