// A node's clock: it begins anywhere, and ticks a little faster or slower than true time.
#pragma once

#include <cstdint>

namespace test {

struct SimClock {
    static constexpr uint64_t per_mille = 1000;
    uint64_t begin_ns = 0;
    uint64_t rate = per_mille;  // Its nanoseconds in a thousand true ones.

    [[nodiscard]] uint64_t local(uint64_t true_ns) const {
        return begin_ns + true_ns * rate / per_mille;
    }
    // The first moment at which it shows at least `local_ns`.
    [[nodiscard]] uint64_t reached(uint64_t local_ns) const {
        return local_ns <= begin_ns ? 0 : ((local_ns - begin_ns) * per_mille + rate - 1) / rate;
    }
};

}  // namespace test
