#include "initiator/rate_meter.h"

TEST_CASE("the best tenth of a second counts, not the mean") {
    initiator::RateMeter meter;
    CHECK(meter.best() == 0);
    meter.start(0);
    uint64_t now_ns = 0;
    for (int i = 0; i < 100; ++i) {  // Slow: one in 10 ms.
        meter.count(now_ns += 10'000'000);
    }
    CHECK(meter.best() == 100);
    for (int i = 0; i < 1'000; ++i) {  // Fast: one in 1 ms.
        meter.count(now_ns += 1'000'000);
    }
    CHECK(meter.best() == 1'000);
    meter.count(now_ns += 5'000'000'000);
    CHECK(meter.best() == 1'000);
}
