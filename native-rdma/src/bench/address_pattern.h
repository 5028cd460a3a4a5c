// Which of `count` places the next operation goes to: in order, evenly at random, or zipfian.
//
// Zipfian: the place of rank k is chosen with a share of 1 / k^0.99, as usual for benchmarks of
// stores, and the ranks are scattered over the places so that hot ones are not neighbours.
// Thread: one.
#pragma once

#include <cstdint>

#include "bench/random.h"

namespace bench {

enum class Order : uint8_t { random, sequential, zipfian };

class AddressPattern {
  public:
    static constexpr double zipf_theta = 0.99;

    AddressPattern() = default;
    // Requires: count > 0.
    AddressPattern(Order order, uint64_t count, uint64_t seed);

    [[nodiscard]] uint64_t next();
    // Where the place of a rank, 0 the hottest, is: each place is one rank's.
    [[nodiscard]] uint64_t place_of(uint64_t rank) const;

  private:
    [[nodiscard]] uint64_t next_rank();

    Order order_ = Order::sequential;
    uint64_t count_ = 1;
    uint64_t taken_ = 0;  // Sequential: how many so far.
    uint64_t stride_ = 1;
    Random random_;
    // Of the sampling: see next_rank().
    double area_from_ = 0;
    double area_to_ = 0;
    double certain_ = 0;
};

}  // namespace bench
