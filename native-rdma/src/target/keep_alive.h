// Ends a controller whose host has been silent for too long.
//
// Any command on any queue is a sign of life (TBKAS): a host that is busy with data need not have
// its Keep Alive looked at in time. So the end comes between one and two time-outs after the last
// sign.
//
// Thread: the admin queue's reactor; note_traffic() that of any queue.
#pragma once

#include <atomic>
#include <cstdint>

#include "reactor/executor.h"

namespace target {

class Controller;

class KeepAlive {
  public:
    KeepAlive(Controller& controller, reactor::Executor& executor);

    // The time-out a host has asked for, rounded up to what is granted; 0 turns it off, unless
    // `floor_ms` says how long silence is suffered even then.
    void start(uint32_t timeout_ms, uint32_t floor_ms);
    void stop();
    [[nodiscard]] uint32_t timeout_ms() const { return timeout_ms_; }

    // Written only when that changes something: the flag stays in every core's cache.
    void note_traffic() {
        if (!traffic_.load(std::memory_order_relaxed)) {
            traffic_.store(true, std::memory_order_relaxed);
        }
    }

  private:
    struct Timer : reactor::Timer {
        KeepAlive* keep_alive = nullptr;
    };
    void arm();
    void expire();

    Controller& controller_;
    reactor::Executor& executor_;
    Timer timer_;
    uint32_t timeout_ms_ = 0;
    uint64_t period_ns_ = 0;
    std::atomic<bool> traffic_ = false;
};

}  // namespace target
