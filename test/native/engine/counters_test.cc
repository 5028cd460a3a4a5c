#include "engine/counters.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <set>

#include "engine/bench.h"

TEST_CASE("counters have distinct names in snake_case") {
    const auto& names = engine::counter_names();
    CHECK_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
    for (const std::string& name : names) {
        CHECK_MESSAGE(
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos,
            name);
    }
}

TEST_CASE("every verb is counted with its bytes, errors and latencies") {
    test::Bench bench(test::options_for({}));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach_ram(test::shown(1, 1024)).ok());
    auto host = bench.connect(1);
    REQUIRE(host != nullptr);
    auto data = test::pattern(1, 4);
    REQUIRE(host->write(0, data).ok());
    REQUIRE(host->write(4, data).ok());
    REQUIRE(host->read(0, data).ok());
    CHECK_EQ(bench.counter("host_write_commands"), 2u);
    CHECK_EQ(bench.counter("host_write_bytes"), 8 * 4096u);
    CHECK_EQ(bench.counter("host_read_commands"), 1u);
    CHECK_EQ(bench.counter("host_read_bytes"), 4 * 4096u);
    CHECK_EQ(bench.counter("host_read_errors"), 0u);
    CHECK_EQ(bench.counter("tcp_connections_now"), 2u);
    CHECK_EQ(bench.counter("volumes_attached_now"), 1u);
    CHECK(bench.counter("tcp_received_bytes") > 8 * 4096u);
    CHECK(bench.counter("reactor_busy_ns") > 0u);
}

TEST_CASE("latency buckets are cumulative and end with every command under 8.6 seconds") {
    volume::Meter meter;
    volume::Op op;
    op.verb = volume::Verb::read;
    op.submitted_ns = 1000;
    for (const uint64_t latency_ns : {0ull, 4096ull, 4097ull, 1ull << 33, 1ull << 40}) {
        meter.count(op, {}, op.submitted_ns + latency_ns);
    }
    const auto& buckets = meter.verbs[0].latencies;
    CHECK_EQ(buckets[0].get(), 2u);
    CHECK_EQ(buckets[1].get(), 1u);
    CHECK_EQ(buckets[volume::latency_bucket_count - 1].get(), 1u);
    CHECK_EQ(buckets[volume::latency_bucket_count].get(), 1u);
}
