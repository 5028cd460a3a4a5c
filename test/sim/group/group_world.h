// What one run of whole placement groups shares: true time, the seed's choices, the verdict.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "replication/ports.h"
#include "sim_executor.h"
#include "sim_random.h"
#include "sim_trace.h"

namespace test {

// How often what the simulator is for has happened, over all runs: nothing of it may stay at 0.
struct GroupCounts {
    uint64_t operations = 0;
    uint64_t answered = 0;
    uint64_t retries = 0;
    uint64_t fenced = 0;
    uint64_t no_space = 0;
    uint64_t messages = 0;
    uint64_t lost = 0;
    uint64_t doubled = 0;
    uint64_t damaged = 0;
    uint64_t of_earlier_runs = 0;
    uint64_t cuts = 0;
    uint64_t one_way_cuts = 0;
    uint64_t bad_networks = 0;
    uint64_t breaks = 0;
    uint64_t crashes = 0;
    uint64_t crashes_of_all = 0;
    uint64_t torn_logs = 0;
    uint64_t pauses = 0;
    uint64_t slow_disks = 0;
    uint64_t failed_disks = 0;
    uint64_t full_disks = 0;
    uint64_t new_disks = 0;
    uint64_t busy_reads = 0;
    uint64_t level_moments = 0;
    uint64_t outages = 0;
    uint64_t conflicts = 0;
    uint64_t epochs = 0;
    uint64_t takeovers = 0;
    uint64_t handovers = 0;
    uint64_t removals = 0;
    uint64_t joins = 0;
    uint64_t levels = 0;
    uint64_t attachments = 0;
    uint64_t log_stores = 0;
};

// What the seed has chosen; chances in percent, or of a thousand where it says so.
struct GroupPlan {
    uint32_t nodes = 3;
    uint32_t groups = 1;
    uint32_t copies = 3;
    uint32_t min_in_sync = 1;
    bool log_store = false;
    bool drift = false;
    uint32_t loss = 0;        // Of a thousand messages.
    uint32_t duplicates = 0;  // Of a thousand.
    uint32_t late = 0;        // Of a thousand: much later than the others.
    uint32_t damage = 0;      // Of a thousand messages with data.
    uint64_t delay_ns_max = 200'000;
    uint32_t busy = 0;  // Reads that a store puts off.
    uint64_t chaos_ns = 0;
    uint64_t fault_gap_ns = 1;  // Between two faults, about.
    uint32_t operations = 0;
    uint64_t think_ns_max = 1;
    // Gateways try again until they are answered, and begin no write across one that is under way:
    // it could be done twice, before and after the other. Or they do neither.
    bool retries = true;
};

// The blocks that clients touch: clusters of a few neighbours, far from each other, in each extent.
struct GroupShape {
    static constexpr uint32_t cluster_blocks = 8;
    uint32_t volumes = 1;
    uint32_t extents = 1;  // Of each volume; the group is chosen by the extent's number.
    uint32_t clusters = 1;
    uint32_t stride = cluster_blocks;
    uint32_t first_block = 0;

    [[nodiscard]] uint32_t extent_blocks() const { return clusters * cluster_blocks; }
    // Where in its extent the touched block is.
    [[nodiscard]] uint32_t address(uint32_t block) const {
        return first_block + block / cluster_blocks * stride + block % cluster_blocks;
    }
};

struct GroupWorld {
    explicit GroupWorld(uint64_t seed) : random(seed) {}

    // The first thing that was wrong; what comes after it means nothing.
    void fail(const std::string& what) { problem = problem.empty() ? what : problem; }
    [[nodiscard]] bool ok() const { return problem.empty(); }
    [[nodiscard]] uint64_t now_ns() const { return time.now_ns(); }
    void note(const char* what, uint64_t first = 0, uint64_t second = 0, uint64_t third = 0) {
        trace.add(now_ns(), what, first, second, third);
    }
    [[nodiscard]] uint64_t between(uint64_t low, uint64_t high) {
        return low + random.next() % (high - low + 1);
    }

    SimExecutor time;  // True time, which nobody's clock shows.
    SimRandom random;
    SimTrace trace;
    GroupCounts counts;
    GroupPlan plan;
    GroupShape shape;
    replication::Settings settings;
    std::string problem;
    bool calm = false;  // No faults any more: everything is to come right.
};

inline constexpr uint64_t ms = 1'000'000;

}  // namespace test
