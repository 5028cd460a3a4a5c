// The way of this gateway's parts to one placement group's primary, here or on another node, and
// this node's replica of the group, where it is a member.
//
//   open ──not_primary, or a newer configuration──▶ waiting ──nothing under way, and a newer
//     ▲            configuration or the back-off is over──┐
//     └───────────────────────────────────────────────────┘
//
// What is not answered stays in the order in which it was submitted. After not_primary nobody knows
// what became of a write, so nothing more is sent before all that is under way has ended; then all
// of it is sent again, in its order. So no write that is repeated undoes a later one.
//
// Thread: the shard's. Lifetime: close(), then until the shard ends.
#pragma once

#include <cstdint>
#include <memory>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "peer/port.h"
#include "reactor/executor.h"
#include "replication/replica.h"
#include "router/part.h"
#include "store/store.h"

namespace router {

// What the groups of a shard share.
struct Surroundings {
    reactor::Executor& executor;
    store::Store& store;
    replication::Reports& reports;
    replication::Settings settings;
    uint64_t wait_limit_ns = 0;
    base::NodeId self{};         // None before the node is in a cell,
    peer::Lane* lane = nullptr;  // nor is there a way to others.
    uint32_t in_flight = 0;
    uint32_t waiting = 0;
    uint64_t retried = 0;
};

class Group {
  public:
    enum class State : uint8_t { open, waiting };

    Group(Surroundings& surroundings, Shard& shard, base::PgId pg);
    ~Group();
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

    void submit(Part& part);

    // Control's word; an older one than is known is ignored. Requires: config.invalid() is null.
    void configure(const replication::GroupConfig& config);

    // From other nodes.
    void message(base::NodeId from, const replication::Message& message);
    void append(base::NodeId from, replication::Incoming& incoming);
    // False: this node does not serve the group under the call's epoch, and nothing is done.
    [[nodiscard]] bool call(peer::Call& call);
    void peer_down(base::NodeId node);

    // Answers what waits with `closed`, and whatever would have to wait from now on.
    void stop_waiting();
    // Sends nothing any more. Requires: stop_waiting(). True: there is a replica to be closed, and
    // `task` runs when it is.
    [[nodiscard]] bool close(reactor::Task& task);

    [[nodiscard]] base::PgId pg() const { return pg_; }
    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] base::Epoch epoch() const { return config_.epoch; }
    [[nodiscard]] uint32_t waiting() const { return queue_.count() - in_flight_; }
    [[nodiscard]] const replication::Replica* replica() const { return replica_.get(); }

    // The shard's: when control was told that the group is behind, and of which epoch.
    base::Epoch behind_told;
    uint64_t behind_told_ns = 0;

  private:
    struct Turn : reactor::Task {
        Group* group = nullptr;
    };
    struct Tick : reactor::Timer {
        Group* group = nullptr;
    };

    [[nodiscard]] static bool may_move(State from, State to);
    void advance(State to);
    void make_replica();
    void learn(const replication::GroupConfig& config);
    void send(Part& part);
    void send_here(Part& part);
    void send_away(Part& part);
    void ended(Part& part, base::Status status);
    void begin_waiting();
    void resume();
    [[nodiscard]] Part* first(bool sent);
    [[nodiscard]] uint64_t renew_ns();
    [[nodiscard]] uint64_t next_ns();
    void arm();
    void tick();
    void give_up_waiting(uint64_t now_ns);
    void drop(Part& part);

    Surroundings& around_;
    Shard& shard_;
    base::PgId pg_;
    replication::GroupConfig config_;  // That parts are sent by.
    std::unique_ptr<replication::Replica> replica_;
    State state_ = State::waiting;
    bool go_on_ = false;  // When nothing is under way any more.
    bool stopping_ = false;
    uint64_t back_off_ns_;
    uint64_t retry_ns_ = 0;
    // Whom the parts under way were sent to, and from when on it is late, as it is not the primary
    // any more.
    base::NodeId asked_;
    uint64_t late_ns_ = UINT64_MAX;
    base::IntrusiveList<Part> queue_;
    uint32_t in_flight_ = 0;
    Turn turn_;
    Tick tick_;
};

}  // namespace router
