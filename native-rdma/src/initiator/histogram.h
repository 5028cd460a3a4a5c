// Latencies counted in log-linear buckets: 64 to each power of two, so within 1.6 % of the truth.
//
// Thread: one. Recording allocates nothing and costs a few instructions.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace initiator {

class JsonWriter;

class Histogram {
  public:
    void record(uint64_t value_ns) {
        ++counts_[bucket_of(value_ns)];
        ++count_;
        sum_ns_ += value_ns;
        max_ns_ = value_ns > max_ns_ ? value_ns : max_ns_;
    }
    void add(const Histogram& other);
    void clear() { *this = {}; }

    [[nodiscard]] uint64_t count() const { return count_; }
    [[nodiscard]] uint64_t max_ns() const { return max_ns_; }
    [[nodiscard]] double mean_ns() const {
        return count_ == 0 ? 0 : static_cast<double>(sum_ns_) / static_cast<double>(count_);
    }
    // The value that `share` (0..1) of all values do not exceed; at most max_ns().
    [[nodiscard]] uint64_t percentile_ns(double share) const;

    // As an object of microseconds: mean, p50, p90, p99, p999, max.
    void write(JsonWriter& json, const char* name) const;

  private:
    static constexpr uint32_t sub_shift = 6;
    static constexpr uint32_t sub_count = 1u << sub_shift;
    static constexpr uint32_t value_bits_max = 42;  // 73 minutes; longer ones count as that.
    static constexpr uint32_t bucket_count = (value_bits_max - sub_shift + 1) * sub_count;

    [[nodiscard]] static uint32_t bucket_of(uint64_t value) {
        constexpr uint64_t largest = (uint64_t{1} << value_bits_max) - 1;
        const uint64_t bounded = value < largest ? value : largest;
        const auto width = static_cast<uint32_t>(std::bit_width(bounded));
        if (width <= sub_shift) {
            return static_cast<uint32_t>(bounded);
        }
        const uint32_t power = width - sub_shift;
        // The bits below the highest one choose among the power's buckets.
        return power * sub_count + static_cast<uint32_t>(bounded >> (power - 1)) - sub_count;
    }
    [[nodiscard]] static uint64_t upper_end(uint32_t bucket);

    uint64_t count_ = 0;
    uint64_t sum_ns_ = 0;
    uint64_t max_ns_ = 0;
    std::array<uint64_t, bucket_count> counts_{};
};

}  // namespace initiator
