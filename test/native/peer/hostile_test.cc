// What a network does about nodes that are wrong, old, slow or silent.
#include <chrono>
#include <string>

#include "peer/cell.h"
#include "peer/network.h"
#include "peer/raw_node.h"

namespace {

using cell::Asked;
using cell::Blocks;
using cell::Node;
using cell::Told;
using cell::until;
using frames::Bytes;
using frames::with;
using peer::Verb;
using raw::hello;
using raw::Server;
using raw::Socket;

constexpr auto message = Told::What::message;
constexpr auto call = Told::What::call;
constexpr auto peer_down = Told::What::peer_down;
constexpr base::NodeId other{2};

// A node that listens, and knows a node 2 that nobody can be reached as.
struct Listening : Node {
    explicit Listening(const cell::Settings& settings = {}) : Node(1, settings) {
        listen();
        network->set_peers({{other, "127.0.0.1", 1}});
    }
    // A connection of node 2 that has been admitted.
    [[nodiscard]] Socket admitted(uint64_t incarnation, uint32_t lane = 0) const {
        Socket socket = Socket::connect_to(port);
        REQUIRE(socket.greet(hello(2, 1, incarnation, lane)));
        return socket;
    }
    [[nodiscard]] bool says(const std::string& reason) const {
        return until([&] { return this->reason() == "its connection was closed: " + reason; });
    }
};

// A node that is connected to a server which is node 2.
struct Dialling : Node {
    explicit Dialling() : Node(1), server(), socket(-1) {
        network->set_peers({{other, "127.0.0.1", server.port()}});
        socket = server.accept_and_greet(2, 1, 500);
        REQUIRE(until([this] { return connected(); }));
    }
    Server server;
    Socket socket;
};

Bytes heartbeat(uint64_t sent_ns) {
    return frames::frame_of(replication::Message(
        replication::Heartbeat{base::PgId{3}, base::Epoch{9}, 12, sent_ns, {base::Epoch{9}, 50}}));
}

}  // namespace

TEST_CASE("whoever does not begin with a good HELLO is hung up on, and the reason is noted") {
    Listening node;
    const auto stranger = [&](const std::string& reason) {
        return until([&] { return node.network->status().stranger_reason == reason; });
    };
    Socket loud = Socket::connect_to(node.port);
    loud.send(Bytes(200, 'x'));
    CHECK(loud.ended());
    CHECK(stranger("magic: expected ASHP"));
    Socket hasty = Socket::connect_to(node.port);
    hasty.send(frames::append(1));
    CHECK(hasty.ended());
    CHECK(stranger("type: expected HELLO first"));
    Socket silent = Socket::connect_to(node.port);
    CHECK(silent.ended());
    CHECK(stranger("it sent no HELLO in time"));
    peer::Hello newer = hello(2, 1, 5);
    newer.version_lowest = newer.version_highest = 2;
    Socket young = Socket::connect_to(node.port);
    // It is told what is spoken here, so that it can say so itself.
    CHECK(young.greet(newer));
    CHECK(young.ended());
    CHECK(node.says("it speaks versions 2 to 2 of the protocol, this node 1 to 1"));
    CHECK(node.sink().told().empty());
}

TEST_CASE("a frame that cannot be ends the connection, and nothing of it is delivered") {
    Listening node;
    const auto refused = [&](const Bytes& bytes, const std::string& reason) {
        const Socket socket = node.admitted(5);
        socket.send(heartbeat(7));
        socket.send(bytes);
        socket.send(heartbeat(8));
        CHECK(socket.ended());
        CHECK(node.says(reason));
    };
    Bytes spoilt = frames::ack();
    spoilt[40] ^= 1;
    refused(spoilt, "crc: expected that of head and body");
    refused(with(frames::append(1), offsetof(peer::FrameHead, payload_bytes), uint32_t{1} << 30),
            "payload_bytes: expected blocks, where the type has them, and no more than we take");
    refused(frames::response({}, 0), "type: this direction of a connection has no such frames");
    refused(frames::frame_of(hello(2, 1, 5)), "type: HELLO comes once");
    Bytes damaged = frames::request(Verb::write, 2);
    damaged.back() ^= 1;
    refused(damaged, "payload: expected blocks that their checksums fit");
    const std::vector<Told> told = node.sink().told();
    CHECK(told.size() == 5);
    for (const Told& each : told) {
        CHECK(std::get<replication::Heartbeat>(each.message).sent_ns == 7);
    }
}

TEST_CASE("a newer connection of a reactor replaces the older, of which nothing is taken then") {
    Listening node({.reactors = 2});
    const Socket older = node.admitted(5, 1);
    older.send(heartbeat(1));
    REQUIRE(until([&] { return node.sink(1).count(message) == 1; }));
    const Socket beside = node.admitted(5, 0);
    const Socket newer = node.admitted(5, 1);
    CHECK(older.ended());
    older.send(heartbeat(2));
    newer.send(heartbeat(3));
    beside.send(heartbeat(4));
    REQUIRE(until([&] { return node.sink(1).count(message) == 3; }));
    CHECK(node.sink(0).told().empty());
    CHECK(node.sink(1).count(peer_down) == 0);
}

