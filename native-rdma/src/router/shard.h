// One store of this gateway and the reactor it lives on: where parts are carried out.
//
// A part that comes from another reactor is posted over and its answer posted back. While the store
// says busy, parts wait here in order; they do not fail.
//
// The replica protocol will stand between shard and store: a part of a PG that has backups goes to
// replication's primary instead, which appends to the same store.
//
// Thread: run() any reactor of the gateway, the rest the shard's own. Lifetime: outlives its parts.
#pragma once

#include <cstdint>
#include <memory>

#include "base/intrusive_list.h"
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

class Shard {
  public:
    // `reactor` is null in a simulation of one thread: then everything runs on `executor`.
    // `observer` may be null.
    Shard(reactor::Executor& executor,
          reactor::Reactor* reactor,
          store::Store& store,
          FailureObserver* observer = nullptr);
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // Carries out a part that `executor` (and `reactor`, when there are several) submits.
    void run(Part& part, reactor::Executor& executor, reactor::Reactor* reactor);

    [[nodiscard]] store::Store& store() { return store_; }
    [[nodiscard]] reactor::Executor& executor() { return executor_; }
    [[nodiscard]] reactor::Reactor* reactor() { return reactor_; }
    [[nodiscard]] uint32_t in_flight() const { return in_flight_; }
    [[nodiscard]] uint32_t waiting() const { return waiting_.count(); }

  private:
    static void arrived(reactor::Task& task);
    static void wrote(store::WriteOp& op, base::Status status);
    static void was_read(store::ReadOp& op, base::Status status);
    static void answered(reactor::Task& task);

    void start(Part& part);
    [[nodiscard]] base::Status submit(Part& part);
    void finish(Part& part, base::Status status);
    void answer(Part& part, base::Status status);
    void resume();
    void look_for_failure(base::Status status);

    reactor::Executor& executor_;
    reactor::Reactor* reactor_;
    store::Store& store_;
    FailureObserver* observer_;
    base::Version last_version_;
    base::IntrusiveList<Part> waiting_;
    uint32_t in_flight_ = 0;
    bool resuming_ = false;
    bool failure_told_ = false;
};

}  // namespace router
