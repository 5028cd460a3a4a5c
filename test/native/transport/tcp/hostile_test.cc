// Hosts that do what they must not. Whatever it is, a good host is served afterwards, and the
// gateway's end finds no buffer, connection or command left behind.

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "transport/tcp/raw_controller.h"
#include "transport/tcp/test_gateway.h"

using host_pdus::Bytes;
using host_pdus::Digests;
using host_pdus::operator+;
using nvme::tcp::FatalError;
using nvme::tcp::PduType;
using test_gateway::block;
using test_gateway::fatal_error_of;
using test_gateway::Gateway;
using test_gateway::RawConnection;
using test_gateway::RawController;
using test_gateway::RawPdu;
using test_gateway::Settings;
using test_gateway::status_of;

namespace {

constexpr uint16_t data_sgl_length_invalid = 0x0f;
constexpr uint16_t sgl_descriptor_type_invalid = 0x11;
constexpr uint16_t sgl_offset_invalid = 0x16;
constexpr uint16_t invalid_field = 0x02;
constexpr uint16_t transient_transport_error = 0x22;

// The controller says why, then closes.
void check_ended(RawConnection& connection, FatalError error) {
    RawPdu pdu = connection.receive();
    while (pdu.outcome == RawPdu::Outcome::pdu && !pdu.is(PduType::c2h_terminate)) {
        pdu = connection.receive();
    }
    CHECK(fatal_error_of(pdu) == static_cast<uint16_t>(error));
    connection.shut_down_sending();
    CHECK(connection.wait_closed());
}

nvme::tcp::CommandPdu& command_in(Bytes& pdu) {
    return *reinterpret_cast<nvme::tcp::CommandPdu*>(pdu.data());
}

Bytes first_half(const Bytes& pdu) {
    return {pdu.begin(), pdu.begin() + static_cast<ptrdiff_t>(pdu.size() / 2)};
}

transport::tcp::ServerOptions impatient() {
    return {.connections_max = 16, .connect_timeout_ms = 150, .transfer_timeout_ms = 200};
}

}  // namespace

TEST_CASE("ends a connection that speaks before its ICReq, or sends another") {
    const Gateway gateway;
    auto early = gateway.dial();
    REQUIRE(early->send(host_pdus::capsule({})));
    check_ended(*early, FatalError::sequence_error);
    auto twice = gateway.dial();
    REQUIRE(twice->negotiate());
    REQUIRE(twice->send(host_pdus::ic_request()));
    check_ended(*twice, FatalError::sequence_error);
    gateway.check_serves();
    CHECK(gateway.counters().protocol_errors == 2);
}

TEST_CASE("quotes the header it objects to") {
    const Gateway gateway;
    auto connection = gateway.dial();
    REQUIRE(connection->negotiate());
    Bytes pdu = host_pdus::capsule({});
    pdu[2] = 70;
    REQUIRE(connection->send(pdu));
    const RawPdu end = connection->receive();
    REQUIRE(end.is(PduType::c2h_terminate));
    const auto& terminate = end.as<nvme::tcp::TerminatePdu>();
    CHECK(terminate.error == static_cast<uint16_t>(FatalError::invalid_header_field));
    CHECK(terminate.information[0] == 2);
    REQUIRE(end.bytes.size() >= sizeof terminate + sizeof(nvme::tcp::PduHeader));
    CHECK(std::equal(end.bytes.begin() + sizeof terminate, end.bytes.end(), pdu.begin()));
    connection->shut_down_sending();
    CHECK(connection->wait_closed());
}

TEST_CASE("survives garbage, also behind a good start") {
    const Gateway gateway;
    std::mt19937 random(7);
    for (int round = 0; round < 60; ++round) {
        auto connection = gateway.dial();
        if (round % 3 != 0) {
            REQUIRE(connection->negotiate(round % 2 == 0, round % 4 == 0));
        }
        if (round % 3 == 2) {
            static_cast<void>(connection->send(initiator::connect_pdu(
                connection->wire(), test_gateway::subsystem_nqn, test_gateway::host_nqn)));
        }
        Bytes garbage(random() % 4096);
        std::generate(garbage.begin(), garbage.end(), [&] { return uint8_t(random()); });
        static_cast<void>(connection->send(garbage));
        connection->shut_down_sending();
        CHECK(connection->wait_closed());
    }
    gateway.check_serves();
}

