// One run of a node's process: its store, its member of each group, its end of every connection.
//
// Lifetime: end() comes first; from then on nothing of it reaches anybody.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "group_world.h"
#include "history.h"
#include "replication/replica.h"
#include "sim_life.h"
#include "sim_log_store.h"
#include "sim_net.h"
#include "store/pages.h"

namespace test {

struct SimCell;
struct SimNode;

// What a gateway asks of a group's primary. A node takes it only in the epoch that the gateway
// knows of, and never after one of a later connection: what was retried elsewhere must not happen
// afterwards.
struct ClientRequest {
    Place gateway = 0;
    uint64_t connection = 0;
    uint64_t operation = 0;
    uint32_t attempt = 0;
    HistoryOp::Kind kind = HistoryOp::Kind::read;
    base::PgId pg;
    base::Epoch epoch;
    base::Fence fence;
    uint64_t volume = 0;
    uint32_t extent = 0;
    uint32_t first = 0;  // Of the extent's touched blocks.
    uint32_t count = 0;
    uint32_t first_block = 0;  // Where that is; `block_count` may take in blocks between.
    uint32_t block_count = 0;
    [[nodiscard]] replication::Range range() const {
        return {{base::VolumeId{volume}, extent, pg}, first_block, block_count};
    }
};

struct ClientReply {
    uint64_t operation = 0;
    uint32_t attempt = 0;
    base::Errc code = base::Errc::ok;
    std::vector<uint64_t> values;
    replication::GroupConfig config;  // The node's.
};

class SimProcess final : replication::Peers, replication::Reports {
  public:
    // Begins in the life that its node has prepared.
    SimProcess(SimCell& cell, SimNode& node, uint64_t run);
    ~SimProcess();

    [[nodiscard]] uint64_t run() const { return run_; }
    [[nodiscard]] SimExecutor& executor() { return life_->executor; }
    [[nodiscard]] SimLife& life() { return *life_; }
    [[nodiscard]] store::Store& store() { return *life_->store; }
    [[nodiscard]] const std::vector<std::unique_ptr<replication::Replica>>& replicas() const {
        return replicas_;
    }
    [[nodiscard]] replication::Replica& replica(base::PgId pg) { return *replicas_[pg.value - 1]; }
    [[nodiscard]] bool open() const { return !replicas_.empty(); }

    // From outside: each is done when the process gets to it.
    void configure(const replication::GroupConfig& config);
    void request(const ClientRequest& request);
    void peer_down(base::NodeId node);

    // Everything in it comes to its end.
    void end();

  private:
    struct Carried;
    struct ServedWrite;
    struct ServedRead;
    struct Closing : reactor::Task {
        bool over = false;
    };

    void send(base::NodeId to, const replication::Message& message) override;
    void suspect(base::PgId pg,
                 base::Epoch epoch,
                 base::NodeId node,
                 replication::SuspectReason reason) override;
    void level(base::PgId pg, base::Epoch epoch, base::NodeId node) override;
    void wants_epoch(base::PgId pg, base::Epoch above) override;
    void behind(base::PgId pg, base::Epoch known) override;

    void open_store();
    void look_at_opening();
    void join_groups();
    [[nodiscard]] bool connected(SimNode& other);
    void reconnect(Place to);
    void soon(std::function<void()> what);
    void deliver(const std::shared_ptr<Carried>& carried);
    void receive(const std::shared_ptr<Carried>& carried);
    void serve(const ClientRequest& request);
    void serve_read(const ClientRequest& request);
    void serve_write(const ClientRequest& request);
    void answer(const ClientRequest& request, base::Status status, const uint8_t* data);
    void reply(const ClientRequest& request, base::Errc code, std::vector<uint64_t> values);
    void report(const std::function<void()>& what);

    SimCell& cell_;
    SimNode& node_;
    uint64_t run_;
    bool ended_ = false;
    std::unique_ptr<SimLife> life_;
    SimLogStore* log_store_ = nullptr;  // The life's; none: it has a real store.
    bool formats_ = false;
    std::vector<std::unique_ptr<replication::Replica>> replicas_;
    std::vector<std::unique_ptr<Closing>> closings_;
    static constexpr uint64_t broken = ~uint64_t{0};
    std::array<uint64_t, places_max> connected_runs_{};    // 0: the next one.
    std::array<uint64_t, places_max> seen_runs_{};         // Of other nodes.
    std::array<uint64_t, places_max> seen_connections_{};  // Of gateways.
    uint32_t served_ = 0;
    uint32_t incoming_ = 0;
};

}  // namespace test
