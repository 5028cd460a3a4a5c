#include "initiator/histogram.h"

#include "initiator/json_writer.h"

using initiator::Histogram;

TEST_CASE("an empty histogram answers with zeroes") {
    const Histogram histogram;
    CHECK(histogram.count() == 0);
    CHECK(histogram.percentile_ns(0.99) == 0);
    CHECK(histogram.mean_ns() == 0);
}

TEST_CASE("small values are counted exactly") {
    Histogram histogram;
    for (uint64_t value = 0; value < 128; ++value) {
        histogram.record(value);
    }
    CHECK(histogram.percentile_ns(0.5) == 63);
    CHECK(histogram.percentile_ns(1) == 127);
    CHECK(histogram.percentile_ns(0) == 0);
    CHECK(histogram.max_ns() == 127);
    CHECK(histogram.mean_ns() == 63.5);
}

TEST_CASE("every value comes back within 1.6 % and never below itself") {
    for (uint64_t value = 1; value < uint64_t{1} << 41; value = value * 3 / 2 + 1) {
        Histogram histogram;
        histogram.record(value);
        histogram.record(value * 8);  // Keeps the maximum from answering for it.
        const uint64_t found = histogram.percentile_ns(0.5);
        CHECK(found >= value);
        CHECK(static_cast<double>(found - value) <= static_cast<double>(value) * 0.016);
    }
}

TEST_CASE("percentiles split a known distribution where they should") {
    Histogram histogram;
    for (int i = 0; i < 990; ++i) {
        histogram.record(1'000);
    }
    for (int i = 0; i < 10; ++i) {
        histogram.record(1'000'000);
    }
    CHECK(histogram.percentile_ns(0.99) < 1'020);
    CHECK(histogram.percentile_ns(0.991) == 1'000'000);
}

TEST_CASE("a value too long for the buckets still counts, and is the maximum") {
    Histogram histogram;
    histogram.record(UINT64_MAX);
    CHECK(histogram.count() == 1);
    CHECK(histogram.max_ns() == UINT64_MAX);
    CHECK(histogram.percentile_ns(0.5) == (uint64_t{1} << 42) - 1);
}

TEST_CASE("two histograms added answer as one") {
    Histogram first;
    Histogram second;
    first.record(10);
    second.record(90);
    first.add(second);
    CHECK(first.count() == 2);
    CHECK(first.percentile_ns(0.5) == 10);
    CHECK(first.percentile_ns(1) == 90);
    first.clear();
    CHECK(first.count() == 0);
}

TEST_CASE("a histogram is told in microseconds") {
    Histogram histogram;
    histogram.record(2'000);
    initiator::JsonWriter json;
    json.begin_object();
    histogram.write(json, "latencyUs");
    json.end_object();
    CHECK(json.str() == R"({"latencyUs":{"mean":2.000,"p50":2.000,"p90":2.000,"p99":2.000,)"
                        R"("p999":2.000,"max":2.000}})");
}
