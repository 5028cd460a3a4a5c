// An executor in virtual time: tasks in order, then whatever is due next. Deterministic.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "reactor/executor.h"

namespace test {

// What happens at a moment of virtual time.
struct SimEvent {
    virtual void happen() = 0;

  protected:
    ~SimEvent() = default;
};

class SimExecutor final : public reactor::Executor {
  public:
    void defer(reactor::Task& task) override {
        if (!task.queued) {
            task.queued = true;
            tasks_.push_back(&task);
        }
    }
    void arm(reactor::Timer& timer, uint64_t deadline_ns) override {
        disarm(timer);
        timer.deadline_ns = deadline_ns;
        timer.heap_index = 1;
        timers_.emplace(deadline_ns, &timer);
    }
    void disarm(reactor::Timer& timer) override {
        if (timer.armed()) {
            timers_.erase({timer.deadline_ns, &timer});
            timer.heap_index = 0;
        }
    }
    [[nodiscard]] uint64_t now_ns() const override { return now_ns_; }

    // `event` happens `delay_ns` from now; of those due together, the first planned comes first.
    void plan(SimEvent& event, uint64_t delay_ns) {
        events_.emplace(std::pair(now_ns_ + delay_ns, planned_++), &event);
    }

    // Does the next thing; false when nothing is left to do.
    bool step() {
        if (!tasks_.empty()) {
            reactor::Task& task = *tasks_.front();
            tasks_.pop_front();
            task.queued = false;
            task.run(task);
            return true;
        }
        const bool timer_first =
            !timers_.empty() &&
            (events_.empty() || timers_.begin()->first <= events_.begin()->first.first);
        if (timer_first) {
            reactor::Timer& timer = *timers_.begin()->second;
            now_ns_ = timers_.begin()->first;
            disarm(timer);
            timer.fire(timer);
            return true;
        }
        if (events_.empty()) {
            return false;
        }
        SimEvent& event = *events_.begin()->second;
        now_ns_ = events_.begin()->first.first;
        events_.erase(events_.begin());
        event.happen();
        return true;
    }
    // Steps until `done` or nothing is left to do.
    void run_until(const bool& done) {
        while (!done && step()) {
        }
    }
    void run() {
        while (step()) {
        }
    }

  private:
    uint64_t now_ns_ = 0;
    uint64_t planned_ = 0;
    std::deque<reactor::Task*> tasks_;
    std::map<std::pair<uint64_t, uint64_t>, SimEvent*> events_;
    std::set<std::pair<uint64_t, reactor::Timer*>> timers_;
};

}  // namespace test
