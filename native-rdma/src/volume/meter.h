// What one reactor's namespaces have done for hosts: commands, bytes, errors and latencies.
//
// Thread: count() the reactor's, the counters any. Lifetime: outlives the backings it measures.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/counter.h"
#include "base/status.h"
#include "volume/backing.h"

namespace volume {

// Latencies by powers of two: bucket i holds those up to bucket_limit_ns(i), the last one all.
inline constexpr uint32_t latency_bucket_first_shift = 12;  // 4 us.
inline constexpr uint32_t latency_bucket_count = 22;        // Up to 8.6 s.

[[nodiscard]] constexpr uint64_t bucket_limit_ns(uint32_t bucket) {
    return uint64_t{1} << (latency_bucket_first_shift + bucket);
}

[[nodiscard]] constexpr uint32_t bucket_of(uint64_t latency_ns) {
    const auto shift = static_cast<uint32_t>(std::bit_width(latency_ns == 0 ? 0 : latency_ns - 1));
    const uint32_t above = std::max(shift, latency_bucket_first_shift) - latency_bucket_first_shift;
    return std::min(above, latency_bucket_count);
}

struct VerbMeter {
    base::Counter commands;
    base::Counter bytes;
    base::Counter errors;
    base::Counter latency_ns;
    // One more than there are limits: for what took longer.
    std::array<base::Counter, latency_bucket_count + 1> latencies;
};

struct Meter {
    std::array<VerbMeter, verb_count> verbs;

    // An operation has been answered. Its latency is as exact as the executor's clock: a turn.
    void count(const Op& op, base::Status status, uint64_t now_ns) {
        VerbMeter& meter = verbs[static_cast<size_t>(op.verb)];
        const uint64_t latency_ns = now_ns - op.submitted_ns;
        meter.commands.add(1);
        meter.bytes.add(uint64_t{op.block_count} * base::limits::block_bytes);
        meter.errors.add(status.ok() ? 0 : 1);
        meter.latency_ns.add(latency_ns);
        meter.latencies[bucket_of(latency_ns)].add(1);
    }
};

}  // namespace volume
