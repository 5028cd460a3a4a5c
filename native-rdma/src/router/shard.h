// One store of this gateway and the reactor it lives on, with the placement groups at home there:
// where parts are carried out, or sent on their way to the primary on another node.
//
// A part that comes from another reactor is posted over and its answer posted back.
//
// Thread: run() any reactor of the gateway, the rest the shard's own. Lifetime: outlives its parts;
// once in a cell, stop_waiting() and close() come before its end.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/intrusive_list.h"
#include "peer/port.h"
#include "replication/ports.h"
#include "router/group.h"
#include "router/part.h"
#include "store/store.h"

namespace router {

class Shard;

// Told once when a shard's store has failed for good, on the shard's reactor. Must not block.
class FailureObserver {
  public:
    virtual ~FailureObserver() = default;
    virtual void store_failed(Shard& shard, uint32_t error) = 0;
};

// The group that a message is about.
[[nodiscard]] base::PgId pg_of(const replication::Message& message);

struct GroupView {
    base::PgId pg;
    base::Epoch epoch;
    replication::Replica::State state = replication::Replica::State::idle;
    bool serving = false;
    uint64_t blocks_to_copy = 0;
    uint32_t waiting = 0;
};

class Shard final : replication::Reports {
  public:
    static constexpr uint64_t wait_limit_default_ns = 20'000'000'000;

    // `reactor` is null in a simulation of one thread: then everything runs on `executor`.
    // `observer` may be null.
    Shard(reactor::Executor& executor,
          reactor::Reactor* reactor,
          store::Store& store,
          FailureObserver* observer = nullptr,
          uint64_t wait_limit_ns = wait_limit_default_ns);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // Carries out a part that `executor` (and `reactor`, when there are several) submits. Without a
    // configuration of its group it waits for one.
    void run(Part& part, reactor::Executor& executor, reactor::Reactor* reactor);

    // Once, before the first configuration: which node this is, and its way to the others.
    // `reports` may be null.
    void join(base::NodeId self, peer::Lane& lane, replication::Reports* reports);
    // Requires: join(), and config.invalid() is null.
    void configure(const replication::GroupConfig& config);

    // What comes for its groups from other nodes.
    void message(base::NodeId from, const replication::Message& message);
    void append(base::NodeId from, replication::Incoming& incoming);
    void call(peer::Call& call);
    void peer_down(base::NodeId node);

    // Parts that wait for a group are answered with `closed` from now on.
    void stop_waiting();
    // Ends the replicas: `task` runs when they are at rest. Requires: stop_waiting().
    void close(reactor::Task& task);

    [[nodiscard]] store::Store& store() { return store_; }
    [[nodiscard]] reactor::Executor& executor() { return executor_; }
    [[nodiscard]] reactor::Reactor* reactor() { return reactor_; }
    [[nodiscard]] uint32_t in_flight() const { return around_.in_flight; }
    [[nodiscard]] uint32_t waiting() const { return around_.waiting; }
    [[nodiscard]] uint64_t retried() const { return around_.retried; }
    // Appends the groups that have a replica here, or parts that wait.
    void view(std::vector<GroupView>& views) const;

  private:
    friend class Group;
    struct Turn : reactor::Task {
        Shard* shard = nullptr;
    };
    struct Closing : reactor::Task {
        Shard* shard = nullptr;
    };

    static void arrived(reactor::Task& task);
    static void answered(reactor::Task& task);

    void suspect(base::PgId pg,
                 base::Epoch epoch,
                 base::NodeId node,
                 replication::SuspectReason reason) override;
    void level(base::PgId pg, base::Epoch epoch, base::NodeId node) override;
    void wants_epoch(base::PgId pg, base::Epoch above) override;
    void behind(base::PgId pg, base::Epoch known) override;

    // One is made for a group that is not known yet.
    Group& group_of(base::PgId pg);
    void start(Part& part);
    // In a completion the answer may go out at once; the part must not be touched afterwards.
    void finish(Part& part, base::Status status);
    // From inside a submission it comes later, never within the call.
    void answer(Part& part, base::Status status);
    void refuse_calls();
    void look_for_failure(base::Status status);
    void group_closed();

    reactor::Executor& executor_;
    reactor::Reactor* reactor_;
    store::Store& store_;
    FailureObserver* observer_;
    replication::Reports* reports_ = nullptr;
    Surroundings around_;
    std::unordered_map<base::PgId, std::unique_ptr<Group>> groups_;
    base::IntrusiveList<peer::Call> refused_;
    Turn turn_;
    bool stopping_ = false;
    bool failure_told_ = false;
    std::vector<std::unique_ptr<Closing>> closing_;
    size_t closing_left_ = 0;
    reactor::Task* closed_ = nullptr;
};

}  // namespace router
