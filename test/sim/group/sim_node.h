// The machines of one run, and what processes run on them: the cell.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "group_world.h"
#include "history.h"
#include "sim_clock.h"
#include "sim_disk.h"
#include "sim_fate.h"
#include "sim_life.h"
#include "sim_net.h"
#include "sim_process.h"

namespace test {

class SimControl;
class SimGateway;

// What the device of a node does when it is slow, or fails.
class SimNodeFates final : public SimFates {
  public:
    explicit SimNodeFates(const SimDisk& disk) : disk_(disk) {}
    SimFate fate(const store::DeviceIo&) override {
        SimFate fate;
        fate.slowness = disk_.slowness;
        fate.fails = disk_.failed;
        return fate;
    }
    void lies(const store::DeviceIo&, const SimFate&) override {}
    void landed(const store::DeviceIo&, const SimFate&, base::Status) override {}

  private:
    const SimDisk& disk_;
};

struct SimNode {
    Place place = 0;
    SimClock clock;
    std::unique_ptr<SimDisk> disk;  // With a real store: only how it fares.
    std::unique_ptr<SimNodeFates> fates;
    std::unique_ptr<SimLife> next_life;  // Of the next process, with the device as it is found.
    uint64_t disk_number = 1;            // Another one when it was replaced.
    uint64_t runs = 0;
    std::unique_ptr<SimProcess> process;  // None: it is down.
    bool paused = false;
};

struct SimCell {
    explicit SimCell(uint64_t seed) : world(seed), net(world) {}

    [[nodiscard]] static base::PgId group_of(uint32_t extent, uint32_t groups) {
        return base::PgId{1 + extent % groups};
    }
    [[nodiscard]] SimNode& node(Place place) { return *nodes[place - first_node_place]; }
    void start(SimNode& node);
    // An empty disk in place of another.
    void replace_disk(SimNode& node);
    // The process is gone at once; others may get to know by their connections.
    void kill(SimNode& node);
    [[nodiscard]] static store::StoreOptions store_options();
    // A connection between two nodes breaks: both are told, if they are there, sooner or later.
    void break_connection(Place one, Place other);
    void tell_down(SimNode& whom, Place gone);

    GroupWorld world;
    SimNet net;
    History history;
    std::vector<std::unique_ptr<SimNode>> nodes;
    SimControl* control = nullptr;
    std::vector<SimGateway*> gateways;
};

}  // namespace test
