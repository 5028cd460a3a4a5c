#include "sim_life.h"

namespace test {

namespace {

// More than any end takes; a store that goes on working for ever reaches it.
constexpr uint32_t steps_max = 1'000'000;

}  // namespace

SimLife::Opening& SimLife::prepare() {
    opening.over = false;
    opening.Opened::done =
        [](store::Store::Opened& opened, base::Status status, std::unique_ptr<store::Store> made) {
            auto& self = static_cast<Opening&>(opened);
            self.status = status;
            self.store = std::move(made);
            self.over = true;
        };
    return opening;
}

void SimLife::begin_open(const store::StoreOptions& options) {
    store::Store::open(*device, executor, options, prepare());
}

void SimLife::begin_format(const store::StoreOptions& options) {
    store::Store::format(*device, executor, options, prepare());
}

void SimLife::begin_close() {
    closing.over = false;
    closing.run = [](reactor::Task& task) { static_cast<Closing&>(task).over = true; };
    store->close(closing);
}

bool SimLife::run_until(const bool& over) {
    for (uint32_t steps = 0; !over && steps < steps_max && executor.step(); ++steps) {
    }
    return over;
}

void SimLife::break_down() {
    if (device != nullptr) {
        device->fates = nullptr;
        device->break_down(true);
    }
}

bool SimLife::end() {
    break_down();
    if (!run_until(opening.over)) {
        return false;
    }
    if (opening.store != nullptr) {
        store = std::move(opening.store);
    }
    if (store != nullptr) {
        if (closing.run == nullptr) {
            begin_close();
        }
        if (!run_until(closing.over)) {
            return false;
        }
        store.reset();
    }
    executor.run();
    return device == nullptr || device->in_flight() == 0;
}

}  // namespace test
