// One thread, one io_uring: sockets, disk, timers and wake-ups of everything that lives on it.
//
// A turn of the loop: completions, due timers, the mailbox, deferred tasks, submit. After work the
// loop polls for a short while, then sleeps in the kernel; an idle reactor costs no processor time.
//
// Thread: each function says; "own" means the thread in run(). Nothing on a turn may block.
// Lifetime: Operations, Tasks and Timers belong to the caller and must outlive their use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <liburing.h>

#include "base/status.h"
#include "reactor/executor.h"

namespace reactor {

// One io_uring operation in flight, embedded in what waits for it. `done` is called once for each
// completion entry, never inside prepare(); `result` is what the kernel answered (-errno: failed).
struct Operation {
    using Done = void (*)(Operation& operation, int32_t result, uint32_t cqe_flags);
    Done done = nullptr;
};

struct Options {
    uint32_t index = 0;  // Which of the gateway's reactors this is.
    int32_t cpu = -1;    // Core to run on, or -1 to leave it to the kernel.
    uint32_t ring_entries = 1024;
    uint32_t poll_us = 50;  // How long to poll after the last work before sleeping; 0: never.
};

// What the kernel offered when the ring was made.
struct Features {
    bool single_issuer = false;
    bool defer_taskrun = false;
    bool taskrun_flag = false;        // Polling needs no system call.
    bool registered_buffers = false;  // Buffers given to register_buffer() were accepted.
    bool multishot_accept = false;
};

class Reactor final : public Executor {
  public:
    // Any thread. Fails with Errc::unsupported (detail: errno) when io_uring is not allowed here.
    static base::Result<std::unique_ptr<Reactor>> create(const Options& options);
    ~Reactor() override;
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    // Runs the loop on the calling thread until stop(). Everything submitted must have completed by
    // then: closing is the owners' business.
    void run();
    // Any thread: run() returns after the current turn.
    void stop();
    // Any thread: `task` runs on this reactor's thread. Allocates nothing, never fails; tasks from
    // one thread run in order. Bounded because each task is embedded in a bounded object.
    void post(Task& task);
    // The reactor whose run() is on this thread, or null.
    [[nodiscard]] static Reactor* current();

    // Own thread: see executor.h.
    void defer(Task& task) override;
    void arm(Timer& timer, uint64_t deadline_ns) override;
    void disarm(Timer& timer) override;
    [[nodiscard]] uint64_t now_ns() const override;

    // Own thread: a submission entry whose completion goes to `operation`. The caller fills it with
    // io_uring_prep_*, which must not touch user_data. Never fails: a full queue is submitted
    // first.
    [[nodiscard]] io_uring_sqe& prepare(Operation& operation);
    // Own thread: asks the kernel to cancel; the operation completes with -ECANCELED or normally.
    void cancel(Operation& operation);

    // Own thread: so many operations more (or fewer) are at a device. Never below zero.
    void count_at_device(int32_t change);

    // Own thread: registers memory for io_uring_prep_read_fixed and write_fixed. The index to use,
    // or Errc::unsupported (no lockable memory): use plain reads and writes then.
    base::Result<uint16_t> register_buffer(void* data, size_t bytes);

    // The monotonic clock, read now (any thread).
    [[nodiscard]] static uint64_t clock_ns();

    [[nodiscard]] uint32_t index() const;
    [[nodiscard]] const Features& features() const;

    struct Counters {
        uint64_t turns = 0;
        uint64_t completions = 0;
        uint64_t submit_calls = 0;
        uint64_t sleeps = 0;
        uint64_t busy_ns = 0;  // Time outside the kernel's wait.
    };
    // Any thread; each field is read at some recent moment.
    [[nodiscard]] Counters counters() const;

  private:
    struct Impl;
    explicit Reactor(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace reactor
