#include "target/keep_alive.h"

#include "base/limits.h"
#include "target/controller.h"

namespace target {
namespace {

constexpr uint64_t millisecond_ns = 1'000'000;

uint64_t granted_ms(uint32_t asked_ms) {
    constexpr uint64_t unit_ms = base::limits::keep_alive_granularity_ms;
    return (asked_ms + unit_ms - 1) / unit_ms * unit_ms;
}

}  // namespace

KeepAlive::KeepAlive(Controller& controller, reactor::Executor& executor)
    : controller_(controller), executor_(executor) {
    timer_.keep_alive = this;
    timer_.fire = [](reactor::Timer& timer) { static_cast<Timer&>(timer).keep_alive->expire(); };
}

void KeepAlive::start(uint32_t timeout_ms, uint32_t floor_ms) {
    timeout_ms_ = timeout_ms;
    period_ns_ = granted_ms(timeout_ms != 0 ? timeout_ms : floor_ms) * millisecond_ns;
    if (period_ns_ == 0) {
        stop();
        return;
    }
    arm();
}

void KeepAlive::stop() {
    executor_.disarm(timer_);
}

void KeepAlive::arm() {
    traffic_.store(false, std::memory_order_relaxed);
    executor_.arm(timer_, executor_.now_ns() + period_ns_);
}

void KeepAlive::expire() {
    if (traffic_.load(std::memory_order_relaxed)) {
        arm();
        return;
    }
    controller_.end("keep-alive expired");
}

}  // namespace target
