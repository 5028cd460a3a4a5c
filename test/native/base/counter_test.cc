#include "base/counter.h"

#include <doctest/doctest.h>
#include <thread>

TEST_CASE("a counter read by another thread only grows, to the sum of what was added") {
    base::Counter counter;
    constexpr uint64_t rounds = 100'000;
    std::thread writer([&counter] {
        for (uint64_t round = 0; round < rounds; ++round) {
            counter.add(2);
        }
    });
    uint64_t last = 0;
    bool grew = true;
    while (last < 2 * rounds) {
        const uint64_t now = counter.get();
        grew = grew && now >= last;
        last = now;
    }
    writer.join();
    CHECK(grew);
    CHECK_EQ(counter.get(), 2 * rounds);
}
