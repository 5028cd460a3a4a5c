#include "bench/address_pattern.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace bench {
namespace {

constexpr double rest = 1 - AddressPattern::zipf_theta;

double density(double x) {
    return std::exp(-AddressPattern::zipf_theta * std::log(x));
}

// The integral of density(), and its inverse.
double area(double x) {
    return std::expm1(rest * std::log(x)) / rest;
}
double area_inverse(double value) {
    return std::exp(std::log1p(std::max(value * rest, -1.0)) / rest);
}

// A step near the golden section scatters neighbours; coprime with the count it visits every place.
uint64_t stride_for(uint64_t count) {
    constexpr double golden = 0.6180339887498949;
    auto stride = std::max<uint64_t>(static_cast<uint64_t>(static_cast<double>(count) * golden), 1);
    while (std::gcd(stride, count) != 1) {
        ++stride;
    }
    return stride;
}

}  // namespace

AddressPattern::AddressPattern(Order order, uint64_t count, uint64_t seed)
    : order_(order), count_(count), stride_(stride_for(count)), random_(seed) {
    CHECK(count > 0, "there is a place to choose");
    area_from_ = area(1.5) - 1;
    area_to_ = area(static_cast<double>(count) + 0.5);
    certain_ = 2 - area_inverse(area(2.5) - density(2));
}

uint64_t AddressPattern::next() {
    switch (order_) {
        case Order::sequential:
            return taken_++ % count_;
        case Order::random:
            return random_.next() % count_;
        case Order::zipfian:
            return place_of(next_rank());
    }
    return 0;
}

uint64_t AddressPattern::place_of(uint64_t rank) const {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(rank) * stride_ % count_);
}

// Rejection-inversion (Hörmann and Derflinger 1996): exact, without a table, rarely more than one
// round. A point under the density's hull is drawn and taken when it lies in its rank's column.
uint64_t AddressPattern::next_rank() {
    for (;;) {
        const double point = area_to_ + random_.fraction() * (area_from_ - area_to_);
        const double x = area_inverse(point);
        const auto nearest = static_cast<uint64_t>(std::llround(x));
        const uint64_t rank = std::clamp<uint64_t>(nearest, 1, count_);
        const auto k = static_cast<double>(rank);
        if (k - x <= certain_ || point >= area(k + 0.5) - density(k)) {
            return rank - 1;
        }
    }
}

}  // namespace bench
