#include "engine/reactor_thread.h"

#include <csignal>
#include <doctest/doctest.h>
#include <future>
#include <pthread.h>

namespace {

constexpr size_t pool_bytes = size_t{4} << 20;

engine::ReactorThreads make(uint32_t count) {
    engine::ReactorThreads threads;
    for (uint32_t index = 0; index < count; ++index) {
        reactor::Options options;
        options.index = index;
        auto thread = engine::ReactorThread::create(options, pool_bytes);
        REQUIRE(thread.has_value());
        threads.push_back(std::move(*thread));
    }
    return threads;
}

}  // namespace

TEST_CASE("what is run on a reactor runs on its thread, which no signal reaches") {
    auto threads = make(1);
    std::promise<bool> here;
    std::promise<bool> blocked;
    engine::run_on(threads[0]->reactor(), [&] {
        here.set_value(reactor::Reactor::current() == &threads[0]->reactor());
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        blocked.set_value(sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGSEGV) == 0);
    });
    CHECK(here.get_future().get());
    CHECK(blocked.get_future().get());
}

TEST_CASE("pools are registered with every reactor under one index each") {
    auto threads = make(2);
    engine::ControlThread control;
    std::promise<uint32_t> told;
    engine::register_pools(threads, control, [&](uint32_t error) { told.set_value(error); });
    const uint32_t error = told.get_future().get();
    // Where no memory may be locked, it says so instead.
    for (const auto& thread : threads) {
        CHECK((thread->reactor().features().registered_buffers || error != 0));
    }
}

TEST_CASE("a pool that cannot be had is refused, not the end of the process") {
    CHECK_EQ(engine::ReactorThread::create({}, 0).error().code(), base::Errc::invalid_argument);
}

TEST_CASE("stopping twice is the same as once") {
    auto threads = make(1);
    threads[0]->stop();
    threads[0]->stop();
}
