// Control of the simulated cell: keeps each group's configuration in a metadata store that is away
// now and then, and changes it by compare-and-swap, on what members report.
//
// It decides by what it knew some time ago, and two decisions may be under way at once: of those
// only the first counts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "replication/group_config.h"
#include "sim_node.h"

namespace test {

class SimControl {
  public:
    explicit SimControl(SimCell& cell);

    // Chooses the members of each group, and begins to watch.
    void start();

    void suspected(base::PgId pg, base::Epoch epoch, base::NodeId node, base::NodeId by);
    void level(base::PgId pg, base::Epoch epoch, base::NodeId node, base::NodeId by);
    void wants_epoch(base::PgId pg, base::Epoch above, base::NodeId by);
    void behind(base::PgId pg, base::Epoch known, Place by);

    // As an operator or a balancer might: another primary, a member less.
    void hand_over();
    void drain();
    // The metadata store does not answer for a while.
    void outage(uint64_t ns);

    [[nodiscard]] const replication::GroupConfig& config(base::PgId pg) const {
        return groups_[pg.value - 1].config;
    }
    // Of any group: its disk may not be replaced.
    [[nodiscard]] bool is_member(base::NodeId node) const;
    // All members that are wanted, and in sync.
    [[nodiscard]] bool complete() const;

  private:
    using Config = replication::GroupConfig;
    struct Group {
        Config config;
        uint64_t join_ns = 0;  // When a member may be added.
        std::array<uint64_t, places_max> gone_since_ns{};
    };

    [[nodiscard]] Group& group(base::PgId pg) { return groups_[pg.value - 1]; }
    [[nodiscard]] bool reachable(base::NodeId node);
    [[nodiscard]] bool available() const;
    void watch();
    void reconcile(Group& group);
    void replace_lost_joiner(Group& group);
    void add_member(Group& group);
    [[nodiscard]] std::optional<base::NodeId> choose_primary(const Config& config,
                                                             base::NodeId but,
                                                             base::NodeId by);
    void propose(const Config& next);
    void compare_and_swap(const Config& next);
    void push(const Config& config);
    void push_to(const Config& config, Place place);

    SimCell& cell_;
    GroupWorld& world_;
    std::vector<Group> groups_;
    uint64_t outage_until_ns_ = 0;
};

}  // namespace test
