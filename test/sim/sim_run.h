// One run: a store lives several times on one device, with everything chosen from the seed.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "sim_faults.h"
#include "sim_host.h"
#include "sim_life.h"
#include "sim_world.h"

namespace test {

class SimRun final : store::StoreObserver {
  public:
    SimRun(uint64_t seed, bool aloud);

    // What went wrong, or nothing.
    std::string run();

    [[nodiscard]] const SimTrace& trace() const { return world_.trace; }
    [[nodiscard]] const SimCounts& counts() const { return world_.counts; }

  private:
    void choose_store();
    void choose_plan();
    void format();
    void live();
    bool open();
    void judge_refusal();
    void compare(const StoreModel::State& found);
    void work();
    void settle_down();
    bool step(const char* waiting_for);
    void finish_operations();
    void wait_for_quiet();
    void check_quiet();
    void scrub();
    void check_scrub(const StoreModel::State& found);
    void block_damaged(const base::ExtentId& extent, uint32_t block) override;
    void end_cleanly();
    void crash();
    void end_life(std::unique_ptr<SimLife> next);
    void check_full_circle();
    [[nodiscard]] uint64_t live_bytes() const {
        return world_.model.live_blocks() * SimDevice::block_bytes;
    }
    [[nodiscard]] bool crashes() const { return world_.plan.power_cuts || world_.plan.kills; }

    [[nodiscard]] StoreModel::State read_all();
    void read_blocks(uint64_t volume, uint32_t first, uint32_t count, uint64_t* marks);
    [[nodiscard]] base::Status read_once(uint64_t volume,
                                         uint32_t first,
                                         uint32_t count,
                                         uint8_t* data);

    SimWorld world_;
    SimFaults faults_;
    std::unique_ptr<SimLife> life_;
    std::unique_ptr<SimHost> host_;
    uint32_t depth_ = 1;
    uint32_t operations_left_ = 0;
    uint32_t openings_failed_ = 0;
    bool over_ = false;
    std::set<std::pair<uint64_t, uint32_t>> told_damaged_;  // Volume and touched block.
};

}  // namespace test
