// A gateway that serves volumes to hosts: sends random operations to whoever it believes to be the
// primary, tries again elsewhere when that is not the one, and notes what it has heard.
//
// When a volume is attached elsewhere, it goes on with its old fence until it is told.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim_node.h"

namespace test {

class SimGateway {
  public:
    SimGateway(SimCell& cell, Place place);

    // Serves the volume under this fence.
    void attach(uint64_t volume, base::Fence fence);
    // One operation after the other, until `operations` are begun.
    void work(uint32_t operations);
    // Reads all of an extent's touched blocks.
    void read_extent(uint64_t volume, uint32_t extent);
    // One operation on any of its volumes, unless a write is under way there.
    void poke(uint64_t volume, uint32_t extent, HistoryOp::Kind kind);
    void replied(const ClientReply& reply);

    // Nothing is under way, and nothing more will be begun.
    [[nodiscard]] bool idle() const { return under_way_.empty() && left_ == 0; }
    [[nodiscard]] size_t under_way() const { return under_way_.size(); }
    // Operations that were given up without an answer.
    [[nodiscard]] uint64_t given_up() const { return given_up_; }

  private:
    struct Op {
        ClientRequest request;
        bool tried = false;     // An attempt has ended without a known fate.
        bool persists = false;  // It is tried again.
        bool waiting = false;   // For its next attempt.
        uint64_t give_up_ns = 0;
    };
    struct Attached {
        uint64_t volume = 0;
        base::Fence fence;
    };

    void next();
    void begin_random();
    void begin(const HistoryOp& op);
    [[nodiscard]] bool crosses_write(const HistoryOp& op) const;
    void attempt(uint64_t number);
    void timed_out(uint64_t number, uint32_t attempt);
    void failed_attempt(uint64_t number, uint64_t delay_ns);
    void again(uint64_t number, uint64_t delay_ns);
    void finish(uint64_t number, HistoryOp::Fate fate);
    void learn(const replication::GroupConfig& config);
    void ask_route(base::PgId pg);

    SimCell& cell_;
    GroupWorld& world_;
    Place place_;
    std::vector<Attached> attached_;
    std::map<uint32_t, replication::GroupConfig> routes_;  // By group.
    std::array<uint64_t, places_max> connections_{};
    std::map<uint64_t, Op> under_way_;
    uint32_t left_ = 0;
    uint32_t depth_ = 1;
    uint64_t given_up_ = 0;
};

}  // namespace test