TEST_CASE("survives a good conversation with any one byte wrong") {
    const Gateway gateway;
    const Bytes good =
        initiator::ic_request_pdu() +
        initiator::connect_pdu({}, test_gateway::subsystem_nqn, test_gateway::host_nqn) +
        initiator::command_pdu({}, initiator::property_get(0, true), 2) +
        initiator::transfer_command_pdu(
            {}, initiator::identify(nvme::IdentifyKind::controller, 0), 3, block);
    std::mt19937 random(11);
    for (size_t at = 0; at < good.size(); at += 1 + random() % 7) {
        Bytes bad = good;
        bad[at] ^= static_cast<uint8_t>(1 + random() % 255);
        auto connection = gateway.dial();
        static_cast<void>(connection->send(bad));
        connection->shut_down_sending();
        CHECK(connection->wait_closed());
    }
    gateway.check_serves();
}

TEST_CASE("refuses a PDU larger than it takes, from its header alone") {
    const Gateway gateway;
    const RawController controller(gateway);
    Bytes pdu = controller.write(1, 0, host_pdus::pattern(block));
    pdu.resize(sizeof(nvme::tcp::CommandPdu));
    std::fill_n(pdu.begin() + 4, 4, 0xff);
    REQUIRE(controller.io->send(pdu));
    check_ended(*controller.io, FatalError::invalid_header_field);
    gateway.check_serves();
}

TEST_CASE("ends a connection whose H2CData do not fit what was asked for") {
    struct Wrong {
        const char* what;
        FatalError error;
        std::function<Bytes(const RawController&, uint16_t tag)> pdu;
    };
    const Bytes piece = host_pdus::pattern(block);
    const std::vector<Wrong> wrongs = {
        {"a tag never given",
         FatalError::invalid_header_field,
         [&](auto& c, uint16_t tag) { return c.data(1, tag + 1, 0, piece, false); }},
        {"a tag out of range",
         FatalError::invalid_header_field,
         [&](auto& c, uint16_t) { return c.data(1, 0xffff, 0, piece, false); }},
        {"another command's id",
         FatalError::invalid_header_field,
         [&](auto& c, uint16_t tag) { return c.data(2, tag, 0, piece, false); }},
        {"an offset that leaves a gap",
         FatalError::data_out_of_range,
         [&](auto& c, uint16_t tag) { return c.data(1, tag, block, piece, false); }},
        {"an offset near the end of all numbers",
         FatalError::data_out_of_range,
         [&](auto& c, uint16_t tag) { return c.data(1, tag, 0xfffff000, piece, false); }},
        {"more than was asked for",
         FatalError::data_out_of_range,
         [&](auto& c, uint16_t tag) {
             return c.data(1, tag, 0, host_pdus::pattern(5 * block), true);
         }},
        {"more than any PDU may carry",
         FatalError::transfer_limit_exceeded,
         [&](auto& c, uint16_t tag) {
             return c.data(1, tag, 0, host_pdus::pattern(65 * block), true);
         }},
        {"the last piece too soon",
         FatalError::invalid_header_field,
         [&](auto& c, uint16_t tag) { return c.data(1, tag, 0, piece, true); }},
        {"no last piece",
         FatalError::invalid_header_field,
         [&](auto& c, uint16_t tag) {
             return c.data(1, tag, 0, host_pdus::pattern(4 * block), false);
         }},
        {"the same piece twice",
         FatalError::data_out_of_range,
         [&](auto& c, uint16_t tag) {
             return c.data(1, tag, 0, piece, false) + c.data(1, tag, 0, piece, false);
         }},
    };
    const Gateway gateway;
    for (const Wrong& wrong : wrongs) {
        CAPTURE(wrong.what);
        const RawController controller(gateway);
        const uint16_t tag = controller.begin_write(1, 0, 4);
        static_cast<void>(controller.io->send(wrong.pdu(controller, tag)));
        check_ended(*controller.io, wrong.error);
    }
    gateway.check_serves();
}

