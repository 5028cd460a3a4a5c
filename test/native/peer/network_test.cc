#include "peer/network.h"

#include <algorithm>
#include <span>

#include "peer/cell.h"

namespace {

using cell::append_of;
using cell::Asked;
using cell::Blocks;
using cell::Node;
using cell::Pair;
using cell::Told;
using cell::until;
using peer::Verb;

constexpr auto message = Told::What::message;
constexpr auto append = Told::What::append;
constexpr auto call = Told::What::call;
constexpr auto peer_down = Told::What::peer_down;

replication::Heartbeat heartbeat(uint32_t pg, uint64_t sent_ns) {
    return {base::PgId{pg}, base::Epoch{1}, 1, sent_ns, {base::Epoch{1}, 5}};
}

uint64_t sent_ns_of(const Told& told) {
    return std::get<replication::Heartbeat>(told.message).sent_ns;
}

bool all_home(const Node& node) {
    for (size_t index = 0; index < node.pools.size(); ++index) {
        if (!node.pool_is_whole(index)) {
            return false;
        }
    }
    return true;
}

}  // namespace

TEST_CASE("messages of every type arrive as they were sent, in order, from their sender") {
    Pair pair;
    replication::GroupConfig config;
    config.pg = base::PgId{3};
    config.epoch = base::Epoch{4};
    config.primary = pair.a.id;
    config.min_in_sync = 2;
    config.member_count = 2;
    config.member_at[0] = {pair.a.id, replication::MemberRole::in_sync};
    config.member_at[1] = {pair.b.id, replication::MemberRole::joining};
    const std::vector<replication::Range> ranges(4096,
                                                 {{base::VolumeId{1}, 2, base::PgId{3}}, 7, 8});
    replication::Prepared prepared;
    prepared.pg = config.pg;
    prepared.epoch = config.epoch;
    prepared.channel = 5;
    prepared.commit = {base::Epoch{3}, 99};
    prepared.unknown = true;
    prepared.pending = ranges;

    pair.a.send(pair.b.id, replication::Prepare{config, 12, true});
    pair.a.send(pair.b.id, prepared);
    pair.a.send(pair.b.id, replication::Ack{config.pg, config.epoch, 5, 77, true});
    pair.a.send(pair.b.id, heartbeat(3, 1234));
    pair.a.send(pair.b.id, replication::Grant{config.pg, config.epoch, 4321, true});
    pair.a.send(pair.b.id, replication::Refused{config.pg, config.epoch});
    REQUIRE(until([&] { return pair.b.sink().count(message) == 6; }));
    const std::vector<Told> told = pair.b.sink().told();
    const auto& prepare = std::get<replication::Prepare>(told[0].message);
    CHECK((prepare.config == config && prepare.channel == 12 && prepare.wipe));
    const auto& answer = std::get<replication::Prepared>(told[1].message);
    CHECK((answer.channel == 5 && answer.commit == prepared.commit));
    CHECK((answer.unknown && !answer.demoted));
    REQUIRE(told[1].ranges.size() == 4096);
    CHECK((told[1].ranges.back().extent == ranges[0].extent));
    CHECK(told[1].ranges.back().block_count == 8);
    const auto& ack = std::get<replication::Ack>(told[2].message);
    CHECK((ack.channel == 5 && ack.sequence == 77 && ack.full));
    CHECK(sent_ns_of(told[3]) == 1234);
    const auto& grant = std::get<replication::Grant>(told[4].message);
    CHECK((grant.sent_ns == 4321 && grant.full));
    CHECK(std::get<replication::Refused>(told[5].message).epoch == config.epoch);
    CHECK(std::ranges::all_of(told, [&](const Told& each) { return each.from == pair.a.id; }));
}

