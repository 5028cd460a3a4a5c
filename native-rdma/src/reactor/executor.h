// What asynchronous code needs of the thread it runs on: later, timers, the time.
//
// The reactor is one; the simulator is another, in virtual time. Thread: the executor's own.
#pragma once

#include <cstdint>

namespace reactor {

// Work for an executor, embedded in its owner and in one queue at most at a time.
struct Task {
    using Run = void (*)(Task& task);
    Run run = nullptr;
    Task* next = nullptr;  // The queue's own.
    bool queued = false;   // The queue's own: set from defer() until just before run().
};

// Fires once, at or soon after its deadline. Rearm from inside `fire` for a period.
struct Timer {
    using Fire = void (*)(Timer& timer);
    Fire fire = nullptr;
    uint64_t deadline_ns = 0;  // On the executor's clock.
    uint32_t heap_index = 0;   // The executor's own: position + 1, or 0 while not armed.
    [[nodiscard]] bool armed() const { return heap_index != 0; }
};

class Executor {
  public:
    virtual ~Executor() = default;
    // Runs `task` later in this turn, never inside this call. A queued task is left where it is.
    virtual void defer(Task& task) = 0;
    // Arming an armed timer moves it. Disarming one that is not armed does nothing.
    virtual void arm(Timer& timer, uint64_t deadline_ns) = 0;
    virtual void disarm(Timer& timer) = 0;
    // Monotonic; read once a turn.
    [[nodiscard]] virtual uint64_t now_ns() const = 0;
};

}  // namespace reactor
