// One run of whole placement groups from one seed: faults for a while, then calm, then the verdict.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim_chaos.h"
#include "sim_control.h"
#include "sim_gateway.h"
#include "sim_node.h"

namespace test {

class GroupRun {
  public:
    GroupRun(uint64_t seed, bool aloud);

    // What was wrong; empty: nothing.
    [[nodiscard]] std::string run();
    [[nodiscard]] const GroupCounts& counts() const { return cell_.world.counts; }
    [[nodiscard]] const SimTrace& trace() const { return cell_.world.trace; }

  private:
    static constexpr uint32_t nodes_max = 5;
    static constexpr uint32_t groups_max = 2;

    struct Content {
        struct Op : store::ReadOp {
            Content* content = nullptr;
        };
        Op op;
        store::Pages pages;
        bool over = false;
        bool ok = false;
    };

    void choose_plan();
    void choose_shape();
    void choose_network();
    void build();
    bool step();
    void watch_serving(SimNode& node);
    [[nodiscard]] bool serving(SimNode& node, base::PgId pg);
    void wait(const char* what, uint64_t patience_ns, const std::function<bool()>& over);
    [[nodiscard]] bool all_serve();
    [[nodiscard]] bool gateways_idle() const;
    void look_at_all();
    void compare_copies();
    [[nodiscard]] std::unique_ptr<Content> read(SimNode& node, const replication::Range& range);
    void note_difference(const replication::Range& range,
                         const uint8_t* expected,
                         const uint8_t* found);
    void compare_copy(base::PgId pg, SimNode& right, SimNode& node);
    void check_history();

    SimCell cell_;
    GroupWorld& world_;
    SimControl control_;
    std::vector<std::unique_ptr<SimGateway>> gateways_;
    std::unique_ptr<SimChaos> chaos_;
    std::array<std::array<bool, groups_max>, nodes_max> served_{};
};

}  // namespace test