TEST_CASE("the blocks of an Append arrive whole, and their buffers go back to the pool") {
    Pair pair;
    pair.b.sink().hold = true;
    const uint32_t counts[] = {1, 64, 3, 17, 64, 2};
    std::vector<Blocks> blocks;
    for (const uint32_t count : counts) {
        blocks.emplace_back(count, static_cast<uint8_t>(count));
        pair.a.send(pair.b.id, append_of(blocks.back(), 1, blocks.size()));
    }
    replication::Append deallocation = append_of(blocks[0], 1, 7);
    deallocation.data = nullptr;
    deallocation.crcs = nullptr;
    deallocation.copy = true;
    deallocation.range.block_count = 100'000;
    pair.a.send(pair.b.id, deallocation);
    REQUIRE(until([&] { return pair.b.sink().count(append) == 7; }));
    const std::vector<Told> told = pair.b.sink().told();
    for (size_t index = 0; index < blocks.size(); ++index) {
        const auto& came = std::get<replication::Append>(told[index].message);
        CHECK(came.sequence == index + 1);
        CHECK((came.version == base::Version{base::Epoch{4}, index + 1}));
        CHECK((came.range.extent == base::ExtentId{base::VolumeId{8}, 2, base::PgId{1}}));
        CHECK(told[index].crcs == blocks[index].crcs);
        const size_t bytes = blocks[index].crcs.size() * cell::block_bytes;
        REQUIRE(told[index].bytes.size() == bytes);
        CHECK(std::memcmp(told[index].bytes.data(), blocks[index].bytes.get(), bytes) == 0);
    }
    const auto& last = std::get<replication::Append>(told[6].message);
    CHECK((last.data == nullptr && last.copy && last.range.block_count == 100'000));
    CHECK(!all_home(pair.b));
    pair.b.sink().let_go();
    CHECK(until([&] { return all_home(pair.b); }));
}

TEST_CASE("a write is carried to the other node with all it says, and its answer comes back") {
    Pair pair;
    const Blocks blocks(64);
    Asked write(Verb::write, 1, 40, 64);
    write.carry(blocks);
    write.submit(pair.a, pair.b.id);
    REQUIRE(until([&] { return write.ended == 1; }));
    CHECK(write.result.ok());
    Asked deallocation(Verb::write, 1, 0, 5000);
    deallocation.submit(pair.a, pair.b.id);
    REQUIRE(until([&] { return deallocation.ended == 1; }));
    const std::vector<Told> told = pair.b.sink().told();
    REQUIRE(told.size() == 2);
    CHECK((told[0].verb == Verb::write && told[0].from == pair.a.id));
    CHECK((told[0].epoch == 9 && told[0].fence == 11 && told[0].range.first_block == 40));
    CHECK(told[0].crcs == blocks.crcs);
    CHECK(std::memcmp(told[0].bytes.data(), blocks.bytes.get(), told[0].bytes.size()) == 0);
    CHECK((told[1].bytes.empty() && told[1].range.block_count == 5000));
    CHECK(until([&] { return all_home(pair.b); }));
}

TEST_CASE("a read brings the other node's blocks, and an error the block that failed") {
    Pair pair;
    pair.b.sink().content = 0x5a;
    for (const uint32_t count : {1u, 5u, 64u}) {
        Blocks target(count);
        Asked read(Verb::read, 1, 7, count);
        read.target = target.bytes.get();
        read.submit(pair.a, pair.b.id);
        REQUIRE(until([&] { return read.ended == 1; }));
        CHECK(read.result.ok());
        const std::span bytes(target.bytes.get(), size_t{count} * cell::block_bytes);
        CHECK(std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0x5a; }));
    }
    pair.b.sink().answer_with(base::Status(base::Errc::checksum_wrong, 3), 9);
    Blocks target(4);
    Asked read(Verb::read, 1, 7, 4);
    read.target = target.bytes.get();
    read.submit(pair.a, pair.b.id);
    REQUIRE(until([&] { return read.ended == 1; }));
    CHECK((read.result == base::Status(base::Errc::checksum_wrong, 3)));
    CHECK(read.failed_block == 9);
    CHECK(until([&] { return all_home(pair.b); }));
}