TEST_CASE("ends a connection that sends data nobody asked for") {
    const Gateway gateway;
    const RawController controller(gateway);
    const Bytes piece = host_pdus::pattern(block);
    REQUIRE(controller.io->send(controller.data(1, 0, 0, piece, true)));
    check_ended(*controller.io, FatalError::invalid_header_field);
    gateway.check_serves();
}

TEST_CASE("fails only the command whose data came with a wrong digest") {
    const Gateway gateway;
    const RawController controller(gateway, {.digests = {true, true}});
    const Bytes good = host_pdus::pattern(block, 1);
    REQUIRE(controller.io->send(controller.write(1, 5, good)));
    CHECK(status_of(controller.io->receive()) == 0);

    Bytes spoilt = controller.write(2, 5, host_pdus::pattern(block, 2));
    spoilt[500] ^= 4;
    REQUIRE(controller.io->send(spoilt));
    CHECK(status_of(controller.io->receive()) == transient_transport_error);

    const uint16_t tag = controller.begin_write(3, 5, 4);
    const Bytes half = host_pdus::pattern(2 * block, 3);
    Bytes piece = controller.data(3, tag, 0, half, false);
    piece[piece.size() - 1] ^= 1;
    REQUIRE(controller.io->send(piece));
    REQUIRE(controller.io->send(controller.data(3, tag, 2 * block, half, true)));
    CHECK(status_of(controller.io->receive()) == transient_transport_error);

    REQUIRE(controller.io->send(controller.read(4, 5, 1)));
    const RawPdu back = controller.io->receive();
    REQUIRE(back.is(PduType::c2h_data));
    CHECK(std::equal(good.begin(), good.end(), back.bytes.begin() + back.bytes[3]));
}

TEST_CASE("ends a connection whose header came with a wrong digest") {
    const Gateway gateway;
    const RawController controller(gateway, {.digests = {true, false}});
    Bytes pdu = controller.read(1, 0, 1);
    pdu[60] ^= 1;
    REQUIRE(controller.io->send(pdu));
    check_ended(*controller.io, FatalError::header_digest_error);
    gateway.check_serves();
}

TEST_CASE("refuses data descriptors it does not know, and goes on") {
    const Gateway gateway;
    const RawController controller(gateway);
    const Bytes data = host_pdus::pattern(block);
    struct Wrong {
        const char* what;
        uint16_t status;
        std::function<void(nvme::Command&)> spoil;
        bool in_capsule;
    };
    const std::vector<Wrong> wrongs = {
        {"PRPs", invalid_field, [](auto& c) { c.flags = 0; }, true},
        {"an offset", sgl_offset_invalid, [](auto& c) { c.sgl.address = 4; }, true},
        {"too short", data_sgl_length_invalid, [](auto& c) { c.sgl.length = 512; }, true},
        {"too long", data_sgl_length_invalid, [](auto& c) { c.sgl.length = 2 * block; }, true},
        {"an address", sgl_descriptor_type_invalid, [](auto& c) { c.sgl.identifier = 0; }, true},
        {"keyed", sgl_descriptor_type_invalid, [](auto& c) { c.sgl.identifier = 0x40; }, false},
        {"both", sgl_descriptor_type_invalid, [](auto& c) { c.sgl.identifier = 0x5a; }, true},
        {"less than is moved",
         data_sgl_length_invalid,
         [](auto& c) { c.sgl.length = block - 1; },
         false},
    };
    uint16_t id = 1;
    for (const Wrong& wrong : wrongs) {
        CAPTURE(wrong.what);
        Bytes pdu = wrong.in_capsule ? controller.write(id, 0, data)
                                     : controller.write_by_transfer(id, 0, 1);
        wrong.spoil(command_in(pdu).command);
        REQUIRE(controller.io->send(pdu));
        CHECK(status_of(controller.io->receive()) == wrong.status);
        ++id;
    }
    // A read cannot have its data in the capsule it came in.
    Bytes read = controller.read(id, 0, 1);
    command_in(read).command.sgl.identifier = nvme::tcp::sgl_in_capsule;
    REQUIRE(controller.io->send(read));
    CHECK(status_of(controller.io->receive()) == sgl_descriptor_type_invalid);
    REQUIRE(controller.io->send(controller.write(100, 0, data)));
    CHECK(status_of(controller.io->receive()) == 0);
}

