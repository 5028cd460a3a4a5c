// What goes wrong in a run: each fault begins at some time and is over some time later.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim_control.h"
#include "sim_gateway.h"
#include "sim_node.h"

namespace test {

class SimChaos {
  public:
    SimChaos(SimCell& cell, SimControl& control);

    void start();
    // Everything is mended, and nothing goes wrong any more.
    void end();

  private:
    using Fault = void (SimChaos::*)();

    void next();
    void crash();
    void crash_when(SimNode& node, uint32_t looks, const std::function<bool()>& moment);
    void crash_all();
    void crash_node(SimNode& node);
    [[nodiscard]] bool may_replace_disk(const SimNode& node) const;
    void restart(SimNode& node);
    void pause();
    void cut();
    void isolate();
    void split();
    void cut_for(const std::vector<Place>& some, const std::vector<Place>& others);
    void bad_network();
    void break_connection();
    void slow_disk();
    void fail_disk();
    void full_disk();
    void level_moment();
    void watch_level(base::PgId pg, uint32_t looks);
    [[nodiscard]] uint64_t blocks_to_copy(const replication::GroupConfig& config);
    [[nodiscard]] bool begins_to_level(const replication::GroupConfig& config);
    void poke(base::PgId pg);
    void end_level_moment();
    void outage();
    void change();
    void attach();
    [[nodiscard]] SimNode& any_node();

    SimCell& cell_;
    GroupWorld& world_;
    SimControl& control_;
    std::vector<Fault> faults_;  // Of this seed; the more often, the likelier.
    std::vector<uint64_t> fences_;
    Place levelled_ = places_max;  // Whose levelling goes wrong; one at a time.
    Place slowed_ = places_max;
};

}  // namespace test