TEST_CASE("many requests at once arrive in the order in which they were sent") {
    Pair pair;
    const Blocks blocks(16);
    std::vector<std::unique_ptr<Asked>> asked;
    for (uint32_t index = 0; index < 1000; ++index) {
        asked.push_back(std::make_unique<Asked>(Verb::write, 1, index, index % 3 == 0 ? 16 : 1));
        asked.back()->carry(blocks);
    }
    cell::on(*pair.a.reactors[0], [&] {
        for (const auto& each : asked) {
            pair.a.network->lane(0).request(pair.b.id, *each);
        }
    });
    REQUIRE(until([&] {
        return std::ranges::all_of(asked, [](const auto& each) { return each->ended == 1; });
    }));
    CHECK(std::ranges::all_of(asked, [](const auto& each) { return each->result.ok(); }));
    const std::vector<Told> told = pair.b.sink().told();
    REQUIRE(told.size() == 1000);
    CHECK(
        std::ranges::is_sorted(told, {}, [](const Told& each) { return each.range.first_block; }));
}

TEST_CASE("what comes in is delivered on its group's reactor, and its memory goes home") {
    Pair pair({.reactors = 3});
    const Blocks blocks(8);
    std::vector<std::unique_ptr<Asked>> asked;
    for (uint32_t pg = 0; pg < 3; ++pg) {
        for (uint32_t lane = 0; lane < 3; ++lane) {
            pair.a.send(pair.b.id, heartbeat(pg, lane), lane);
            pair.a.send(pair.b.id, append_of(blocks, pg, 1 + lane), lane);
            asked.push_back(std::make_unique<Asked>(Verb::write, pg, lane, 8));
            asked.back()->carry(blocks);
            asked.back()->submit(pair.a, pair.b.id, lane);
        }
    }
    REQUIRE(until([&] {
        return std::ranges::all_of(asked, [](const auto& each) { return each->ended == 1; });
    }));
    for (uint32_t home = 0; home < 3; ++home) {
        REQUIRE(until([&] { return pair.b.sink(home).told().size() == 9; }));
        std::thread::id thread;
        cell::on(*pair.b.reactors[home], [&] { thread = std::this_thread::get_id(); });
        for (const Told& told : pair.b.sink(home).told()) {
            CHECK(told.thread == thread);
        }
        CHECK(pair.b.sink(home).count(append) == 3);
        CHECK(pair.b.sink(home).count(call) == 3);
    }
    CHECK(until([&] { return all_home(pair.b); }));
}

TEST_CASE("a request to a node without a connection ends with not_primary, never inside") {
    Node alone(1);
    Asked read(Verb::read, 1, 0, 1);
    read.submit(alone, base::NodeId{2});
    REQUIRE(until([&] { return read.ended == 1; }));
    CHECK((read.result == base::Status(base::Errc::not_primary)));
    alone.send(base::NodeId{2}, heartbeat(1, 1));
    CHECK(alone.network->counters().messages_dropped == 1);
}

TEST_CASE("a node that goes ends what it was asked with not_primary, and is told down") {
    Pair pair;
    Node& a = pair.a;
    pair.b.sink().hold = true;
    const Blocks blocks(64);
    Blocks target(64);
    std::vector<std::unique_ptr<Asked>> asked;
    for (uint32_t index = 0; index < 40; ++index) {
        asked.push_back(
            std::make_unique<Asked>(index % 2 == 0 ? Verb::write : Verb::read, 1, index, 64));
        asked.back()->target = target.bytes.get();
        if (index % 2 == 0) {
            asked.back()->carry(blocks);
        }
        asked.back()->submit(a, pair.b.id);
    }
    REQUIRE(until([&] { return pair.b.sink().count(call) > 0; }));
    CHECK(std::ranges::all_of(asked, [](const auto& each) { return each->ended == 0; }));
    pair.b.begin_close();
    REQUIRE(until([&] {
        return std::ranges::all_of(asked, [](const auto& each) { return each->ended == 1; });
    }));
    for (const auto& each : asked) {
        CHECK((each->result == base::Status(base::Errc::not_primary)));
    }
    CHECK(until([&] { return a.sink().count(peer_down) == 1; }));
    CHECK(!a.connected());
    pair.b.stop();
    CHECK(until([&] { return a.reason() == "Connection refused"; }));
}

