#include "bench/address_pattern.h"

#include <cmath>
#include <set>
#include <vector>

namespace {

using bench::AddressPattern;
using bench::Order;

std::vector<uint64_t> counts_of(AddressPattern& pattern, uint64_t places, uint64_t draws) {
    std::vector<uint64_t> counts(places);
    for (uint64_t i = 0; i < draws; ++i) {
        const uint64_t place = pattern.next();
        REQUIRE(place < places);
        ++counts[place];
    }
    return counts;
}

}  // namespace

TEST_CASE("in order means every place, and again from the first") {
    AddressPattern pattern(Order::sequential, 3, 1);
    for (const uint64_t expected : {0, 1, 2, 0, 1}) {
        CHECK(pattern.next() == expected);
    }
}

TEST_CASE("at random means each place about as often") {
    constexpr uint64_t places = 10;
    constexpr uint64_t draws = 100'000;
    AddressPattern pattern(Order::random, places, 7);
    for (const uint64_t count : counts_of(pattern, places, draws)) {
        CHECK(count > draws / places * 9 / 10);
        CHECK(count < draws / places * 11 / 10);
    }
}

TEST_CASE("zipfian gives the place of each rank its share") {
    constexpr uint64_t places = 1000;
    constexpr uint64_t draws = 1'000'000;
    double sum = 0;
    for (uint64_t rank = 1; rank <= places; ++rank) {
        sum += std::pow(static_cast<double>(rank), -AddressPattern::zipf_theta);
    }
    AddressPattern pattern(Order::zipfian, places, 7);
    const std::vector<uint64_t> counts = counts_of(pattern, places, draws);
    for (const uint64_t rank : {1, 2, 3, 10, 100}) {
        CAPTURE(rank);
        const double share = std::pow(static_cast<double>(rank), -AddressPattern::zipf_theta) / sum;
        const auto seen = static_cast<double>(counts[pattern.place_of(rank - 1)]);
        CHECK(seen / draws > share * 0.93);
        CHECK(seen / draws < share * 1.07);
    }
}

TEST_CASE("the ranks are scattered: each place is one rank's, neighbours are far apart") {
    for (const uint64_t places : {1, 2, 3, 1024, 99'999}) {
        CAPTURE(places);
        const AddressPattern pattern(Order::zipfian, places, 1);
        std::set<uint64_t> seen;
        for (uint64_t rank = 0; rank < places; ++rank) {
            seen.insert(pattern.place_of(rank));
        }
        CHECK(seen.size() == places);
        CHECK(*seen.rbegin() == places - 1);
    }
    const AddressPattern pattern(Order::zipfian, 1024, 1);
    CHECK(pattern.place_of(1) - pattern.place_of(0) > 256);
}

TEST_CASE("the same seed gives the same run") {
    AddressPattern one(Order::zipfian, 1000, 5);
    AddressPattern other(Order::zipfian, 1000, 5);
    for (int i = 0; i < 100; ++i) {
        CHECK(one.next() == other.next());
    }
}
