// An executor in virtual time: tasks in order, then whatever is due next. Deterministic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
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
        timer.heap_index = ++armed_;
        timers_.emplace(std::pair(deadline_ns, timer.heap_index), &timer);
    }
    void disarm(reactor::Timer& timer) override {
        if (timer.armed()) {
            timers_.erase({timer.deadline_ns, timer.heap_index});
            timer.heap_index = 0;
        }
    }
    [[nodiscard]] uint64_t now_ns() const override { return now_ns_; }

    // `event` happens `delay_ns` from now; of those due together, the first planned comes first.
    void plan(SimEvent& event, uint64_t delay_ns) {
        events_[{now_ns_ + delay_ns, planned_++}].event = &event;
    }
    // The same of a function, which may never come to run: it is forgotten with the executor.
    void call(uint64_t delay_ns, std::function<void()> what) {
        events_[{now_ns_ + delay_ns, planned_++}].call = std::move(what);
    }

    // When the next thing is due.
    static constexpr uint64_t never = ~uint64_t{0};
    [[nodiscard]] uint64_t due_ns() const {
        const uint64_t timer = timers_.empty() ? never : timers_.begin()->first.first;
        const uint64_t event = events_.empty() ? never : events_.begin()->first.first;
        return tasks_.empty() ? std::max(now_ns_, std::min(timer, event)) : now_ns_;
    }
    // Time passes, and nothing is done: what was due meanwhile is late.
    void advance(uint64_t now_ns) { now_ns_ = std::max(now_ns_, now_ns); }

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
            (events_.empty() || timers_.begin()->first.first <= events_.begin()->first.first);
        if (timer_first) {
            reactor::Timer& timer = *timers_.begin()->second;
            advance(timers_.begin()->first.first);
            disarm(timer);
            timer.fire(timer);
            return true;
        }
        if (events_.empty()) {
            return false;
        }
        advance(events_.begin()->first.first);
        const Planned planned = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        if (planned.event != nullptr) {
            planned.event->happen();
        } else {
            planned.call();
        }
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
    struct Planned {
        SimEvent* event = nullptr;  // Or:
        std::function<void()> call;
    };

    uint64_t now_ns_ = 0;
    uint32_t armed_ = 0;
    uint64_t planned_ = 0;
    std::deque<reactor::Task*> tasks_;
    std::map<std::pair<uint64_t, uint64_t>, Planned> events_;
    std::map<std::pair<uint64_t, uint32_t>, reactor::Timer*> timers_;
};

}  // namespace test
