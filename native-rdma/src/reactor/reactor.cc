#include "reactor/reactor.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

#include "base/check.h"
#include "base/counter.h"
#include "reactor/mailbox.h"
#include "reactor/ring.h"
#include "reactor/timer_heap.h"

namespace reactor {
namespace {

constexpr uint32_t completions_per_turn = 256;
constexpr size_t timers_expected = 4096;
constexpr uint32_t registered_buffers_max = 64;
constexpr uint32_t submit_tries_max = 100'000;
// At depth 32 a turn's completions come ten at a time; a disk that is given its next reads only
// after all of them were handled idles for a third of the time.
constexpr uint32_t prepared_max = 4;
// So many operations keep a device at work while the reactor wakes up: polling would gain nothing,
// and would take the core from whatever of the kernel carries them out.
constexpr uint32_t at_device_deep = 16;
constexpr uint64_t nanoseconds = 1'000'000'000;
// The least a reactor polls, as a share of Options::poll_us: enough to notice that work is dense.
constexpr uint64_t poll_share_min = 16;

thread_local Reactor* running_here = nullptr;

inline void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

}  // namespace

struct Reactor::Impl {
    explicit Impl(const Options& chosen)
        : options(chosen),
          poll_max_ns(uint64_t{chosen.poll_us} * 1000),
          poll_ns(poll_max_ns),
          timers(timers_expected) {}

    Options options;
    Features features;
    io_uring ring{};
    bool enabled = false;

    uint64_t now_ns = 0;
    uint64_t busy_until_ns = 0;  // Time up to here is in busy_ns, or was slept.
    uint64_t poll_max_ns;
    uint64_t poll_ns;  // What polling has proved worth lately.
    TimerHeap timers;
    Task* deferred_first = nullptr;
    Task* deferred_last = nullptr;

    // Any thread.
    Mailbox mailbox;
    std::atomic<bool> stopping = false;
    int wake_fd = -1;

    struct Wake : Operation {
        uint64_t value = 0;
        bool pending = false;
    } wake;

    uint32_t at_device = 0;
    bool registered_table = false;
    uint16_t registered_count = 0;

    struct {
        base::Counter turns, completions, submit_calls, sleeps, busy_ns;
    } counted;

    void enable();
    void pin();
    [[nodiscard]] io_uring_sqe& take_entry();
    void count_busy(uint64_t until_ns);
    void await_wake();
    void ring_doorbell() const;
    uint32_t reap();
    uint32_t run_tasks(Task* first);
    uint32_t turn();
    void submit();
    [[nodiscard]] bool something_waits() const;
    [[nodiscard]] bool poll();
    void sleep();
    void finish();
};

void Reactor::Impl::enable() {
    if (!enabled) {
        enabled = true;
        if (features.single_issuer) {
            const int error = io_uring_enable_rings(&ring);
            CHECK(error == 0, "a ring that was made cannot be enabled");
        }
        // Saves a file lookup per system call where the kernel has it.
        static_cast<void>(io_uring_register_ring_fd(&ring));
    }
    pthread_setname_np(pthread_self(), "ashlar-reactor");
    if (options.cpu >= 0) {
        pin();
    }
}

// The kernel's workers, which carry out what would block, keep the cores there were: on the
// reactor's own core they would wait for its polling to end.
void Reactor::Impl::pin() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        static_cast<void>(io_uring_register_iowq_aff(&ring, sizeof allowed, &allowed));
    }
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(static_cast<size_t>(options.cpu), &own);
    static_cast<void>(pthread_setaffinity_np(pthread_self(), sizeof own, &own));
}

// A free submission entry. What was prepared goes to the kernel first when there is none, or when
// so much waits that a device may run dry meanwhile.
io_uring_sqe& Reactor::Impl::take_entry() {
    if (io_uring_sq_ready(&ring) >= prepared_max) {
        counted.submit_calls.add(1);
        io_uring_submit(&ring);
    }
    io_uring_sqe* entry = io_uring_get_sqe(&ring);
    for (uint32_t tries = 0; entry == nullptr; ++tries) {
        CHECK(tries < submit_tries_max, "the kernel takes no submissions");
        counted.submit_calls.add(1);
        if (io_uring_submit(&ring) <= 0) {
            std::this_thread::yield();
        }
        entry = io_uring_get_sqe(&ring);
    }
    return *entry;
}

void Reactor::Impl::count_busy(uint64_t until_ns) {
    counted.busy_ns.add(until_ns - busy_until_ns);
    busy_until_ns = until_ns;
}

void Reactor::Impl::await_wake() {
    wake.pending = true;
    io_uring_sqe& entry = take_entry();
    io_uring_prep_read(&entry, wake_fd, &wake.value, sizeof wake.value, 0);
    io_uring_sqe_set_data(&entry, static_cast<Operation*>(&wake));
}