TEST_CASE("takes more commands than the queue has entries no faster than it answers") {
    const Gateway gateway;
    const RawController controller(gateway, {.io_entries = 4});
    Bytes stream;
    for (uint16_t id = 0; id < 200; ++id) {
        stream = stream + controller.write(id, id, host_pdus::pattern(block, id));
    }
    REQUIRE(controller.io->send(stream));
    for (int answers = 0; answers < 200; ++answers) {
        CHECK(status_of(controller.io->receive()) == 0);
    }
}

TEST_CASE(
    "closes what comes beyond the limit of connections, and serves again when there is room") {
    const Gateway gateway({.server = impatient()});
    std::vector<std::unique_ptr<RawConnection>> flood;
    for (int i = 0; i < 60; ++i) {
        flood.push_back(gateway.dial());
    }
    CHECK(Gateway::eventually([&] {
        const auto counters = gateway.counters();
        return counters.accepted + counters.refused >= 60 && counters.connections == 0;
    }));
    CHECK(gateway.counters().refused > 0);
    CHECK(gateway.counters().timeouts >= 16);
    for (auto& connection : flood) {
        CHECK(connection->wait_closed());
    }
    gateway.check_serves();
}

TEST_CASE("serves a good host while a flood comes and goes") {
    Settings settings;
    settings.server.connections_max = 64;
    const Gateway gateway(settings);
    auto host = initiator::BlockingHost::create();
    REQUIRE(host.has_value());
    REQUIRE((*host)->connect(gateway.host_options()));
    Bytes back(block);
    for (uint32_t round = 0; round < 10; ++round) {
        std::vector<std::unique_ptr<RawConnection>> flood;
        for (int i = 0; i < 100; ++i) {
            flood.push_back(gateway.dial());
        }
        const Bytes sent = host_pdus::pattern(block, round + 1);
        CHECK((*host)->write(round, sent).ok());
        CHECK((*host)->read(round, back).ok());
        CHECK((sent == back));
    }
}

