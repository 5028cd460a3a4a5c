#include <doctest/doctest.h>

#include "target/harness.h"

using test::Fixture;
using test::Reply;
using test::Wire;

namespace {

// What a Connect that differs from a good one in `change` is answered.
template <typename Change>
Reply try_connect(Fixture& fixture, Change change, bool discovery_port = false) {
    nvme::ConnectCommand command;
    const nvme::Command good = test::connect(0, 32);
    std::memcpy(&command, &good, sizeof command);
    nvme::ConnectData data = test::connect_data(test::volume_nqn);
    change(command, data);
    nvme::Command sent;
    std::memcpy(&sent, &command, sizeof sent);
    Wire wire(*fixture.target, *fixture.threads[0], discovery_port);
    const Reply reply = wire.run(sent, test::to_bytes(data));
    CHECK_EQ(wire.queue().controller != nullptr, reply.status == nvme::success);
    return reply;
}

void set_name(char (&field)[256], const char* name) {
    std::memset(field, 0, sizeof field);
    std::strncpy(field, name, sizeof field - 1);
}

}  // namespace

TEST_CASE("a good Connect answers with the controller's id and takes one command off the queue") {
    Fixture fixture;
    Wire wire(*fixture.target, *fixture.threads[0]);
    const Reply reply =
        wire.run(test::connect(0, 32), test::to_bytes(test::connect_data(test::volume_nqn)));
    CHECK_EQ(reply.status, nvme::success);
    CHECK_EQ(reply.sq_head, 1);
    CHECK_GE(reply.result, 1u);
    CHECK_LE(reply.result, 0xffefu);
    CHECK_EQ(wire.queue().entries, 32);
    const auto connections = fixture.target->connections();
    REQUIRE_EQ(connections.size(), 1u);
    CHECK_EQ(connections[0].host_nqn, test::host_nqn);
    CHECK_EQ(connections[0].controller_id, reply.result);
}

TEST_CASE("Connect refuses each wrong field and names it") {
    Fixture fixture;
    const auto refused = [&fixture](auto change, uint16_t status, uint32_t result) {
        const Reply reply = try_connect(fixture, change);
        CHECK_EQ(reply.status, status);
        CHECK_EQ(reply.result, result);
    };
    constexpr uint16_t invalid = nvme::connect_invalid_parameters;
    refused([](auto& command, auto&) { command.record_format = 1; },
            nvme::connect_incompatible_format,
            0);
    refused([](auto& command, auto&) { command.entries_less_one = 0; }, invalid, 44);
    refused([](auto& command, auto&) { command.entries_less_one = 32; }, invalid, 44);
    refused([](auto& command, auto&) { command.queue_id = 9; }, invalid, 42);
    refused([](auto&, auto& data) { data.controller_id = 1; }, invalid, 1u << 16 | 16);
    refused([](auto&, auto& data) { set_name(data.subsystem_nqn, "nqn.2024-01.org:none"); },
            invalid,
            1u << 16 | 256);
    refused([](auto&, auto& data) { std::memset(data.subsystem_nqn, 'a', 256); },
            invalid,
            1u << 16 | 256);
    refused([](auto&, auto& data) { set_name(data.host_nqn, ""); }, invalid, 1u << 16 | 512);
    refused(
        [](auto&, auto& data) { std::memset(data.host_nqn, 'a', 256); }, invalid, 1u << 16 | 512);
    refused([](auto&, auto& data) { set_name(data.host_nqn, "nqn.2024-01.org:stranger"); },
            nvme::connect_invalid_host,
            1u << 16 | 512);
}

TEST_CASE("a queue that is not connected takes no other command, and connects once") {
    Fixture fixture;
    Wire wire(*fixture.target, *fixture.threads[0]);
    CHECK_EQ(wire.run(test::identify(nvme::IdentifyKind::controller)).status,
             nvme::command_sequence_error);
    CHECK_EQ(wire.run(test::property_get(nvme::property_vs)).status, nvme::command_sequence_error);
    const auto data = test::to_bytes(test::connect_data(test::volume_nqn));
    CHECK_EQ(wire.run(test::connect(0, 32), data).status, nvme::success);
    CHECK_EQ(wire.run(test::connect(0, 32), data).status, nvme::command_sequence_error);
}