void Reactor::Impl::ring_doorbell() const {
    const uint64_t one = 1;
    ssize_t written = 0;
    do {
        written = write(wake_fd, &one, sizeof one);
    } while (written < 0 && errno == EINTR);
}

uint32_t Reactor::Impl::reap() {
    io_uring_cqe* entries[completions_per_turn];
    struct {
        Operation* operation;
        int32_t result;
        uint32_t flags;
    } taken[completions_per_turn];
    const uint32_t count = io_uring_peek_batch_cqe(&ring, entries, completions_per_turn);
    // Copied out first: what a completion starts may itself have to enter the kernel.
    for (uint32_t i = 0; i < count; ++i) {
        taken[i] = {static_cast<Operation*>(io_uring_cqe_get_data(entries[i])),
                    entries[i]->res,
                    entries[i]->flags};
    }
    io_uring_cq_advance(&ring, count);
    for (uint32_t i = 0; i < count; ++i) {
        if (taken[i].operation != nullptr) {
            taken[i].operation->done(*taken[i].operation, taken[i].result, taken[i].flags);
        }
    }
    counted.completions.add(count);
    return count;
}

uint32_t Reactor::Impl::run_tasks(Task* first) {
    uint32_t count = 0;
    while (first != nullptr) {
        Task& task = *first;
        first = task.next;
        task.next = nullptr;
        task.queued = false;
        task.run(task);
        ++count;
    }
    return count;
}

// One turn, without waiting: how much was done.
uint32_t Reactor::Impl::turn() {
    now_ns = clock_ns();
    count_busy(now_ns);
    counted.turns.add(1);
    uint32_t worked = reap();
    worked += timers.fire_due(now_ns);
    worked += run_tasks(mailbox.take());
    Task* deferred = deferred_first;
    deferred_first = deferred_last = nullptr;
    worked += run_tasks(deferred);
    if (!wake.pending) {
        await_wake();
    }
    return worked;
}

// Gives the kernel what was prepared and lets it run the completion work it has put off.
void Reactor::Impl::submit() {
    if (io_uring_sq_ready(&ring) == 0 && features.taskrun_flag &&
        (IO_URING_READ_ONCE(*ring.sq.kflags) & IORING_SQ_TASKRUN) == 0) {
        return;
    }
    counted.submit_calls.add(1);
    const int result = io_uring_submit_and_get_events(&ring);
    CHECK(result >= 0 || result == -EAGAIN || result == -EBUSY || result == -EINTR ||
              result == -ETIME,
          "the kernel refuses the ring");
}

