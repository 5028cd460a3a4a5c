#include "router/inbox.h"

#include <doctest/doctest.h>
#include <vector>

#include "router/group_bench.h"

namespace {

using base::Errc;

// A member of two groups that another node leads, one at home on each of two shards.
struct Bench {
    test::ManualExecutor executor;
    test::FakeStore stores[2] = {test::FakeStore(1), test::FakeStore(2)};
    test::OpenLane lane;
    router::Shard shards[2] = {{executor, nullptr, stores[0]}, {executor, nullptr, stores[1]}};
    router::Router router{{&shards[0], &shards[1]}};
    router::Inbox inbox{&router, {&shards[0], &shards[1]}};

    Bench() {
        for (router::Shard& shard : shards) {
            shard.join(test::self, lane, nullptr);
        }
    }
    ~Bench() {
        for (size_t index = 0; index < 2; ++index) {
            test::leave(shards[index], stores[index], executor);
        }
    }
    // The first group at home on the shard.
    [[nodiscard]] base::PgId pg_of(size_t shard) const {
        base::PgId pg;
        while (&router.shard_of(pg) != &shards[shard]) {
            ++pg.value;
        }
        return pg;
    }
    [[nodiscard]] size_t views(size_t shard) const {
        std::vector<router::GroupView> list;
        shards[shard].view(list);
        return list.size();
    }
    replication::Prepare prepare(base::PgId pg) {
        replication::Prepare asked;
        asked.config = test::led_by(test::other, 3);
        asked.config.pg = pg;
        asked.config.member_count = 2;
        asked.config.member_at[1] = {test::self, replication::MemberRole::in_sync};
        asked.channel = 1;
        return asked;
    }
    void pass(uint64_t ns) {
        executor.pass(ns, [this] {
            stores[0].complete_all();
            stores[1].complete_all();
        });
    }
};

struct Told : replication::Incoming {
    uint32_t released = 0;
    Told() {
        release = [](replication::Incoming& incoming) { ++static_cast<Told&>(incoming).released; };
    }
};

}  // namespace

TEST_CASE("what comes for a group goes to the shard where the group is at home") {
    Bench bench;
    bench.inbox.message(test::other, bench.prepare(bench.pg_of(1)));
    bench.pass(50 * test::ms);
    CHECK_EQ(bench.views(0), 0u);
    CHECK_EQ(bench.views(1), 1u);
}

TEST_CASE("an append for a group that is not known is released at once") {
    Bench bench;
    Told told;
    told.append.pg = bench.pg_of(0);
    bench.inbox.append(test::other, told);
    CHECK_EQ(told.released, 1u);
}

TEST_CASE("a lost node is told to the groups of every shard") {
    Bench bench;
    struct Reports final : replication::Reports {
        uint32_t suspects = 0;
        void suspect(base::PgId,
                     base::Epoch,
                     base::NodeId,
                     replication::SuspectReason reason) override {
            suspects += reason == replication::SuspectReason::unreachable ? 1 : 0;
        }
        void level(base::PgId, base::Epoch, base::NodeId) override {}
        void wants_epoch(base::PgId, base::Epoch) override {}
        void behind(base::PgId, base::Epoch) override {}
    } reports;
    test::ManualExecutor executor;
    test::FakeStore stores[2] = {test::FakeStore(1), test::FakeStore(2)};
    router::Shard shards[2] = {{executor, nullptr, stores[0]}, {executor, nullptr, stores[1]}};
    const router::Router router({&shards[0], &shards[1]});
    router::Inbox inbox(&router, {&shards[0], &shards[1]});
    for (size_t index = 0; index < 2; ++index) {
        shards[index].join(test::self, bench.lane, &reports);
        inbox.message(test::other, bench.prepare(bench.pg_of(index)));
    }
    executor.pass(50 * test::ms, [&] {
        stores[0].complete_all();
        stores[1].complete_all();
    });
    inbox.peer_down(test::other);
    CHECK_EQ(reports.suspects, 2u);
    for (size_t index = 0; index < 2; ++index) {
        test::leave(shards[index], stores[index], executor);
    }
}

TEST_CASE("a node without stores refuses what is asked of it") {
    router::Inbox inbox(nullptr, {});
    Told told;
    inbox.append(test::other, told);
    CHECK_EQ(told.released, 1u);
    inbox.message(test::other, replication::Heartbeat{test::pg, base::Epoch(1), 1, 1, {}});
    struct Call : peer::Call {
        base::Status status;
    } call;
    call.answer = [](peer::Call& asked, base::Status status) {
        static_cast<Call&>(asked).status = status;
    };
    inbox.call(call);
    CHECK_EQ(call.status.code(), Errc::not_primary);
}
