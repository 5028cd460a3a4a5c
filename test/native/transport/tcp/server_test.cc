#include "transport/tcp/server.h"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "transport/tcp/raw_controller.h"
#include "transport/tcp/test_gateway.h"

using host_pdus::Bytes;
using initiator::BlockingAnswer;
using initiator::BlockingHost;
using initiator::BlockingRequest;
using initiator::Transfer;
using nvme::tcp::PduType;
using test_gateway::block;
using test_gateway::Gateway;
using test_gateway::RawController;
using test_gateway::RawPdu;

namespace {

std::unique_ptr<BlockingHost> connect(const initiator::HostOptions& options) {
    auto host = BlockingHost::create();
    REQUIRE(host.has_value());
    REQUIRE_MESSAGE((*host)->connect(options), (*host)->failure().sentence());
    return std::move(*host);
}

// Writes `count` pieces of different sizes, all in flight at once on one queue, and reads them back
// the same way. Each queue has blocks of its own: what orders its reactor's writes and another's is
// the host, and that a thread sanitizer does not see.
void check_many(BlockingHost& host, uint32_t count, uint16_t queue = 1) {
    constexpr uint32_t largest = base::limits::transfer_bytes_max / block;
    constexpr std::array<uint32_t, 6> sizes = {1, 2, 1, 3, 16, largest};
    std::vector<Bytes> sent;
    std::vector<Bytes> back;
    for (uint32_t i = 0; i < count; ++i) {
        sent.push_back(host_pdus::pattern(sizes[i % sizes.size()] * block, i + 1));
        back.emplace_back(sent.back().size());
    }
    const auto run = [&](Transfer transfer, std::vector<Bytes>& data) {
        std::vector<BlockingRequest> requests;
        for (uint32_t i = 0; i < count; ++i) {
            const auto blocks = static_cast<uint32_t>(data[i].size() / block);
            const uint64_t first = (uint64_t{queue} - 1) * 4096 + uint64_t{i} * largest;
            requests.push_back({transfer == Transfer::to_host
                                    ? initiator::read_blocks(1, first, blocks)
                                    : initiator::write_blocks(1, first, blocks),
                                transfer,
                                data[i]});
        }
        const auto answers = host.execute_all(queue, requests);
        CHECK(std::all_of(answers.begin(), answers.end(), [](const auto& a) { return a.ok(); }));
    };
    run(Transfer::to_controller, sent);
    run(Transfer::to_host, back);
    CHECK((sent == back));
}

}  // namespace

TEST_CASE("moves data of every size, with each choice of digests") {
    const Gateway gateway;
    for (const bool header : {false, true}) {
        for (const bool data : {false, true}) {
            auto options = gateway.host_options();
            options.header_digest = header;
            options.data_digest = data;
            check_many(*connect(options), 30);
        }
    }
}

TEST_CASE("serves many queues on several reactors") {
    const Gateway gateway({.reactors = 2});
    auto options = gateway.host_options();
    options.io_queues = 4;
    const auto host = connect(options);
    CHECK(host->io_queue_count() == 4);
    for (const uint16_t queue : {1, 2, 3, 4}) {
        check_many(*host, 60, queue);
    }
}

TEST_CASE("lets commands wait for memory instead of failing them") {
    // One largest buffer is all there is.
    const Gateway gateway({.pool_bytes = base::limits::transfer_bytes_max});
    auto options = gateway.host_options();
    options.io_queues = 2;
    const auto host = connect(options);
    check_many(*host, 60, 1);
    check_many(*host, 60, 2);
}

