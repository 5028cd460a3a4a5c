#include "engine/events.h"

#include <utility>

#include "base/check.h"

namespace engine {
namespace {

Event dropped_event(uint64_t count) {
    Event event;
    event.kind = EventKind::events_dropped;
    event.count = count;
    return event;
}

}  // namespace

EventQueue::EventQueue(size_t capacity, std::function<void()> wake)
    : wake_(std::move(wake)), ring_(capacity) {
    CHECK(capacity > 0, "a queue holds something");
}

void EventQueue::push(Event event) {
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        was_empty = count_ == 0;
        // After a loss the note of it takes the next free place, so two must be free.
        if (full() || (dropped_ > 0 && count_ + 1 == ring_.size())) {
            ++dropped_;
        } else {
            if (dropped_ > 0) {
                store(dropped_event(std::exchange(dropped_, 0)));
            }
            store(std::move(event));
        }
    }
    if (was_empty) {
        wake_();
    }
}

void EventQueue::store(Event event) {
    ring_[(first_ + count_) % ring_.size()] = std::move(event);
    ++count_;
}

bool EventQueue::take(std::vector<Event>& events, size_t limit) {
    const std::lock_guard lock(mutex_);
    for (; count_ > 0 && limit > 0; --limit) {
        events.push_back(std::move(ring_[first_]));
        first_ = (first_ + 1) % ring_.size();
        --count_;
    }
    if (count_ == 0 && dropped_ > 0) {
        events.push_back(dropped_event(std::exchange(dropped_, 0)));
    }
    return count_ > 0;
}

}  // namespace engine
