// The armed timers of one executor, soonest first.
//
// A binary heap of pointers; each timer knows its place, so that moving and removing one costs
// O(log n). Thread: the executor's own. Lifetime: a timer is disarmed before it dies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "reactor/executor.h"

namespace reactor {

class TimerHeap {
  public:
    static constexpr uint64_t never = UINT64_MAX;

    // `expected` timers fit without allocating.
    explicit TimerHeap(size_t expected) { heap_.reserve(expected); }

    // Arming an armed timer moves it.
    void arm(Timer& timer, uint64_t deadline_ns);
    void disarm(Timer& timer);
    // Fires what is due at `now_ns`; a timer rearmed while firing waits for the next call. How
    // many.
    uint32_t fire_due(uint64_t now_ns);

    [[nodiscard]] uint64_t soonest_ns() const {
        return heap_.empty() ? never : heap_.front()->deadline_ns;
    }
    [[nodiscard]] size_t count() const { return heap_.size(); }

  private:
    void place(Timer& timer, size_t position);
    void sift_up(size_t position);
    void sift_down(size_t position);

    std::vector<Timer*> heap_;
};

}  // namespace reactor