TEST_CASE("answers a keep-alive while every buffer is taken") {
    Gateway gateway({.pool_bytes = base::limits::transfer_bytes_max});
    const RawController controller(gateway);
    gateway.set_delay_ms(60'000);
    // The first takes all memory; the others wait, the last ones with data in their capsules.
    for (uint16_t id = 1; id <= 3; ++id) {
        REQUIRE(controller.io->send(controller.read(id, 0, 64)));
    }
    for (uint16_t id = 4; id <= 6; ++id) {
        REQUIRE(controller.io->send(controller.write(id, id, host_pdus::pattern(block))));
    }
    for (uint16_t id = 1; id <= 3; ++id) {
        REQUIRE(controller.admin->send(
            initiator::command_pdu(controller.admin->wire(), initiator::keep_alive(), id)));
        CHECK(test_gateway::status_of(controller.admin->receive()) == 0);
    }
    // Identify needs memory, which the connection has in reserve for it.
    REQUIRE(controller.admin->send(
        initiator::transfer_command_pdu(controller.admin->wire(),
                                        initiator::identify(nvme::IdentifyKind::controller, 0),
                                        9,
                                        block)));
    CHECK(controller.admin->receive().is(PduType::c2h_data));
    gateway.set_delay_ms(0);
    for (int answers = 0; answers < 6;) {
        const RawPdu pdu = controller.io->receive();
        REQUIRE(pdu.outcome == RawPdu::Outcome::pdu);
        answers += pdu.is(PduType::response) ? 1 : 0;
    }
}

// Writes that hold all memory wait for data that lie in the stream behind other writes.
TEST_CASE("does not stand still when data come behind capsules that wait for memory") {
    const Gateway gateway({.pool_bytes = base::limits::transfer_bytes_max});
    const RawController controller(gateway);
    const uint16_t tag = controller.begin_write(1, 0, 64);
    Bytes stream;
    const Bytes small = host_pdus::pattern(block, 9);
    for (uint16_t id = 2; id < 30; ++id) {
        stream = host_pdus::operator+(stream, controller.write(id, 100 + id, small));
    }
    const Bytes large = host_pdus::pattern(64 * block, 3);
    stream = host_pdus::operator+(stream, controller.data(1, tag, 0, large, true));
    REQUIRE(controller.io->send(stream));
    for (int answers = 0; answers < 29; ++answers) {
        CHECK(test_gateway::status_of(controller.io->receive()) == 0);
    }
    REQUIRE(controller.io->send(controller.read(30, 0, 64)));
    const RawPdu back = controller.io->receive();
    REQUIRE(back.is(PduType::c2h_data));
    CHECK(std::equal(large.begin(), large.end(), back.bytes.begin() + back.bytes[3]));
}

TEST_CASE("places data where the host's alignment wants them") {
    const Gateway gateway;
    const Bytes sent = host_pdus::pattern(3 * block);
    for (const uint8_t alignment : {1, 7, 31}) {
        const RawController controller(gateway, {.alignment = alignment});
        const uint16_t tag = controller.begin_write(1, 0, 3);
        REQUIRE(controller.io->send(controller.data(1, tag, 0, sent, true)));
        CHECK(test_gateway::status_of(controller.io->receive()) == 0);
        REQUIRE(controller.io->send(controller.read(2, 0, 3)));
        const RawPdu data = controller.io->receive();
        REQUIRE(data.is(PduType::c2h_data));
        CHECK(data.bytes[3] % ((alignment + 1) * 4) == 0);
        REQUIRE(data.bytes.size() == data.bytes[3] + sent.size());
        CHECK(std::equal(sent.begin(), sent.end(), data.bytes.begin() + data.bytes[3]));
    }
}

TEST_CASE("takes the data of a write in as many pieces as the host likes") {
    const Gateway gateway;
    for (const host_pdus::Digests digests :
         {host_pdus::Digests{}, host_pdus::Digests{true, true}}) {
        const RawController controller(gateway, {.digests = digests});
        for (const uint32_t piece : {512u, block, 5 * block + 4}) {
            const Bytes sent = host_pdus::pattern(32 * block, piece);
            const uint16_t tag = controller.begin_write(1, 0, 32);
            for (uint32_t offset = 0; offset < sent.size(); offset += piece) {
                const auto bytes = std::min<size_t>(piece, sent.size() - offset);
                REQUIRE(controller.io->send(
                    controller.data(1,
                                    tag,
                                    offset,
                                    std::span<const uint8_t>(sent).subspan(offset, bytes),
                                    offset + bytes == sent.size())));
            }
            CHECK(test_gateway::status_of(controller.io->receive()) == 0);
            REQUIRE(controller.io->send(controller.read(2, 0, 32)));
            const RawPdu back = controller.io->receive();
            REQUIRE(back.is(PduType::c2h_data));
            CHECK(std::equal(sent.begin(), sent.end(), back.bytes.begin() + back.bytes[3]));
            CHECK(test_gateway::status_of(controller.io->receive()) == 0);
        }
    }
}

TEST_CASE("lets data stand for the completion only where the queue's head is not told") {
    const Gateway gateway;
    for (const bool flow_control : {true, false}) {
        const RawController controller(gateway, {.flow_control = flow_control});
        REQUIRE(controller.io->send(controller.read(1, 0, 1)));
        const RawPdu data = controller.io->receive();
        REQUIRE(data.is(PduType::c2h_data));
        CHECK((data.bytes[1] & nvme::tcp::flag_last) != 0);
        CHECK(((data.bytes[1] & nvme::tcp::flag_success) != 0) == !flow_control);
        // A write that follows shows whether there was a response in between.
        REQUIRE(controller.io->send(controller.write(2, 0, host_pdus::pattern(block))));
        const RawPdu response = controller.io->receive();
        REQUIRE(test_gateway::status_of(response) == 0);
        CHECK(response.as<nvme::tcp::ResponsePdu>().completion.command_id ==
              (flow_control ? 1 : 2));
    }
}

TEST_CASE("counts what it does") {
    Gateway gateway;
    gateway.check_serves();
    CHECK(Gateway::eventually([&] { return gateway.counters().connections == 0; }));
    const auto counters = gateway.counters();
    CHECK(counters.accepted == 2);
    CHECK(counters.refused == 0);
    CHECK(counters.protocol_errors == 0);
    CHECK(counters.timeouts == 0);
    CHECK(counters.commands > 10);
    CHECK(counters.bytes_received > 83 * block);
    CHECK(counters.bytes_sent > 83 * block);
}

TEST_CASE("says why it cannot listen") {
    Gateway gateway;
    using transport::tcp::Service;
    auto& server = gateway.server();
    CHECK(server.listen(Service::io, "127.0.0.1", gateway.port()).error().code() ==
          base::Errc::address_in_use);
    for (const char* address : {"", "localhost", "300.1.1.1", "127.0.0.1:80", "192.0.2.1"}) {
        CHECK(server.listen(Service::io, address, 0).error().code() ==
              base::Errc::invalid_argument);
    }
    auto v6 = server.listen(Service::discovery, "::1", 0);
    if (v6.has_value()) {
        CHECK(initiator::RawConnection::open("::1", *v6).has_value());
    }
    gateway.close_server();
    CHECK(server.listen(Service::io, "127.0.0.1", 0).error().code() == base::Errc::closed);
}

TEST_CASE("closes with connections in every state and commands outstanding") {
    for (const uint32_t reactors : {1u, 2u}) {
        Gateway gateway({.reactors = reactors});
        const RawController controller(gateway);
        gateway.set_delay_ms(100);
        auto silent = gateway.dial();
        auto half = gateway.dial();
        REQUIRE(half->send(std::span<const uint8_t>(initiator::ic_request_pdu()).first(60)));
        REQUIRE(controller.io->send(controller.read(1, 0, 64)));
        REQUIRE(controller.io->send(controller.write(2, 0, host_pdus::pattern(block))));
        const uint16_t tag = controller.begin_write(3, 64, 64);
        const Bytes part = host_pdus::pattern(block);
        REQUIRE(controller.io->send(controller.data(3, tag, 0, part, false)));
        REQUIRE(controller.admin->send(initiator::command_pdu(
            controller.admin->wire(), initiator::asynchronous_event_request(), 7)));
        gateway.close_server();
        CHECK(controller.io->wait_closed());
        CHECK(controller.admin->wait_closed());
        CHECK(silent->wait_closed());
        CHECK(half->wait_closed());
    }
}