TEST_CASE("a connection whose requests nobody answers is renewed, and the next ones are answered") {
    Pair pair;
    pair.b.sink().hold = true;
    Asked stuck(Verb::read, 1, 0, 1);
    Blocks target(1);
    stuck.target = target.bytes.get();
    stuck.submit(pair.a, pair.b.id);
    REQUIRE(until([&] { return pair.b.sink().count(call) == 1; }));
    cell::on(*pair.a.reactors[0], [&] { pair.a.network->lane(0).renew(pair.b.id); });
    REQUIRE(until([&] { return stuck.ended == 1; }));
    CHECK((stuck.result == base::Status(base::Errc::not_primary)));
    CHECK(pair.a.sink().count(peer_down) == 1);
    REQUIRE(until([&] { return pair.a.connected(); }));
    Asked next(Verb::read, 1, 0, 1);
    next.target = target.bytes.get();
    next.submit(pair.a, pair.b.id);
    CHECK(until([&] { return pair.b.sink().count(call) == 2; }));
    pair.a.stop();
    pair.b.stop();
}

TEST_CASE("a node that comes back as a new run is told down everywhere before anything of it") {
    Node a(1, {.reactors = 2});
    auto b = std::make_unique<Node>(2, cell::Settings{.reactors = 2, .incarnation = 100});
    a.listen();
    const uint16_t port = b->listen();
    a.knows({b.get()});
    b->knows({&a});
    REQUIRE(until([&] { return a.connected() && b->connected(); }));
    CHECK(a.sink(0).count(peer_down) + a.sink(1).count(peer_down) == 0);
    for (uint32_t pg = 0; pg < 2; ++pg) {
        b->send(a.id, heartbeat(pg, 1), 0);
        REQUIRE(until([&] { return a.sink(pg).count(message) == 1; }));
    }
    b.reset();
    b = std::make_unique<Node>(2, cell::Settings{.reactors = 2, .incarnation = 101});
    b->listen(port);
    b->knows({&a});
    REQUIRE(until([&] { return a.connected() && b->connected(); }));
    for (uint32_t pg = 0; pg < 2; ++pg) {
        b->send(a.id, heartbeat(pg, 2), 1 - pg);
        REQUIRE(until([&] { return a.sink(pg).count(message) == 2; }));
        const std::vector<Told> told = a.sink(pg).told();
        CHECK(told.front().what == message);
        CHECK(told[told.size() - 2].what == peer_down);
        CHECK(sent_ns_of(told.back()) == 2);
    }
    // The other way: what is sent to it reaches the new run only after that.
    a.send(b->id, heartbeat(0, 3));
    CHECK(until([&] { return b->sink(0).count(message) == 1; }));
}

TEST_CASE("a node of another cell, or one that is not known, is refused and told why") {
    SUBCASE("another cell") {
        Node a(1);
        Node b(2, {.cell = 9});
        a.listen();
        b.listen();
        a.knows({&b});
        b.knows({&a});
        CHECK(until([&] { return a.reason() == "it belongs to another cell"; }));
        CHECK(until([&] { return b.reason() == "it belongs to another cell"; }));
        a.send(b.id, heartbeat(1, 1));
        CHECK(b.sink().told().empty());
    }
    SUBCASE("another node than expected") {
        Node a(1);
        Node b(2);
        a.listen();
        b.listen();
        a.network->set_peers({{base::NodeId{3}, "127.0.0.1", b.port}});
        CHECK(until([&] { return a.reason() == "it is node 2, expected was node 3"; }));
        CHECK(b.network->status().stranger_reason == "it looks for node 3, this is node 2");
    }
    SUBCASE("a node that is not known yet") {
        Node a(1);
        Node b(2);
        a.listen();
        b.listen();
        a.knows({&b});
        CHECK(until([&] { return a.reason() == "it closed the connection without a HELLO"; }));
        CHECK(b.network->status().strangers > 0);
        CHECK(b.network->status().stranger_reason ==
              "it is none of the nodes that this one knows of");
        b.knows({&a});
        CHECK(until([&] { return a.connected(); }));
        CHECK(a.sink().told().empty());
    }
}

