#include "volume/meter.h"

#include <doctest/doctest.h>

#include "router/fake_store.h"
#include "volume/ram_backing.h"

TEST_CASE("a latency falls into the first bucket whose limit it does not pass") {
    CHECK_EQ(volume::bucket_of(0), 0u);
    CHECK_EQ(volume::bucket_of(volume::bucket_limit_ns(0)), 0u);
    for (uint32_t bucket = 1; bucket < volume::latency_bucket_count; ++bucket) {
        CHECK_EQ(volume::bucket_of(volume::bucket_limit_ns(bucket)), bucket);
        CHECK_EQ(volume::bucket_of(volume::bucket_limit_ns(bucket - 1) + 1), bucket);
    }
    CHECK_EQ(volume::bucket_of(~uint64_t{0}), volume::latency_bucket_count);
}

TEST_CASE("a backing counts what it has answered, not what it refused") {
    test::ManualExecutor executor;
    volume::Meter meter;
    const auto region = volume::RamRegion::create(16);
    REQUIRE(region.has_value());
    volume::RamBacking backing(*region.value(), executor, &meter);
    std::vector<uint8_t> data(3 * 4096);
    volume::Op op;
    op.verb = volume::Verb::write;
    op.block_count = 3;
    op.data = data.data();
    op.done = [](volume::Op&, base::Status) {};
    REQUIRE(backing.submit(op).ok());
    executor.turn_until_idle();
    op.first_block = 15;
    CHECK_FALSE(backing.submit(op).ok());
    const volume::VerbMeter& writes = meter.verbs[static_cast<size_t>(volume::Verb::write)];
    CHECK_EQ(writes.commands.get(), 1u);
    CHECK_EQ(writes.bytes.get(), 3 * 4096u);
    CHECK_EQ(writes.errors.get(), 0u);
    CHECK_EQ(writes.latencies[0].get(), 1u);
}
