#include "initiator/histogram.h"

#include <algorithm>
#include <cmath>

#include "initiator/json_writer.h"

namespace initiator {

void Histogram::add(const Histogram& other) {
    for (uint32_t i = 0; i < bucket_count; ++i) {
        counts_[i] += other.counts_[i];
    }
    count_ += other.count_;
    sum_ns_ += other.sum_ns_;
    max_ns_ = std::max(max_ns_, other.max_ns_);
}

// The largest value that falls into the bucket.
uint64_t Histogram::upper_end(uint32_t bucket) {
    const uint32_t power = bucket / sub_count;
    if (power == 0) {
        return bucket;
    }
    const uint64_t first = uint64_t{bucket % sub_count + sub_count} << (power - 1);
    return first + (uint64_t{1} << (power - 1)) - 1;
}

uint64_t Histogram::percentile_ns(double share) const {
    const auto wanted = static_cast<uint64_t>(std::ceil(static_cast<double>(count_) * share));
    uint64_t seen = 0;
    for (uint32_t i = 0; i < bucket_count; ++i) {
        seen += counts_[i];
        if (seen >= wanted && seen > 0) {
            return std::min(upper_end(i), max_ns_);
        }
    }
    return max_ns_;
}

void Histogram::write(JsonWriter& json, const char* name) const {
    const auto microseconds = [](uint64_t ns) { return static_cast<double>(ns) / 1000; };
    json.begin_object(name);
    json.real("mean", mean_ns() / 1000);
    json.real("p50", microseconds(percentile_ns(0.5)));
    json.real("p90", microseconds(percentile_ns(0.9)));
    json.real("p99", microseconds(percentile_ns(0.99)));
    json.real("p999", microseconds(percentile_ns(0.999)));
    json.real("max", microseconds(max_ns_));
    json.end_object();
}

}  // namespace initiator
