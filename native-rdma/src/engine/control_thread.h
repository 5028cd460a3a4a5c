// The thread on which an engine is configured: it owns the tables, so that they need no lock.
//
// Jobs run one after another and must not wait for hosts or devices: what takes long goes on
// elsewhere and posts a job when it has ended.
//
// Thread: post() any. Lifetime: the destructor runs what is posted, then joins.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace engine {

class ControlThread {
  public:
    ControlThread();
    ~ControlThread();
    ControlThread(const ControlThread&) = delete;
    ControlThread& operator=(const ControlThread&) = delete;

    void post(std::function<void()> job);
    // `job` wrapped so that calling it, on any thread, posts it.
    [[nodiscard]] std::function<void()> later(std::function<void()> job);

  private:
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    bool stopping_ = false;
    std::thread thread_;
};

// Calls `last` on the control thread when arrive() has been called `count` times, on any threads.
// With a count of 0, at once.
class Join {
  public:
    static std::shared_ptr<Join> create(ControlThread& control,
                                        size_t count,
                                        std::function<void()> last);
    void arrive();

  private:
    Join(ControlThread& control, size_t count, std::function<void()> last);

    ControlThread& control_;
    std::mutex mutex_;
    size_t left_;
    std::function<void()> last_;
};

}  // namespace engine
