// Tasks from any thread to one reactor: a lock-free list that the reactor empties at once.
//
// Thread: push() any, take() and the sleep calls the reactor's. Bounded because each task is
// embedded in a bounded object and in one queue at most.
#pragma once

#include <atomic>

#include "reactor/executor.h"

namespace reactor {

class Mailbox {
  public:
    // True when the reactor sleeps (or is about to) and the caller must wake it.
    [[nodiscard]] bool push(Task& task);
    // Everything pushed so far, oldest first, linked by `next`; null when empty.
    [[nodiscard]] Task* take();
    [[nodiscard]] bool empty() const { return newest_.load(std::memory_order_acquire) == nullptr; }

    // Says that a wake-up is needed from now on. False (and nothing said) when tasks are waiting.
    [[nodiscard]] bool begin_sleep();
    void end_sleep() { sleeping_.store(false, std::memory_order_relaxed); }
    // Claims the one wake-up that a sleep needs. Any thread.
    [[nodiscard]] bool claim_wake() { return sleeping_.exchange(false); }

  private:
    std::atomic<Task*> newest_ = nullptr;
    std::atomic<bool> sleeping_ = false;
};

}  // namespace reactor
