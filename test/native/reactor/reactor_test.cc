#include "reactor/reactor.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <functional>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using reactor::Reactor;

std::unique_ptr<Reactor> make(const reactor::Options& options = {}) {
    auto made = Reactor::create(options);
    REQUIRE(made.has_value());
    return std::move(made.value());
}

struct Lambda : reactor::Task {
    explicit Lambda(std::function<void()> body) : call(std::move(body)) {
        run = [](reactor::Task& task) { static_cast<Lambda&>(task).call(); };
    }
    std::function<void()> call;
};

struct Completion : reactor::Operation {
    explicit Completion(std::function<void(int32_t)> body) : call(std::move(body)) {
        done = [](reactor::Operation& operation, int32_t result, uint32_t) {
            static_cast<Completion&>(operation).call(result);
        };
    }
    std::function<void(int32_t)> call;
};

uint64_t thread_cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

TEST_CASE("posted tasks run on the reactor's thread, in order, before and after it sleeps") {
    auto reactor = make();
    std::vector<int> order;
    Reactor* seen = nullptr;
    Lambda first([&] { order.push_back(1); });
    Lambda second([&] {
        order.push_back(2);
        seen = Reactor::current();
    });
    Lambda last([&] {
        order.push_back(3);
        reactor->stop();
    });
    reactor->post(first);
    reactor->post(second);
    std::thread thread([&] { reactor->run(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    reactor->post(last);
    thread.join();
    const std::vector<int> expected{1, 2, 3};
    CHECK(order == expected);
    CHECK(seen == reactor.get());
    CHECK(Reactor::current() == nullptr);
}

TEST_CASE("a deferred task runs later in the turn and is queued once") {
    auto reactor = make();
    int runs = 0;
    bool ran_inside = false;
    Lambda deferred([&] { ++runs; });
    Lambda starter([&] {
        reactor->defer(deferred);
        reactor->defer(deferred);
        ran_inside = runs != 0;
    });
    Lambda stopper([&] { reactor->stop(); });
    reactor->post(starter);
    reactor->post(stopper);
    reactor->run();
    CHECK(runs == 1);
    CHECK_FALSE(ran_inside);
}

TEST_CASE("a timer wakes a sleeping reactor no sooner than its deadline") {
    auto reactor = make();
    struct Alarm : reactor::Timer {
        Reactor* owner = nullptr;
        uint64_t fired_ns = 0;
    } alarm;
    alarm.owner = reactor.get();
    alarm.fire = [](reactor::Timer& timer) {
        auto& self = static_cast<Alarm&>(timer);
        self.fired_ns = Reactor::clock_ns();
        self.owner->stop();
    };
    Lambda starter([&] { reactor->arm(alarm, Reactor::clock_ns() + 30'000'000); });
    reactor->post(starter);
    reactor->run();
    CHECK(alarm.fired_ns >= alarm.deadline_ns);
    CHECK_FALSE(alarm.armed());
    CHECK(reactor->counters().sleeps > 0);
}

TEST_CASE("operations complete with the kernel's answer, never inside prepare") {
    auto reactor = make();
    int pipe_fds[2];
    REQUIRE(pipe(pipe_fds) == 0);
    char text[8] = {};
    bool inside = true;
    bool completed_inside = false;
    int32_t answer = 0;
    Completion read([&](int32_t result) {
        completed_inside = inside;
        answer = result;
        reactor->stop();
    });
    Lambda starter([&] {
        io_uring_prep_read(&reactor->prepare(read), pipe_fds[0], text, sizeof text, 0);
        inside = false;
    });
    reactor->post(starter);
    std::thread thread([&] { reactor->run(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(write(pipe_fds[1], "stone", 5) == 5);
    thread.join();
    CHECK(answer == 5);
    CHECK(std::strcmp(text, "stone") == 0);
    CHECK_FALSE(completed_inside);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

TEST_CASE("a cancelled operation completes as cancelled") {
    auto reactor = make();
    int pipe_fds[2];
    REQUIRE(pipe(pipe_fds) == 0);
    char text[8];
    int32_t answer = 0;
    Completion read([&](int32_t result) {
        answer = result;
        reactor->stop();
    });
    Lambda starter([&] {
        io_uring_prep_read(&reactor->prepare(read), pipe_fds[0], text, sizeof text, 0);
        reactor->cancel(read);
    });
    reactor->post(starter);
    reactor->run();
    CHECK(answer == -ECANCELED);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

TEST_CASE("more operations than the ring holds are submitted as they come") {
    reactor::Options options;
    options.ring_entries = 8;
    auto reactor = make(options);
    constexpr uint32_t count = 500;
    uint32_t done = 0;
    std::vector<Completion> operations(count, Completion([&](int32_t result) {
                                           CHECK(result == 0);
                                           if (++done == count) {
                                               reactor->stop();
                                           }
                                       }));
    Lambda starter([&] {
        for (Completion& operation : operations) {
            io_uring_prep_nop(&reactor->prepare(operation));
        }
    });
    reactor->post(starter);
    reactor->run();
    CHECK(done == count);
    CHECK(reactor->counters().completions >= count);
}

TEST_CASE("registered memory is read into by its index") {
    auto reactor = make();
    alignas(4096) static uint8_t memory[8192];
    int pipe_fds[2];
    REQUIRE(pipe(pipe_fds) == 0);
    REQUIRE(write(pipe_fds[1], "granite", 7) == 7);
    int32_t answer = 0;
    bool registered = false;
    Completion read([&](int32_t result) {
        answer = result;
        reactor->stop();
    });
    Lambda starter([&] {
        auto index = reactor->register_buffer(memory, sizeof memory);
        registered = index.has_value();
        if (!registered) {  // No lockable memory here: callers fall back to plain reads.
            reactor->stop();
            return;
        }
        io_uring_prep_read_fixed(&reactor->prepare(read), pipe_fds[0], memory + 4096, 7, 0, *index);
    });
    reactor->post(starter);
    reactor->run();
    CHECK(reactor->features().registered_buffers == registered);
    CHECK((!registered || (answer == 7 && std::memcmp(memory + 4096, "granite", 7) == 0)));
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

TEST_CASE("two reactors pass a task to and fro without losing a wake-up") {
    auto left = make();
    auto right = make();
    constexpr int rounds = 20'000;
    int round = 0;
    struct Ball : reactor::Task {
        std::function<void()> hit;
    } ball;
    ball.run = [](reactor::Task& task) { static_cast<Ball&>(task).hit(); };
    ball.hit = [&] {
        if (++round == rounds) {
            left->stop();
            right->stop();
            return;
        }
        (Reactor::current() == left.get() ? right : left)->post(ball);
    };
    left->post(ball);
    std::thread thread([&] { right->run(); });
    left->run();
    thread.join();
    CHECK(round == rounds);
}

TEST_CASE("an idle reactor uses under one per cent of a core") {
    auto reactor = make();
    uint64_t used_ns = 0;
    const uint64_t from_ns = Reactor::clock_ns();
    std::thread thread([&] {
        reactor->run();
        used_ns = thread_cpu_ns();
    });
    std::this_thread::sleep_for(std::chrono::seconds(1));
    reactor->stop();
    thread.join();
    const uint64_t wall_ns = Reactor::clock_ns() - from_ns;
    CHECK(used_ns * 100 < wall_ns);
    CHECK(reactor->counters().busy_ns * 100 < wall_ns);
}

TEST_CASE("a reactor that would poll sleeps when much is at the device") {
    constexpr uint64_t span_ns = 50'000'000;
    reactor::Options options;
    options.poll_us = 1'000'000;
    auto reactor = make(options);
    uint64_t cpu_ns[2] = {};
    uint32_t runs = 0;
    struct Tick : reactor::Timer {
        std::function<void()> call;
    } tick;
    tick.fire = [](reactor::Timer& timer) { static_cast<Tick&>(timer).call(); };
    uint64_t from_ns = 0;
    const auto begin = [&](int32_t at_device) {
        reactor->count_at_device(at_device);
        from_ns = thread_cpu_ns();
        reactor->arm(tick, Reactor::clock_ns() + span_ns);
    };
    tick.call = [&] {
        cpu_ns[runs] = thread_cpu_ns() - from_ns;
        ++runs;
        runs == 1 ? begin(-64) : reactor->stop();
    };
    Lambda start([&] { begin(64); });
    reactor->post(start);
    reactor->run();
    REQUIRE(runs == 2);
    CHECK(cpu_ns[0] * 2 < cpu_ns[1]);
}

TEST_CASE("stopping before running ends the first run, and a reactor runs again") {
    auto reactor = make();
    reactor->stop();
    reactor->run();
    bool ran = false;
    Lambda task([&] {
        ran = true;
        reactor->stop();
    });
    reactor->post(task);
    reactor->run();
    CHECK(ran);
}

TEST_CASE("settings that cannot be are refused") {
    reactor::Options none;
    none.ring_entries = 0;
    CHECK(Reactor::create(none).error().code() == base::Errc::invalid_argument);
    reactor::Options nowhere;
    nowhere.cpu = 1 << 20;
    CHECK(Reactor::create(nowhere).error().code() == base::Errc::invalid_argument);
}