bool Reactor::Impl::something_waits() const {
    return deferred_first != nullptr || io_uring_cq_ready(&ring) > 0 || !mailbox.empty() ||
           (features.taskrun_flag && (IO_URING_READ_ONCE(*ring.sq.kflags) &
                                      (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0);
}

// Watches for work for as long as that has been worth it lately. True when there is some.
bool Reactor::Impl::poll() {
    if (something_waits()) {
        return true;
    }
    const uint64_t give_up_ns = now_ns + poll_ns;
    uint64_t now = now_ns;
    while (now < give_up_ns && now < timers.soonest_ns()) {
        relax();
        if (something_waits()) {
            return true;
        }
        if (!features.taskrun_flag) {
            io_uring_get_events(&ring);
        }
        now = clock_ns();
    }
    if (now >= timers.soonest_ns()) {
        return true;
    }
    poll_ns = std::max(poll_ns / 2, poll_max_ns / poll_share_min);
    return false;
}

void Reactor::Impl::sleep() {
    if (!mailbox.begin_sleep()) {
        return;
    }
    if (stopping.load()) {
        mailbox.end_sleep();
        return;
    }
    counted.sleeps.add(1);
    const uint64_t from_ns = clock_ns();
    count_busy(from_ns);
    const uint64_t soonest_ns = timers.soonest_ns();
    int result = 0;
    if (soonest_ns == TimerHeap::never) {
        result = io_uring_submit_and_wait(&ring, 1);
    } else {
        const uint64_t wait_ns = soonest_ns > from_ns ? soonest_ns - from_ns : 0;
        __kernel_timespec timeout{};
        timeout.tv_sec = static_cast<int64_t>(wait_ns / nanoseconds);
        timeout.tv_nsec = static_cast<int64_t>(wait_ns % nanoseconds);
        io_uring_cqe* entry = nullptr;
        result = io_uring_submit_and_wait_timeout(&ring, &entry, 1, &timeout, nullptr);
    }
    CHECK(result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
              result == -EBUSY,
          "the kernel refuses the ring");
    mailbox.end_sleep();
    now_ns = busy_until_ns = clock_ns();
    if (now_ns - from_ns < poll_max_ns) {
        poll_ns = poll_max_ns;  // Polling would have caught this sooner and cheaper.
    }
}

// The wake-up is the reactor's own operation in flight: bring it home.
void Reactor::Impl::finish() {
    if (wake.pending) {
        ring_doorbell();
    }
    while (wake.pending) {
        io_uring_submit_and_wait(&ring, 1);
        reap();
    }
}

Reactor::Reactor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Reactor::~Reactor() {
    CHECK(running_here != this, "a reactor is destroyed after its run() has returned");
    io_uring_queue_exit(&impl_->ring);
    close(impl_->wake_fd);
}

base::Result<std::unique_ptr<Reactor>> Reactor::create(const Options& options) {
    if (options.ring_entries == 0 || options.cpu >= CPU_SETSIZE) {
        return base::Status(base::Errc::invalid_argument);
    }
    auto impl = std::make_unique<Impl>(options);
    base::Result<Features> features = open_ring(impl->ring, options.ring_entries);
    if (!features) {
        return features.error();
    }
    impl->features = *features;
    impl->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (impl->wake_fd < 0) {
        const auto error = static_cast<uint32_t>(errno);
        io_uring_queue_exit(&impl->ring);
        return base::Status(base::Errc::io_error, error);
    }
    impl->wake.done = [](Operation& operation, int32_t, uint32_t) {
        static_cast<Impl::Wake&>(operation).pending = false;
    };
    impl->now_ns = clock_ns();
    return std::unique_ptr<Reactor>(new Reactor(std::move(impl)));
}

void Reactor::run() {
    CHECK(running_here == nullptr, "one reactor a thread");
    running_here = this;
    Impl& self = *impl_;
    self.enable();
    self.busy_until_ns = clock_ns();
    while (!self.stopping.load(std::memory_order_acquire)) {
        const uint32_t worked = self.turn();
        if (self.at_device >= at_device_deep && !self.something_waits()) {
            self.sleep();  // Submits and waits in one call.
            continue;
        }
        self.submit();
        if (worked == 0 && !self.poll()) {
            self.sleep();
        }
    }
    self.finish();
    self.stopping.store(false);
    running_here = nullptr;
}

void Reactor::stop() {
    impl_->stopping.store(true);
    if (impl_->mailbox.claim_wake()) {
        impl_->ring_doorbell();
    }
}

void Reactor::post(Task& task) {
    if (impl_->mailbox.push(task)) {
        impl_->ring_doorbell();
    }
}

Reactor* Reactor::current() {
    return running_here;
}

void Reactor::defer(Task& task) {
    if (task.queued) {
        return;
    }
    task.queued = true;
    task.next = nullptr;
    if (impl_->deferred_last == nullptr) {
        impl_->deferred_first = &task;
    } else {
        impl_->deferred_last->next = &task;
    }
    impl_->deferred_last = &task;
}

void Reactor::arm(Timer& timer, uint64_t deadline_ns) {
    impl_->timers.arm(timer, deadline_ns);
}

void Reactor::disarm(Timer& timer) {
    impl_->timers.disarm(timer);
}

uint64_t Reactor::now_ns() const {
    return impl_->now_ns;
}

io_uring_sqe& Reactor::prepare(Operation& operation) {
    CHECK(operation.done != nullptr, "an operation needs someone to tell");
    io_uring_sqe& entry = impl_->take_entry();
    io_uring_sqe_set_data(&entry, &operation);
    return entry;
}

void Reactor::cancel(Operation& operation) {
    io_uring_sqe& entry = prepare(operation);
    io_uring_prep_cancel(&entry, &operation, 0);
    io_uring_sqe_set_data(&entry, nullptr);  // Whether it was found is seen from the operation.
}

void Reactor::count_at_device(int32_t change) {
    impl_->at_device += static_cast<uint32_t>(change);
}

base::Result<uint16_t> Reactor::register_buffer(void* data, size_t bytes) {
    Impl& self = *impl_;
    if (!self.registered_table) {
        const int error = io_uring_register_buffers_sparse(&self.ring, registered_buffers_max);
        if (error != 0) {
            return base::Status(base::Errc::unsupported, static_cast<uint32_t>(-error));
        }
        self.registered_table = true;
    }
    if (self.registered_count == registered_buffers_max) {
        return base::Status(base::Errc::unsupported, ENOSPC);
    }
    const iovec vector{data, bytes};
    const __u64 tag = 0;
    const int result =
        io_uring_register_buffers_update_tag(&self.ring, self.registered_count, &vector, &tag, 1);
    if (result < 0) {
        return base::Status(base::Errc::unsupported, static_cast<uint32_t>(-result));
    }
    self.features.registered_buffers = true;
    return self.registered_count++;
}

uint64_t Reactor::clock_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * nanoseconds + static_cast<uint64_t>(now.tv_nsec);
}

uint32_t Reactor::index() const {
    return impl_->options.index;
}

const Features& Reactor::features() const {
    return impl_->features;
}

Reactor::Counters Reactor::counters() const {
    const auto& counted = impl_->counted;
    return {counted.turns.get(),
            counted.completions.get(),
            counted.submit_calls.get(),
            counted.sleeps.get(),
            counted.busy_ns.get()};
}

}  // namespace reactor
