#include "reactor/mailbox.h"

#include "base/check.h"

namespace reactor {

bool Mailbox::push(Task& task) {
    CHECK(!task.queued, "the task is in a queue already");
    task.queued = true;
    Task* seen = newest_.load(std::memory_order_relaxed);
    do {
        task.next = seen;
    } while (!newest_.compare_exchange_weak(
        seen, &task, std::memory_order_seq_cst, std::memory_order_relaxed));
    // Both sides are sequentially consistent: either this sees the sleep begin, or begin_sleep()
    // sees the task.
    return sleeping_.load() && claim_wake();
}

Task* Mailbox::take() {
    if (empty()) {
        return nullptr;
    }
    Task* task = newest_.exchange(nullptr, std::memory_order_acquire);
    Task* oldest = nullptr;
    while (task != nullptr) {
        Task* older = task->next;
        task->next = oldest;
        oldest = task;
        task = older;
    }
    return oldest;
}

bool Mailbox::begin_sleep() {
    sleeping_.store(true);
    if (newest_.load() == nullptr) {
        return true;
    }
    end_sleep();
    return false;
}

}  // namespace reactor