TEST_CASE("a node that is taken off the list loses its connections, and gets them back") {
    Pair pair;
    pair.a.network->set_peers({});
    CHECK(until([&] { return pair.a.sink().count(peer_down) == 1; }));
    CHECK(until([&] { return pair.b.sink().count(peer_down) == 1; }));
    CHECK(pair.a.network->status().peers.empty());
    pair.a.knows({&pair.b});
    CHECK(until([&] { return pair.a.connected() && pair.b.connected(); }));
}

TEST_CASE("a primary without memory puts requests off, and they end well once it has some") {
    Pair pair({.pool_bytes = size_t{1} << 20});
    pair.b.sink().hold = true;
    const Blocks blocks(64);
    std::vector<std::unique_ptr<Asked>> asked;
    for (uint32_t index = 0; index < 200; ++index) {
        asked.push_back(std::make_unique<Asked>(Verb::write, 1, index, 64));
        asked.back()->carry(blocks);
        asked.back()->submit(pair.a, pair.b.id);
    }
    // Under way is no more than a connection may have.
    REQUIRE(until([&] { return pair.b.sink().count(call) == 8; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(pair.b.sink().count(call) == 8);
    pair.b.sink().let_go();
    CHECK(until([&] {
        return std::ranges::all_of(asked, [](const auto& each) { return each->ended == 1; });
    }));
    CHECK(std::ranges::all_of(asked, [](const auto& each) { return each->result.ok(); }));
}

TEST_CASE("Appends that find no memory are dropped, and heartbeats behind them still come") {
    Pair pair({.pool_bytes = size_t{1} << 20});
    pair.b.sink().hold = true;
    const Blocks blocks(64);
    for (uint32_t index = 1; index <= 80; ++index) {
        pair.a.send(pair.b.id, append_of(blocks, 1, index));
    }
    pair.a.send(pair.b.id, heartbeat(1, 1));
    REQUIRE(until([&] { return pair.b.sink().count(message) == 1; }));
    const size_t taken = pair.b.sink().count(append);
    CHECK((taken >= 32 && taken < 80));
    CHECK(pair.b.network->counters().messages_dropped == 80 - taken);
    pair.b.sink().let_go();
    pair.a.send(pair.b.id, append_of(blocks, 1, 81));
    CHECK(until([&] { return pair.b.sink().count(append) == taken + 1; }));
}

TEST_CASE("closing ends requests and connections, and waits for what sinks still hold") {
    Pair pair;
    pair.a.sink().hold = true;
    const Blocks blocks(2);
    Asked write(Verb::write, 1, 0, 2);
    write.carry(blocks);
    write.submit(pair.b, pair.a.id);
    REQUIRE(until([&] { return pair.a.sink().count(call) == 1; }));
    pair.a.begin_close();
    REQUIRE(until([&] { return write.ended == 1; }));
    CHECK((write.result == base::Status(base::Errc::not_primary)));
    const auto a_while = std::chrono::milliseconds(50);
    CHECK(pair.a.closing.wait_for(a_while) == std::future_status::timeout);
    Asked late(Verb::read, 1, 0, 1);
    late.submit(pair.a, pair.b.id);
    CHECK(until([&] { return late.ended == 1; }));
    CHECK(!pair.a.network->listen("127.0.0.1", 0).has_value());
    pair.a.stop();
}
