#include "initiator/host.h"

#include <cstring>

#include "initiator/blocking_host.h"
#include "initiator/fake_controller.h"

namespace {

using fake::Bytes;
using initiator::BlockingHost;
using initiator::HostOptions;

std::unique_ptr<BlockingHost> make() {
    auto made = BlockingHost::create();
    REQUIRE(made.has_value());
    return std::move(made.value());
}

HostOptions options_for(const fake::Controller& controller) {
    HostOptions options;
    options.address = "127.0.0.1";
    options.port = controller.port();
    options.subsystem_nqn = "nqn.2024-01.test:volume";
    options.host_nqn = "nqn.2024-01.test:host";
    options.timeout_ms = 5'000;
    return options;
}

Bytes pattern(size_t bytes, uint8_t seed) {
    Bytes data(bytes);
    for (size_t i = 0; i < bytes; ++i) {
        data[i] = static_cast<uint8_t>(seed + i * 7 + (i >> 8));
    }
    return data;
}

}  // namespace

TEST_CASE("a host connects, learns what it talks to, and disconnects") {
    const fake::Controller controller;
    auto host = make();
    HostOptions options = options_for(controller);
    options.io_queues = 8;
    REQUIRE(host->connect(options));
    const initiator::HostFacts& facts = host->facts();
    CHECK(facts.controller_id == fake::Controller::controller_id);
    CHECK(std::strcmp(facts.serial, "serial-1") == 0);
    CHECK(std::strcmp(facts.model, "fake model") == 0);
    CHECK(facts.transfer_bytes_max == 128 * 1024);
    CHECK(facts.in_capsule_bytes == 8192);
    CHECK(facts.block_count == fake::Controller::blocks);
    CHECK(facts.block_bytes == 4096);
    CHECK(host->io_queue_count() == 2);  // As many as were granted.
    host->disconnect();
    CHECK_FALSE(host->connected());
    CHECK(host->failure().status.code() == base::Errc::closed);
}

TEST_CASE("what is written is read back, in capsules and by R2T, with every digest setting") {
    const fake::Controller controller;
    for (const int digests : {0, 1, 2, 3}) {
        CAPTURE(digests);
        auto host = make();
        HostOptions options = options_for(controller);
        options.header_digest = (digests & 1) != 0;
        options.data_digest = (digests & 2) != 0;
        REQUIRE(host->connect(options));
        for (const uint32_t blocks : {1u, 2u, 3u, 32u}) {
            const Bytes data = pattern(blocks * size_t{4096}, static_cast<uint8_t>(blocks));
            Bytes back(data.size());
            CHECK(host->write(blocks * 4, data).ok());
            const auto answer = host->read(blocks * 4, back);
            CHECK(answer.ok());
            CHECK(answer.received_bytes == back.size());
            CHECK(back == data);
        }
    }
}

TEST_CASE("many commands are in flight at once, more than the queue has entries") {
    const fake::Controller controller;
    auto host = make();
    HostOptions options = options_for(controller);
    options.queue_entries = 8;
    REQUIRE(host->connect(options));
    std::vector<Bytes> data;
    std::vector<initiator::BlockingRequest> requests;
    for (uint8_t i = 0; i < 100; ++i) {
        data.push_back(pattern(i % 2 == 0 ? 4096 : 65536, i));
        const auto blocks = static_cast<uint32_t>(data.back().size() / 4096);
        requests.push_back({initiator::write_blocks(1, i * 8u, blocks),
                            initiator::Transfer::to_controller,
                            data.back()});
    }
    // Every second one overwrites half of the one before: only the last sixteen blocks are sure.
    for (const auto& answer : host->execute_all(1, requests)) {
        CHECK(answer.ok());
    }
    Bytes back(65536);
    CHECK(host->read(99 * 8, back).ok());
    CHECK(back == data.back());
}

TEST_CASE("a connection to nobody is refused with a sentence") {
    auto host = make();
    HostOptions options;
    options.address = "127.0.0.1";
    options.port = 1;
    CHECK_FALSE(host->connect(options));
    CHECK(host->failure().sentence() ==
          "connecting the admin queue: could not connect (Connection refused)");
    options.address = "localhost";
    CHECK_FALSE(host->connect(options));
    CHECK(host->failure().status.code() == base::Errc::invalid_argument);
}

