#include "engine/sampler.h"

#include <doctest/doctest.h>
#include <future>

#include "engine/reactor_thread.h"
#include "router/fake_store.h"

namespace {

struct Bench {
    std::unique_ptr<engine::ReactorThread> thread = [] {
        auto made = engine::ReactorThread::create({}, size_t{4} << 20);
        REQUIRE(made.has_value());
        return std::move(*made);
    }();
    test::FakeStore store;
    router::Shard shard{thread->reactor(), &thread->reactor(), store};
    engine::Sampler sampler{thread->reactor(), thread->pool(), {&shard}};

    ~Bench() { thread->stop(); }
    engine::Sample sample() {
        sampler.ask();
        sampler.await();
        engine::Sample copy;
        sampler.read([&copy](const engine::Sample& sample) { copy = sample; });
        return copy;
    }
};

}  // namespace

TEST_CASE("a sample shows what the reactor holds now") {
    Bench bench;
    CHECK_EQ(bench.sample().pool_free_bytes, bench.thread->pool().bytes());
    memory::Buffer buffer;
    std::promise<void> taken;
    engine::run_on(bench.thread->reactor(), [&] {
        buffer = bench.thread->pool().acquire(8192);
        bench.store.stats_now.live_bytes = 12345;
        taken.set_value();
    });
    taken.get_future().get();
    const engine::Sample sample = bench.sample();
    CHECK_EQ(sample.pool_free_bytes, bench.thread->pool().bytes() - 8192);
    REQUIRE_EQ(sample.stores.size(), 1u);
    CHECK_EQ(sample.stores[0].live_bytes, 12345u);
    engine::run_on(bench.thread->reactor(), [&] { bench.thread->pool().release(buffer); });
    CHECK_EQ(bench.sample().pool_free_bytes, bench.thread->pool().bytes());
}

TEST_CASE("a reactor that does not answer is not waited for: the last sample must do") {
    Bench bench;
    const uint64_t free_bytes = bench.sample().pool_free_bytes;
    std::promise<void> go_on;
    engine::run_on(bench.thread->reactor(), [&] { go_on.get_future().wait(); });
    CHECK_EQ(bench.sample().pool_free_bytes, free_bytes);
    CHECK_EQ(bench.sample().pool_free_bytes, free_bytes);
    go_on.set_value();
    CHECK_EQ(bench.sample().pool_free_bytes, free_bytes);
}
