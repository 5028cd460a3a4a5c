// What one run has over all lives of its store: the seed's choices, the model, the verdict.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim_fate.h"
#include "sim_random.h"
#include "sim_trace.h"
#include "store/store.h"
#include "store_model.h"

namespace test {

// How often what the simulator is for has happened, over all runs: nothing of it may stay at 0.
struct SimCounts {
    uint64_t lives = 0;
    uint64_t changes = 0;
    uint64_t reads = 0;
    uint64_t power_cuts = 0;
    uint64_t kills = 0;
    uint64_t cuts_while_opening = 0;
    uint64_t clean_closes = 0;
    uint64_t no_space = 0;
    uint64_t device_errors = 0;
    uint64_t lies = 0;
    uint64_t damaged_reads = 0;
    uint64_t refusals = 0;
    uint64_t rollbacks = 0;
    uint64_t scrubs = 0;
    uint64_t checkpoints = 0;
    uint64_t moved_blocks = 0;
    uint64_t index_misses = 0;
};

// The faults a seed has chosen, in parts of a thousand operations where it is not yes or no.
struct SimPlan {
    bool volatile_cache = false;
    bool power_cuts = false;
    bool kills = false;
    bool room_short = false;
    uint32_t slow = 0;
    uint32_t read_errors = 0;
    uint32_t write_errors = 0;
    uint32_t flips = 0;  // At most, in a life.
    bool flips_anywhere = false;
    bool unreadable = false;
    SimLie lie = SimLie::none;  // One in a life.
    bool lie_about_part = false;
    [[nodiscard]] bool lies() const { return flips > 0 || unreadable || lie != SimLie::none; }
};

struct SimWorld {
    explicit SimWorld(uint64_t seed) : random(seed), model(shape) {}

    // The first thing that was wrong; what comes after it means nothing.
    void fail(const std::string& what) { problem = problem.empty() ? what : problem; }
    [[nodiscard]] bool ok() const { return problem.empty(); }

    SimRandom random;
    SimShape shape;
    SimPlan plan;
    store::StoreOptions options;
    StoreModel model;
    SimTrace trace;
    SimCounts counts;
    std::string problem;
    std::vector<uint64_t> volumes;  // In use now.
    uint64_t volumes_made = 0;
    uint64_t changes_made = 0;
    uint32_t uniform_blocks = 0;  // Of every write; 0: of any size.
};

}  // namespace test
