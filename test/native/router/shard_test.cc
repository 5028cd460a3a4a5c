#include "router/shard.h"

#include <doctest/doctest.h>
#include <vector>

#include "router/group_bench.h"

namespace {

using base::Errc;
using test::CountedPart;
using test::led_by;
using test::ms;
using test::OpenLane;
using test::other;
using test::pg;
using Bench = test::GroupBench;

}  // namespace

namespace {

// A call as it comes from another node.
struct CountedCall : peer::Call {
    uint32_t times = 0;
    base::Status status;
    std::vector<uint8_t> bytes = std::vector<uint8_t>(4096, 5);
    uint32_t crc = base::crc32c(bytes.data(), 4096);

    explicit CountedCall(uint32_t under) {
        from = other;
        epoch = base::Epoch(under);
        verb = peer::Verb::write;
        write.range = {{base::VolumeId(1), 0, pg}, 0, 1};
        write.data = bytes.data();
        write.crcs = &crc;
        answer = [](peer::Call& call, base::Status said) {
            auto& self = static_cast<CountedCall&>(call);
            ++self.times;
            self.status = said;
        };
    }
};

}  // namespace

TEST_CASE("when the only copy's store has failed nobody waits for another, and it is told once") {
    struct Observer final : router::FailureObserver {
        uint32_t times = 0;
        void store_failed(router::Shard&, uint32_t) override { ++times; }
    } observer;
    test::ManualExecutor executor;
    test::FakeStore store;
    OpenLane lane;
    router::Shard shard(executor, nullptr, store, &observer);
    shard.join(test::self, lane, nullptr);
    shard.configure(test::sole_member(pg));
    const auto settle = [&] { executor.pass(50 * ms, [&] { store.complete_all(); }); };
    settle();
    store.stats_now.failed = true;
    store.fail_with = base::Status(Errc::device_failed, 5);
    CountedPart parts[2];
    for (CountedPart& part : parts) {
        shard.run(part, executor, nullptr);
        settle();
        CHECK_EQ(part.times, 1u);
        CHECK_EQ(part.answer.code(), Errc::device_failed);
    }
    executor.pass(2000 * ms);
    CHECK_EQ(observer.times, 1u);
    test::leave(shard, store, executor);
}

TEST_CASE("a store that fails is told though nobody reads or writes") {
    struct Observer final : router::FailureObserver {
        uint32_t times = 0;
        void store_failed(router::Shard&, uint32_t) override { ++times; }
    } observer;
    test::ManualExecutor executor;
    test::FakeStore store;
    store.stats_now.failed = true;
    store.refuse_with = base::Status(Errc::device_failed, 5);
    OpenLane lane;
    router::Shard shard(executor, nullptr, store, &observer);
    shard.join(test::self, lane, nullptr);
    shard.configure(test::sole_member(pg));
    executor.pass(2000 * ms);
    CHECK_EQ(observer.times, 1u);
    test::leave(shard, store, executor);
}

TEST_CASE("a call is carried out under the replica's epoch, and refused under another") {
    Bench bench;
    bench.configure(test::sole_member(pg, base::Epoch(4)));
    bench.pass(50 * ms);
    CountedCall older(3);
    CountedCall newer(5);
    CountedCall right(4);
    for (CountedCall* call : {&older, &newer, &right}) {
        bench.shard.call(*call);
        CHECK_EQ(call->times, 0u);
    }
    bench.pass(50 * ms);
    CHECK_EQ(older.status.code(), Errc::not_primary);
    CHECK_EQ(newer.status.code(), Errc::not_primary);
    CHECK_EQ(right.times, 1u);
    CHECK(right.status.ok());
    CHECK_EQ(bench.store.writes_seen.size(), 1u);
}

TEST_CASE("a call for a group that is not known here is refused") {
    Bench bench;
    CountedCall call(1);
    bench.shard.call(call);
    CHECK_EQ(call.times, 0u);
    bench.executor.turn_until_idle();
    CHECK_EQ(call.status.code(), Errc::not_primary);
    std::vector<router::GroupView> views;
    bench.shard.view(views);
    CHECK(views.empty());
}

TEST_CASE("a group is not made known by what is not a configuration of this node's") {
    Bench bench;
    bench.shard.message(other, replication::Heartbeat{pg, base::Epoch(1), 1, 1, {}});
    replication::Prepare prepare;
    prepare.config = led_by(other, 3);
    bench.shard.message(other, prepare);
    bench.pass(50 * ms);
    CHECK(bench.lane.messages.empty());
}

TEST_CASE("when waiting ends, what waits and what would have to is answered with closed") {
    Bench bench;
    CountedPart before;
    bench.run(before);
    bench.shard.stop_waiting();
    CountedPart after;
    bench.run(after);
    CHECK_EQ(after.times, 0u);
    bench.executor.turn_until_idle();
    CHECK_EQ(before.answer.code(), Errc::closed);
    CHECK_EQ(after.answer.code(), Errc::closed);
}

TEST_CASE("what is under way when waiting ends is finished, and not sent again") {
    Bench bench;
    bench.configure(led_by(other, 4));
    CountedPart a(0);
    CountedPart b(1);
    bench.run(a);
    bench.run(b);
    bench.shard.stop_waiting();
    bench.lane.answer(0, Errc::ok);
    bench.lane.answer(1, Errc::not_primary);
    CHECK(a.answer.ok());
    CHECK_EQ(b.answer.code(), Errc::closed);
    CHECK_EQ(bench.lane.asked.size(), 2u);
}
