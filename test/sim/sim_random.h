// A small generator of random numbers, the same on every machine.
#pragma once

#include <cstdint>

namespace test {

class SimRandom {
  public:
    explicit SimRandom(uint64_t seed) : state_(seed) {}

    // SplitMix64.
    uint64_t next() {
        state_ += 0x9e3779b97f4a7c15;
        uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }
    // From 0 up to, not including, `end`.
    uint32_t below(uint32_t end) { return static_cast<uint32_t>(next() % end); }
    bool percent(uint32_t chance) { return below(100) < chance; }

  private:
    uint64_t state_;
};

}  // namespace test
