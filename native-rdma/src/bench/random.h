// Pseudo-random numbers for measurements: the same seed, the same run.
//
// Thread: one.
#pragma once

#include <cstdint>

namespace bench {

class Random {
  public:
    explicit Random(uint64_t seed = 88172645463325252) : state_(seed) {}

    // Any of 64 bits (xorshift64*).
    uint64_t next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1d;
    }
    // From 0 up to, and without, 1.
    double fraction() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  private:
    uint64_t state_;
};

}  // namespace bench