TEST_CASE("the discovery port knows the discovery subsystem only; the other port both") {
    Fixture fixture;
    const auto nothing = [](auto&, auto&) {};
    const auto to_discovery = [](auto&, auto& data) {
        set_name(data.subsystem_nqn, nvme::discovery_nqn);
        set_name(data.host_nqn, "nqn.2024-01.org:stranger");
    };
    CHECK_EQ(try_connect(fixture, nothing, true).status, nvme::connect_invalid_parameters);
    CHECK_EQ(try_connect(fixture, to_discovery, true).status, nvme::success);
    CHECK_EQ(try_connect(fixture, to_discovery, false).status, nvme::success);
}

TEST_CASE("a host that turns flow control off is told that it is") {
    Fixture fixture;
    const Reply reply = try_connect(
        fixture, [](auto& command, auto&) { command.attributes = nvme::connect_flow_control_off; });
    CHECK_EQ(reply.status, nvme::success);
    CHECK_EQ(reply.sq_head, 0xffff);
}

TEST_CASE("an I/O queue connects to its own host's enabled controller, once") {
    Fixture fixture;
    const auto admin = fixture.connect_volume();
    const uint16_t id = Fixture::controller_id(*admin);
    const auto connect = [&](uint16_t queue_id, nvme::ConnectData data) {
        Wire wire(*fixture.target, *fixture.threads[0]);
        return wire.run(test::connect(queue_id, 128), test::to_bytes(data));
    };
    const nvme::ConnectData good = test::connect_data(test::volume_nqn, test::host_nqn, id);
    CHECK_EQ(connect(1, good).status, nvme::success);

    nvme::ConnectData wrong = good;
    wrong.controller_id = static_cast<uint16_t>(id + 1);
    Reply reply = connect(1, wrong);
    CHECK_EQ(reply.status, nvme::connect_invalid_parameters & ~nvme::do_not_retry);
    CHECK_EQ(reply.result, 1u << 16 | 16);
    wrong = test::connect_data(test::volume_nqn, test::other_host_nqn, id);
    CHECK_EQ(connect(1, wrong).result, 1u << 16 | 512);
    wrong = good;
    wrong.host_id[0] ^= 1;
    reply = connect(1, wrong);
    CHECK_EQ(reply.status, nvme::connect_invalid_parameters);
    CHECK_EQ(reply.result, 1u << 16);
    wrong = test::connect_data("nqn.2024-01.org:none", test::host_nqn, id);
    CHECK_EQ(connect(1, wrong).result, 1u << 16 | 256);
    CHECK_EQ(connect(5, good).result, 42u);

    const auto first = fixture.connect_queue(*admin);
    CHECK_EQ(connect(1, good).status, nvme::command_sequence_error);
    CHECK_EQ(connect(2, good).status, nvme::success);
    const Reply too_deep = [&] {
        Wire wire(*fixture.target, *fixture.threads[0]);
        return wire.run(test::connect(3, 129), test::to_bytes(good));
    }();
    CHECK_EQ(too_deep.status, nvme::connect_invalid_parameters);
    CHECK_EQ(too_deep.result, 44u);
    CHECK_EQ(fixture.target->connections()[0].io_queues, 1);
}

TEST_CASE("an I/O queue cannot connect before the controller is enabled") {
    Fixture fixture;
    Wire admin(*fixture.target, *fixture.threads[0]);
    const Reply reply =
        admin.run(test::connect(0, 32), test::to_bytes(test::connect_data(test::volume_nqn)));
    Wire queue(*fixture.target, *fixture.threads[0]);
    const auto data =
        test::connect_data(test::volume_nqn, test::host_nqn, static_cast<uint16_t>(reply.result));
    CHECK_EQ(queue.run(test::connect(1, 128), test::to_bytes(data)).status,
             nvme::command_sequence_error & ~nvme::do_not_retry);
}

TEST_CASE("controllers are bounded: by the subsystem, and by the gateway's ids") {
    target::TargetOptions two_ids;
    two_ids.controller_id_first = 10;
    two_ids.controller_id_last = 11;
    Fixture fixture(1, two_ids);
    const auto first = fixture.connect_volume();
    const auto second = fixture.connect_volume();
    CHECK_NE(Fixture::controller_id(*first), Fixture::controller_id(*second));
    CHECK_EQ(try_connect(fixture, [](auto&, auto&) {}).status, nvme::connect_controller_busy);

    Fixture wide;
    std::vector<std::unique_ptr<Wire>> wires;
    for (uint32_t count = 0; count < base::limits::controllers_per_subsystem_max; ++count) {
        wires.push_back(wide.connect_volume());
    }
    CHECK_EQ(try_connect(wide, [](auto&, auto&) {}).status, nvme::connect_controller_busy);
}
