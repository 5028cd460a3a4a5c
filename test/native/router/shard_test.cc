#include "router/shard.h"

#include <array>
#include <doctest/doctest.h>
#include <optional>
#include <vector>

#include "router/sole_member.h"

namespace {

using base::Errc;

constexpr uint64_t ms = 1'000'000;
constexpr base::PgId pg{7};
constexpr base::NodeId other{2};
constexpr base::NodeId third{3};

struct CountedPart : router::Part {
    uint32_t times = 0;
    base::Status answer;
    std::vector<uint8_t> bytes = std::vector<uint8_t>(4096, 3);
    uint32_t crc = base::crc32c(bytes.data(), 4096);

    explicit CountedPart(uint32_t block = 0, Verb what = Verb::write) {
        verb = what;
        range = {{base::VolumeId(1), 0, pg}, block, 1};
        fence = base::Fence(1);
        data = target = bytes.data();
        crcs = &crc;
        done = [](router::Part& part, base::Status status) {
            auto& self = static_cast<CountedPart&>(part);
            ++self.times;
            self.answer = status;
        };
    }
    CountedPart(const CountedPart&) = delete;
    CountedPart& operator=(const CountedPart&) = delete;
};

// Keeps what is asked of another node until it is answered.
struct OpenLane final : peer::Lane {
    struct Asked {
        base::NodeId to;
        peer::Request* request;
        base::Epoch epoch;
        uint32_t block;
    };
    std::vector<Asked> asked;
    std::vector<replication::Message> messages;
    std::vector<base::NodeId> renewed;

    void send(base::NodeId, const replication::Message& message) override {
        messages.push_back(message);
    }
    void request(base::NodeId to, peer::Request& request) override {
        asked.push_back({to, &request, request.epoch, request.range.first_block});
    }
    void renew(base::NodeId to) override { renewed.push_back(to); }
    void answer(size_t index, Errc code) {
        peer::Request& request = *asked[index].request;
        request.done(request, base::Status(code));
    }
};

replication::GroupConfig led_by(base::NodeId primary, uint32_t epoch) {
    replication::GroupConfig config = test::sole_member(pg, base::Epoch(epoch));
    config.primary = primary;
    config.member_at[0].node = primary;
    return config;
}

struct Bench {
    test::ManualExecutor executor;
    test::FakeStore store;
    OpenLane lane;
    router::Shard shard{executor, nullptr, store, nullptr, 1000 * ms};

    Bench() { shard.join(test::self, lane, nullptr); }
    ~Bench() { test::leave(shard, store, executor); }
    void run(router::Part& part) { shard.run(part, executor, nullptr); }
    void configure(const replication::GroupConfig& config) {
        shard.configure(config);
        executor.turn_until_idle();
    }
    void pass(uint64_t ns) {
        executor.pass(ns, [this] { store.complete_all(); });
    }
    std::vector<uint32_t> blocks_asked_from(size_t first) const {
        std::vector<uint32_t> blocks;
        for (size_t index = first; index < lane.asked.size(); ++index) {
            blocks.push_back(lane.asked[index].block);
        }
        return blocks;
    }
};

}  // namespace

TEST_CASE("a part of a group without a configuration waits for one, and is then carried out") {
    Bench bench;
    CountedPart part;
    bench.run(part);
    bench.pass(500 * ms);
    CHECK_EQ(part.times, 0u);
    CHECK_EQ(bench.shard.waiting(), 1u);
    bench.configure(test::sole_member(pg));
    bench.pass(100 * ms);
    CHECK_EQ(part.times, 1u);
    CHECK(part.answer.ok());
    CHECK_EQ(bench.shard.waiting() + bench.shard.in_flight(), 0u);
    CHECK_EQ(bench.store.writes_seen.size(), 1u);
}

TEST_CASE("a part waits only so long for its group, and others behind it as long as they may") {
    Bench bench;
    CountedPart first;
    CountedPart second;
    bench.run(first);
    bench.pass(600 * ms);
    bench.run(second);
    bench.pass(500 * ms);
    CHECK_EQ(first.times, 1u);
    CHECK_EQ(first.answer.code(), Errc::not_primary);
    CHECK_EQ(second.times, 0u);
    bench.pass(600 * ms);
    CHECK_EQ(second.answer.code(), Errc::not_primary);
    CHECK_EQ(bench.shard.waiting(), 0u);
}

