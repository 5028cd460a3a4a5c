#include "router/group.h"

#include <array>
#include <doctest/doctest.h>
#include <memory>
#include <vector>

#include "router/group_bench.h"

namespace {

using base::Errc;
using test::CountedPart;
using test::led_by;
using test::ms;
using test::other;
using test::pg;
using test::third;
using Bench = test::GroupBench;

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