TEST_CASE("cuts off a host that drips its handshake or its Connect a byte at a time") {
    const Gateway gateway({.server = impatient()});
    const Bytes stream =
        initiator::ic_request_pdu() +
        initiator::connect_pdu({}, test_gateway::subsystem_nqn, test_gateway::host_nqn);
    auto drip = gateway.dial();
    size_t sent = 0;
    while (sent < stream.size() && gateway.counters().timeouts == 0) {
        static_cast<void>(drip->send(std::span<const uint8_t>(stream).subspan(sent++, 1)));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(sent < stream.size());
    CHECK(drip->wait_closed());
    gateway.check_serves();
}

TEST_CASE("reads a patient host's bytes one at a time") {
    const Gateway gateway;
    auto connection = gateway.dial();
    const Bytes stream =
        initiator::ic_request_pdu() +
        initiator::connect_pdu({}, test_gateway::subsystem_nqn, test_gateway::host_nqn);
    REQUIRE(connection->send_in_pieces(stream, 1));
    CHECK(connection->receive().is(PduType::ic_response));
    CHECK(status_of(connection->receive()) == 0);
}

TEST_CASE("cuts off a host that leaves a PDU or its data half-sent, and frees what it held") {
    const Gateway gateway({.server = impatient()});
    const Bytes piece = host_pdus::pattern(block);
    {
        const RawController controller(gateway);
        REQUIRE(controller.io->send(first_half(controller.read(1, 0, 1))));
        CHECK(controller.io->wait_closed());
    }
    {
        const RawController controller(gateway);
        REQUIRE(controller.io->send(first_half(controller.write(1, 0, piece))));
        CHECK(controller.io->wait_closed());
    }
    {
        const RawController controller(gateway);
        static_cast<void>(controller.begin_write(1, 0, 64));
        CHECK(controller.io->wait_closed());
    }
    {
        const RawController controller(gateway);
        const uint16_t tag = controller.begin_write(1, 0, 64);
        REQUIRE(controller.io->send(controller.data(1, tag, 0, piece, false)));
        CHECK(controller.io->wait_closed());
    }
    CHECK(gateway.counters().timeouts == 4);
    gateway.check_serves();
}

TEST_CASE("cuts off a host that asks for data and does not take them") {
    const Gateway gateway({.server = impatient()});
    const RawController controller(gateway, {.io_entries = 128});
    for (uint16_t id = 0; id < 100; ++id) {
        static_cast<void>(controller.io->send(controller.read(id, 0, 64), 100));
    }
    CHECK(Gateway::eventually([&] { return gateway.counters().timeouts > 0; }));
    gateway.check_serves();
}

TEST_CASE("leaves a queue alone that is silent between commands") {
    const Gateway gateway({.server = impatient()});
    const RawController controller(gateway);
    for (uint16_t id = 0; id < 3; ++id) {
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        REQUIRE(controller.io->send(controller.write(id, 0, host_pdus::pattern(block))));
        CHECK(status_of(controller.io->receive()) == 0);
    }
    CHECK(gateway.counters().timeouts == 0);
}

TEST_CASE("does not blame a host for the time its own memory takes") {
    // The reads hold all memory and the reserve is taken: nothing more is read meanwhile.
    Settings settings{.pool_bytes = base::limits::transfer_bytes_max, .server = impatient()};
    Gateway gateway(settings);
    const RawController controller(gateway);
    gateway.set_delay_ms(700);
    REQUIRE(controller.io->send(controller.read(1, 0, 64)));
    const Bytes data = host_pdus::pattern(block);
    for (uint16_t id = 2; id < 5; ++id) {
        REQUIRE(controller.io->send(controller.write(id, id, data)));
    }
    for (int answers = 0; answers < 4;) {
        const RawPdu pdu = controller.io->receive();
        REQUIRE(pdu.outcome == RawPdu::Outcome::pdu);
        answers += pdu.is(PduType::response) ? 1 : 0;
    }
    CHECK(gateway.counters().timeouts == 0);
}

TEST_CASE("lets a host leave in any state, in peace or with a reset") {
    using Leave = std::function<void(const RawController&)>;
    // Blocks of its own for each, as what one leaves behind may still be written.
    const auto at = [](const RawController& c) { return 128 + c.id % 200 * 64; };
    const Bytes data = host_pdus::pattern(block);
    const std::vector<Leave> moments = {
        [](const RawController&) {},
        [&](const RawController& c) { c.io->send(first_half(c.read(1, at(c), 1))); },
        [&](const RawController& c) { c.io->send(first_half(c.write(1, at(c), data))); },
        [&](const RawController& c) { c.io->send(c.read(1, at(c), 64)); },
        [&](const RawController& c) { c.io->send(c.write(1, at(c), data)); },
        [&](const RawController& c) { c.io->send(c.write_by_transfer(1, at(c), 64)); },
        [&](const RawController& c) { static_cast<void>(c.begin_write(1, at(c), 64)); },
        [&](const RawController& c) {
            const uint16_t tag = c.begin_write(1, at(c), 64);
            c.io->send(c.data(1, tag, 0, data, false));
        },
        [&](const RawController& c) {
            const uint16_t tag = c.begin_write(1, at(c), 64);
            c.io->send(first_half(c.data(1, tag, 0, host_pdus::pattern(64 * block), true)));
        },
        [&](const RawController& c) {
            for (uint16_t id = 0; id < 30; ++id) {
                c.io->send(c.read(id, at(c), 64));
            }
        },
        [](const RawController& c) { c.io->send(host_pdus::terminate(1)); },
        [](const RawController& c) { c.io->send(host_pdus::ic_request()); },
        [&](const RawController& c) {
            c.admin->send(initiator::command_pdu(
                c.admin->wire(), initiator::asynchronous_event_request(), 9));
        },
    };
    for (const uint32_t reactors : {1u, 2u}) {
        for (const uint32_t delay_ms : {0u, 20u}) {
            Gateway gateway({.reactors = reactors});
            gateway.set_delay_ms(delay_ms);
            for (const Leave& leave : moments) {
                for (const bool reset : {false, true}) {
                    const RawController controller(gateway);
                    leave(controller);
                    if (reset) {
                        controller.io->reset_on_close();
                        controller.admin->reset_on_close();
                    }
                }
            }
            gateway.set_delay_ms(0);
            gateway.check_serves();
            CHECK(Gateway::eventually([&] { return gateway.counters().connections == 0; }));
        }
    }
}