TEST_CASE("a part goes to the primary's node under the configuration's epoch") {
    Bench bench;
    bench.configure(led_by(other, 4));
    CountedPart part;
    bench.run(part);
    REQUIRE_EQ(bench.lane.asked.size(), 1u);
    CHECK((bench.lane.asked[0].to == other));
    CHECK((bench.lane.asked[0].epoch == base::Epoch(4)));
    CHECK((bench.lane.asked[0].request->fence == part.fence));
    CHECK_EQ(bench.lane.asked[0].request->data, part.data);
    bench.lane.answer(0, Errc::ok);
    CHECK_EQ(part.times, 1u);
    CHECK(part.answer.ok());
}

TEST_CASE("a part that wrote before asks for a read without what it wrote") {
    Bench bench;
    bench.configure(led_by(other, 4));
    CountedPart part;
    bench.run(part);
    REQUIRE_EQ(bench.lane.asked.size(), 1u);
    bench.lane.answer(0, Errc::ok);
    std::array<uint8_t, base::limits::block_bytes> target{};
    part.verb = router::Part::Verb::read;
    part.target = target.data();
    bench.run(part);
    REQUIRE_EQ(bench.lane.asked.size(), 2u);
    const peer::Request& read = *bench.lane.asked[1].request;
    CHECK((read.verb == peer::Verb::read));
    CHECK((read.data == nullptr));
    CHECK((read.target == target.data()));
    bench.lane.answer(1, Errc::ok);
    CHECK_EQ(part.times, 2u);
}

TEST_CASE("after not_primary all are sent again, in order, and only when none is under way") {
    Bench bench;
    bench.configure(led_by(other, 4));
    CountedPart a(0);
    CountedPart b(1);
    CountedPart c(2);
    bench.run(a);
    bench.run(b);
    bench.lane.answer(1, Errc::not_primary);
    bench.run(c);
    bench.configure(led_by(third, 5));
    bench.pass(600 * ms);
    CHECK_EQ(bench.lane.asked.size(), 2u);
    bench.lane.answer(0, Errc::not_primary);
    bench.executor.turn_until_idle();
    CHECK((bench.blocks_asked_from(2) == std::vector<uint32_t>{0, 1, 2}));
    CHECK((bench.lane.asked[2].to == third));
    CHECK((bench.lane.asked[2].epoch == base::Epoch(5)));
    for (size_t index = 2; index < 5; ++index) {
        bench.lane.answer(index, Errc::ok);
    }
    CHECK_EQ(a.times + b.times + c.times, 3u);
    CHECK_EQ(bench.shard.retried(), 2u);
}

TEST_CASE("nothing overtakes what was sent under an older configuration") {
    Bench bench;
    bench.configure(led_by(other, 4));
    CountedPart a(0);
    CountedPart b(1);
    bench.run(a);
    bench.configure(led_by(third, 5));
    bench.run(b);
    bench.pass(50 * ms);
    CHECK_EQ(bench.lane.asked.size(), 1u);
    bench.lane.answer(0, Errc::ok);
    bench.executor.turn_until_idle();
    CHECK((bench.blocks_asked_from(1) == std::vector<uint32_t>{1}));
    bench.lane.answer(1, Errc::ok);
    CHECK_EQ(b.times, 1u);
}

TEST_CASE("without a newer configuration a primary that refuses is asked again, ever more rarely") {
    Bench bench;
    bench.configure(led_by(other, 4));
    CountedPart part;
    bench.run(part);
    size_t answered = 0;
    const auto refuse = [&] {
        while (answered < bench.lane.asked.size()) {
            bench.lane.answer(answered++, Errc::not_primary);
        }
    };
    refuse();
    bench.executor.pass(900 * ms, refuse);
    CHECK_GT(bench.lane.asked.size(), 4u);
    CHECK_LT(bench.lane.asked.size(), 10u);
    CHECK_EQ(part.times, 0u);
    bench.executor.pass(200 * ms, refuse);
    CHECK_EQ(part.answer.code(), Errc::not_primary);
}

