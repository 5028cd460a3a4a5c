// Groups of which this node is the only member, for tests that are not about replication.
#pragma once

#include <cstdlib>

#include "router/fake_store.h"
#include "router/shard.h"

namespace test {

inline constexpr base::NodeId self{1};

// No other node is ever spoken to.
struct NoLane final : peer::Lane {
    void send(base::NodeId, const replication::Message&) override { std::abort(); }
    void request(base::NodeId, peer::Request&) override { std::abort(); }
    void renew(base::NodeId) override { std::abort(); }
};

inline replication::GroupConfig sole_member(base::PgId pg, base::Epoch epoch = base::Epoch(1)) {
    replication::GroupConfig config;
    config.pg = pg;
    config.epoch = epoch;
    config.primary = self;
    config.member_count = 1;
    config.member_at[0] = {self, replication::MemberRole::in_sync};
    return config;
}

// Makes the node the sole member of some groups, which then serve.
inline void lead(router::Shard& shard,
                 FakeStore& store,
                 ManualExecutor& executor,
                 const std::vector<base::PgId>& pgs) {
    static NoLane lane;
    shard.join(self, lane, nullptr);
    for (const base::PgId pg : pgs) {
        shard.configure(sole_member(pg));
    }
    for (int turn = 0; turn < 16; ++turn) {
        executor.turn_until_idle();
        store.complete_promises();
        store.complete_all();
    }
    executor.pass(10'000'000, [&store] { store.complete_all(); });
}

// Ends them, as an engine does before it closes its stores.
inline void leave(router::Shard& shard, FakeStore& store, ManualExecutor& executor) {
    struct Closed : reactor::Task {
        bool told = false;
    } closed;
    closed.run = [](reactor::Task& task) { static_cast<Closed&>(task).told = true; };
    shard.stop_waiting();
    shard.close(closed);
    for (int turn = 0; turn < 1000 && !closed.told; ++turn) {
        executor.turn_until_idle();
        store.complete_all();
    }
    if (!closed.told) {
        std::abort();
    }
}

}  // namespace test
