#include "engine/control_thread.h"

#include <pthread.h>
#include <utility>

#include "base/check.h"
#include "engine/quiet_thread.h"

namespace engine {

ControlThread::ControlThread() : thread_(start_quiet("ashlar-control", [this] { run(); })) {}

ControlThread::~ControlThread() {
    CHECK(std::this_thread::get_id() != thread_.get_id(), "a thread cannot wait for itself");
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void ControlThread::post(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
}

std::function<void()> ControlThread::later(std::function<void()> job) {
    return [this, job = std::move(job)] { post(job); };
}

void ControlThread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) {
            return;
        }
        const std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        lock.lock();
    }
}

std::shared_ptr<Join> Join::create(ControlThread& control,
                                   size_t count,
                                   std::function<void()> last) {
    if (count == 0) {
        control.post(std::move(last));
        return nullptr;
    }
    return std::shared_ptr<Join>(new Join(control, count, std::move(last)));
}

Join::Join(ControlThread& control, size_t count, std::function<void()> last)
    : control_(control), left_(count), last_(std::move(last)) {}

void Join::arrive() {
    const std::lock_guard lock(mutex_);
    CHECK(left_ > 0, "nobody arrives twice");
    if (--left_ == 0) {
        control_.post(std::move(last_));
    }
}

}  // namespace engine