TEST_CASE("a node that is not primary any more and answers nothing is not waited for") {
    Bench bench;
    bench.configure(led_by(other, 4));
    CountedPart part;
    bench.run(part);
    bench.configure(led_by(third, 5));
    bench.pass(600 * ms);
    CHECK(bench.lane.renewed.empty());
    bench.pass(200 * ms);
    CHECK((bench.lane.renewed == std::vector<base::NodeId>{other}));
    bench.lane.answer(0, Errc::not_primary);
    bench.executor.turn_until_idle();
    REQUIRE_EQ(bench.lane.asked.size(), 2u);
    CHECK((bench.lane.asked[1].to == third));
    bench.lane.answer(1, Errc::ok);
    CHECK(part.answer.ok());
    bench.pass(2000 * ms);
    CHECK_EQ(bench.lane.renewed.size(), 1u);
}

TEST_CASE("a primary that answers nothing is waited for as long as a part may wait") {
    Bench bench;
    bench.configure(led_by(other, 4));
    CountedPart part;
    bench.run(part);
    bench.pass(900 * ms);
    CHECK(bench.lane.renewed.empty());
    bench.pass(200 * ms);
    CHECK((bench.lane.renewed == std::vector<base::NodeId>{other}));
    bench.lane.answer(0, Errc::not_primary);
    bench.pass(50 * ms);
    CHECK_EQ(part.answer.code(), Errc::not_primary);
}

TEST_CASE("an older configuration is ignored") {
    Bench bench;
    bench.configure(led_by(other, 4));
    bench.configure(led_by(third, 3));
    CountedPart part;
    bench.run(part);
    CHECK((bench.lane.asked[0].to == other));
    bench.lane.answer(0, Errc::ok);
}

TEST_CASE("other answers than not_primary are the part's, with the block that is damaged") {
    Bench bench;
    bench.configure(led_by(other, 4));
    CountedPart read(9, router::Part::Verb::read);
    bench.run(read);
    bench.lane.asked[0].request->failed_block = 9;
    bench.lane.answer(0, Errc::checksum_wrong);
    CHECK_EQ(read.answer.code(), Errc::checksum_wrong);
    CHECK_EQ(read.failed_block, 9u);
    CountedPart write;
    bench.run(write);
    bench.lane.answer(1, Errc::stale_fence);
    CHECK_EQ(write.answer.code(), Errc::stale_fence);
}

TEST_CASE("an operation of an older attachment is refused, also after it has moved nothing") {
    Bench bench;
    bench.configure(test::sole_member(pg));
    CountedPart newer(0, router::Part::Verb::read);
    newer.fence = base::Fence(8);
    bench.run(newer);
    bench.pass(50 * ms);
    CHECK(newer.answer.ok());
    CountedPart older;
    older.fence = base::Fence(7);
    bench.run(older);
    bench.pass(50 * ms);
    CHECK_EQ(older.answer.code(), Errc::stale_fence);
    CHECK(bench.store.writes_seen.empty());
}

TEST_CASE("reads that the store has no room for wait, and none fails") {
    Bench bench;
    bench.configure(test::sole_member(pg));
    bench.pass(50 * ms);
    bench.store.capacity = 2;
    std::vector<std::unique_ptr<CountedPart>> parts;
    for (uint32_t block = 0; block < 9; ++block) {
        parts.push_back(std::make_unique<CountedPart>(block, router::Part::Verb::read));
        bench.run(*parts.back());
    }
    bench.executor.turn_until_idle();
    CHECK_LE(bench.store.pending(), 2u);
    bench.pass(1000 * ms);
    for (const auto& part : parts) {
        CHECK_EQ(part->times, 1u);
        CHECK(part->answer.ok());
    }
}

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

TEST_CASE("a member learns of its group from the primary, too, and where its parts go") {
    Bench bench;
    replication::Prepare prepare;
    prepare.config = led_by(other, 3);
    prepare.config.member_count = 2;
    prepare.config.member_at[1] = {test::self, replication::MemberRole::in_sync};
    prepare.channel = 1;
    bench.shard.message(other, prepare);
    bench.pass(50 * ms);
    bench.shard.message(other, prepare);
    bench.pass(50 * ms);
    std::vector<router::GroupView> views;
    bench.shard.view(views);
    REQUIRE_EQ(views.size(), 1u);
    CHECK_EQ(views[0].state, replication::Replica::State::follower);
    CHECK((views[0].epoch == base::Epoch(3)));
    CountedPart part;
    bench.run(part);
    REQUIRE_EQ(bench.lane.asked.size(), 1u);
    CHECK((bench.lane.asked[0].to == other));
    bench.lane.answer(0, Errc::ok);
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
