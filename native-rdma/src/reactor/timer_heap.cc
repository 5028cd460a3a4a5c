#include "reactor/timer_heap.h"

#include "base/check.h"

namespace reactor {

void TimerHeap::arm(Timer& timer, uint64_t deadline_ns) {
    CHECK(timer.fire != nullptr, "a timer needs something to do");
    if (!timer.armed()) {
        timer.deadline_ns = deadline_ns;
        heap_.push_back(&timer);
        place(timer, heap_.size() - 1);
        sift_up(heap_.size() - 1);
        return;
    }
    const bool sooner = deadline_ns < timer.deadline_ns;
    timer.deadline_ns = deadline_ns;
    const size_t position = timer.heap_index - 1;
    sooner ? sift_up(position) : sift_down(position);
}

void TimerHeap::disarm(Timer& timer) {
    if (!timer.armed()) {
        return;
    }
    const size_t position = timer.heap_index - 1;
    CHECK(position < heap_.size() && heap_[position] == &timer, "the timer is of another executor");
    timer.heap_index = 0;
    Timer& last = *heap_.back();
    heap_.pop_back();
    if (&last == &timer) {
        return;
    }
    place(last, position);
    sift_up(position);
    sift_down(last.heap_index - 1);
}

uint32_t TimerHeap::fire_due(uint64_t now_ns) {
    uint32_t fired = 0;
    // The count is fixed first: a timer that rearms itself at once must not hold the turn.
    for (size_t left = heap_.size(); left > 0 && soonest_ns() <= now_ns; --left) {
        Timer& timer = *heap_.front();
        disarm(timer);
        timer.fire(timer);
        ++fired;
    }
    return fired;
}

void TimerHeap::place(Timer& timer, size_t position) {
    heap_[position] = &timer;
    timer.heap_index = static_cast<uint32_t>(position + 1);
}

void TimerHeap::sift_up(size_t position) {
    Timer& timer = *heap_[position];
    while (position > 0) {
        const size_t parent = (position - 1) / 2;
        if (heap_[parent]->deadline_ns <= timer.deadline_ns) {
            break;
        }
        place(*heap_[parent], position);
        position = parent;
    }
    place(timer, position);
}

void TimerHeap::sift_down(size_t position) {
    Timer& timer = *heap_[position];
    for (;;) {
        size_t child = 2 * position + 1;
        if (child >= heap_.size()) {
            break;
        }
        if (child + 1 < heap_.size() && heap_[child + 1]->deadline_ns < heap_[child]->deadline_ns) {
            ++child;
        }
        if (timer.deadline_ns <= heap_[child]->deadline_ns) {
            break;
        }
        place(*heap_[child], position);
        position = child;
    }
    place(timer, position);
}

}  // namespace reactor