TEST_CASE("a refused Connect is told with its status, on the admin queue and on an I/O queue") {
    for (const uint16_t queue : {0, 1}) {
        CAPTURE(queue);
        const fake::Controller controller([queue](fake::Peer& peer, const Bytes& pdu) {
            if (!fake::is_command(pdu, 0x7f) || fake::command_of(pdu).namespace_id != 1 ||
                fake::command_of(pdu).cdw10 >> 16 != queue) {
                return false;
            }
            peer.respond(fake::command_of(pdu).command_id, 0x4184);
            return true;
        });
        auto host = make();
        CHECK_FALSE(host->connect(options_for(controller)));
        CHECK(host->failure().nvme_status == 0x4184);
        CHECK(host->failure().sentence().find("(NVMe status 184h, do not retry)") !=
              std::string::npos);
    }
}

TEST_CASE("a controller that does not answer is given up in time, at every step") {
    // The how-manyth PDU is not answered any more: ICReq, Connect, properties, Identify, ...
    for (uint32_t silent = 0; silent < 10; ++silent) {
        CAPTURE(silent);
        uint32_t seen = 0;
        const fake::Controller controller(
            [&](fake::Peer&, const Bytes&) { return seen++ >= silent; });
        auto host = make();
        HostOptions options = options_for(controller);
        options.timeout_ms = 50;
        options.keep_alive_ms = 0;
        CHECK_FALSE(host->connect(options));
        CHECK(host->failure().status.code() == base::Errc::closed);
    }
}

TEST_CASE("a controller that never becomes ready is given up") {
    const fake::Controller controller([](fake::Peer& peer, const Bytes& pdu) {
        const bool status = fake::is_command(pdu, 0x7f) && fake::command_of(pdu).cdw11 == 0x1c;
        if (status) {
            peer.respond(fake::command_of(pdu).command_id, 0, 2);
        }
        return status;
    });
    auto host = make();
    CHECK_FALSE(host->connect(options_for(controller)));
    CHECK(host->failure().sentence() == "waiting for the controller: it reports a fatal status");
}

TEST_CASE("keep-alives are sent while nothing else is") {
    const fake::Controller controller;
    auto host = make();
    HostOptions options = options_for(controller);
    options.keep_alive_ms = 20;
    REQUIRE(host->connect(options));
    while (controller.keep_alives() < 3) {
        std::this_thread::yield();
    }
    CHECK(host->connected());
}

TEST_CASE("events come in order and are asked for again") {
    uint32_t sent = 0;
    const fake::Controller controller([&](fake::Peer& peer, const Bytes& pdu) {
        if (fake::is_command(pdu, 0x0c) && sent < 3) {
            peer.respond(fake::command_of(pdu).command_id, 0, 0x40000 + sent++);
            return true;
        }
        return false;
    });
    auto host = make();
    REQUIRE(host->connect(options_for(controller)));
    for (uint32_t expected = 0; expected < 3; ++expected) {
        uint32_t event = 0;
        REQUIRE(host->wait_event(event, 5'000));
        CHECK(event == 0x40000 + expected);
    }
    uint32_t event = 0;
    CHECK_FALSE(host->wait_event(event, 1));
}

TEST_CASE("commands on a lost connection end, and a new one can be made") {
    bool broken = false;
    const fake::Controller controller([&](fake::Peer& peer, const Bytes& pdu) {
        if (fake::is_command(pdu, 0x02) && !broken) {
            broken = true;
            peer.end();
            return true;
        }
        return false;
    });
    auto host = make();
    REQUIRE(host->connect(options_for(controller)));
    Bytes back(4096);
    CHECK(host->read(0, back).status.code() == base::Errc::closed);
    REQUIRE(host->wait_closed(5'000));
    CHECK(host->read(0, back).status.code() == base::Errc::closed);
    REQUIRE(host->connect(options_for(controller)));
    CHECK(host->read(0, back).ok());
}