TEST_CASE("a new run ends the older one's connections everywhere, and that one stays over") {
    Listening node({.reactors = 2});
    const Socket first = node.admitted(5, 0);
    const Socket second = node.admitted(5, 1);
    first.send(heartbeat(1));
    REQUIRE(until([&] { return node.sink(1).count(message) == 1; }));
    const Socket anew = node.admitted(6, 0);
    CHECK((first.ended() && second.ended()));
    CHECK((node.sink(0).count(peer_down) == 1 && node.sink(1).count(peer_down) == 1));
    anew.send(heartbeat(2));
    REQUIRE(until([&] { return node.sink(1).count(message) == 2; }));
    const Socket late = Socket::connect_to(node.port);
    CHECK(!late.greet(hello(2, 1, 5, 1)));
    CHECK(node.says("it belongs to a run of the node that is over"));
    CHECK(node.sink(1).count(peer_down) == 1);
}

TEST_CASE("an answer that was not asked for ends the connection, and requests with not_primary") {
    Dialling node;
    Blocks target(3);
    Asked read(Verb::read, 1, 20, 3);
    read.target = target.bytes.get();
    read.submit(node, other);
    const Bytes asked = node.socket.receive(sizeof(peer::FrameHead) + sizeof(peer::RequestBody));
    REQUIRE(asked.size() == sizeof(peer::FrameHead) + sizeof(peer::RequestBody));
    uint64_t id = 0;
    std::memcpy(&id, asked.data() + sizeof(peer::FrameHead), sizeof id);
    std::string why;
    SUBCASE("for another request") {
        node.socket.send(with(frames::response({}, 3), sizeof(peer::FrameHead), id + 256));
        why = "id: no such request is under way";
    }
    SUBCASE("with too many blocks") {
        node.socket.send(with(frames::response({}, 4), sizeof(peer::FrameHead), id));
        why = "block_count: expected what was asked for";
    }
    SUBCASE("with blocks that are damaged") {
        Bytes response = with(frames::response({}, 3), sizeof(peer::FrameHead), id);
        response.back() ^= 1;
        node.socket.send(response);
        why = "payload: expected blocks that their checksums fit";
    }
    SUBCASE("with half of the blocks") {
        Bytes response = with(frames::response({}, 3), sizeof(peer::FrameHead), id);
        response.resize(response.size() / 2);
        node.socket.send(response);
        node.socket = Socket(-1);
        why = "it closed the connection";
    }
    REQUIRE(until([&] { return read.ended == 1; }));
    CHECK((read.result == base::Status(base::Errc::not_primary)));
    CHECK(until([&] { return node.reason() == why; }));
    CHECK(node.sink().count(peer_down) == 1);
}

TEST_CASE("a request that the primary had no memory for is sent again until it has") {
    Dialling node;
    const Blocks blocks(1);
    Asked write(Verb::write, 1, 20, 1);
    write.carry(blocks);
    write.submit(node, other);
    const size_t bytes = sizeof(peer::FrameHead) + sizeof(peer::RequestBody) + 8 + 4096;
    for (const base::Errc answer : {base::Errc::busy, base::Errc::busy, base::Errc::no_space}) {
        const Bytes asked = node.socket.receive(bytes);
        REQUIRE(asked.size() == bytes);
        CHECK(write.ended == 0);
        uint64_t id = 0;
        std::memcpy(&id, asked.data() + sizeof(peer::FrameHead), sizeof id);
        node.socket.send(
            with(frames::response(base::Status(answer), 0), sizeof(peer::FrameHead), id));
    }
    REQUIRE(until([&] { return write.ended == 1; }));
    CHECK((write.result.code() == base::Errc::no_space));
    CHECK(node.network->counters().requests_put_off == 2);
}

TEST_CASE("a node that does not read costs a bounded queue, and is given up after a second") {
    Dialling node;
    const Blocks blocks(64);
    const auto begun = std::chrono::steady_clock::now();
    uint64_t sequence = 0;
    // More than the sockets hold, and then more than the queue.
    while (node.network->counters().messages_dropped == 0) {
        cell::on(*node.reactors[0], [&] {
            for (uint32_t count = 0; count < 100; ++count) {
                node.network->lane(0).send(other, cell::append_of(blocks, 1, ++sequence));
            }
        });
        REQUIRE(sequence < 100'000);
    }
    CHECK(node.sink().count(peer_down) == 0);
    REQUIRE(until([&] { return node.sink().count(peer_down) == 1; }));
    const auto waited = std::chrono::steady_clock::now() - begun;
    CHECK(waited < std::chrono::seconds(6));
    CHECK(!node.connected());
}

TEST_CASE("answers to a node that does not read them wait in their memory, until it is given up") {
    Listening node({.pool_bytes = size_t{32} << 20});
    const Socket socket = node.admitted(5);
    for (uint64_t id = 1; id <= 250; ++id) {
        socket.send(with(frames::request(Verb::read, 64), sizeof(peer::FrameHead), id));
    }
    REQUIRE(until([&] { return node.network->counters().connections == 0; }));
    // What there was no memory for was refused.
    CHECK(node.sink().count(call) > 0);
    CHECK(node.sink().count(call) < 250);
    CHECK(until([&] { return node.pool_is_whole(0); }));
    CHECK(node.sink().count(peer_down) == 0);
}
