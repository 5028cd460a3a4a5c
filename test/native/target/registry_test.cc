// Subsystems and controllers that come and go, with queues on several reactors.
#include <doctest/doctest.h>

#include "target/harness.h"

using base::Errc;
using test::Fixture;
using test::Reply;
using test::Signal;
using test::Wire;

namespace {

const auto nothing = [] {};

}  // namespace

TEST_CASE("a malformed subsystem is refused and nothing is there") {
    Fixture fixture;
    const auto refused = [&fixture](auto change) {
        target::SubsystemConfig config = fixture.volume_config();
        config.nqn = "nqn.2024-01.org.ashlar:volume:two";
        change(config);
        CHECK_EQ(fixture.target->put_subsystem(config, nothing).code(), Errc::invalid_argument);
        CHECK_EQ(fixture.target->remove_subsystem(config.nqn, nothing).code(), Errc::not_found);
    };
    refused([](auto& config) { config.nqn = "volume"; });
    refused([](auto& config) { config.nqn = nvme::discovery_nqn; });
    refused([](auto& config) { config.nqn += std::string(223, 'a'); });
    refused([](auto& config) { config.serial = std::string(21, 's'); });
    refused([](auto& config) { config.model = std::string(41, 'm'); });
    refused([](auto& config) { config.model = "m\n"; });
    refused([](auto& config) { config.block_count = 0; });
    refused([](auto& config) { config.backings.clear(); });
    refused([](auto& config) { config.backings[0] = nullptr; });
    refused([](auto& config) { config.allowed_hosts = {"somebody"}; });
    refused([](auto& config) { config.allowed_hosts.assign(65, test::host_nqn); });
}

TEST_CASE("a subsystem keeps its identity: another volume under its name is refused") {
    Fixture fixture;
    target::SubsystemConfig config = fixture.volume_config();
    config.uuid[0] ^= 1;
    CHECK_EQ(fixture.target->put_subsystem(config, nothing).code(), Errc::already_exists);
    config = fixture.volume_config();
    config.serial = "other";
    CHECK_EQ(fixture.target->put_subsystem(config, nothing).code(), Errc::already_exists);
    fixture.put(fixture.volume_config());
}

TEST_CASE("a malformed discovery entry is refused and the log stays") {
    Fixture fixture;
    for (const target::DiscoveryEntry& entry : std::vector<target::DiscoveryEntry>{
             {"host", test::volume_nqn, "10.0.0.1", 4420},
             {test::host_nqn, "volume", "10.0.0.1", 4420},
             {test::host_nqn, test::volume_nqn, "", 4420},
             {test::host_nqn, test::volume_nqn, std::string(256, '1'), 4420},
             {test::host_nqn, test::volume_nqn, "10.0.0.1", 0}}) {
        CHECK_EQ(fixture.target->set_discovery({entry}).code(), Errc::invalid_argument);
    }
}

TEST_CASE("a host that is not allowed any more is disconnected, on every reactor; others stay") {
    Fixture fixture(2);
    const auto stays = fixture.connect_volume(0, test::other_host_nqn);
    const auto admin = fixture.connect_volume();
    const auto first = fixture.connect_queue(*admin, 1, 0);
    const auto second = fixture.connect_queue(*admin, 2, 1);
    target::SubsystemConfig config = fixture.volume_config();
    config.allowed_hosts = {test::other_host_nqn};
    Signal done;
    REQUIRE(fixture.target->put_subsystem(config, done.callback()).ok());
    CHECK(admin->wait_disconnect());
    CHECK(first->wait_disconnect());
    CHECK(second->wait_disconnect());
    CHECK_FALSE(stays->disconnected());
    CHECK_FALSE(done.given());
    first->close();
    second->close();
    CHECK_FALSE(done.given());
    admin->close();
    CHECK(done.wait());
    CHECK_EQ(fixture.observer.reason, "not allowed any more");
    CHECK_EQ(fixture.target->connections().size(), 1u);
}

TEST_CASE("removal waits for what is under way, then the volume is unknown") {
    Fixture fixture(2);
    const auto admin = fixture.connect_volume();
    const auto io = fixture.connect_queue(*admin, 1, 1);
    test::SizedBacking& backing = *fixture.backings[1];
    fixture.threads[1]->call([&] { backing.hold = true; });
    const Wire::Ticket read = io->send(test::blocks(nvme::IoOpcode::read, 0, 1));
    Signal done;
    REQUIRE(fixture.target->remove_subsystem(test::volume_nqn, done.callback()).ok());
    CHECK_EQ(fixture.target->remove_subsystem(test::volume_nqn, nothing).code(), Errc::not_found);
    CHECK(io->wait_disconnect());
    CHECK(admin->wait_disconnect());
    admin->close();
    CHECK_FALSE(done.given());
    fixture.threads[1]->call([&] { backing.let_go(); });
    CHECK_EQ(io->wait(read).status, nvme::success);
    io->close();
    CHECK(done.wait());
    Wire late(*fixture.target, *fixture.threads[0]);
    CHECK_EQ(
        late.run(test::connect(0, 32), test::to_bytes(test::connect_data(test::volume_nqn))).status,
        nvme::connect_invalid_parameters);
}

TEST_CASE("removal of a volume nobody uses answers at once, and it can come again") {
    Fixture fixture;
    Signal done;
    REQUIRE(fixture.target->remove_subsystem(test::volume_nqn, done.callback()).ok());
    CHECK(done.wait());
    fixture.put(fixture.volume_config());
    const auto admin = fixture.connect_volume();
}

TEST_CASE("the loss of the admin queue ends the I/O queues; that of an I/O queue only itself") {
    Fixture fixture(2);
    const auto admin = fixture.connect_volume();
    const auto first = fixture.connect_queue(*admin, 1, 0);
    const auto second = fixture.connect_queue(*admin, 2, 1);
    first->close();
    CHECK_FALSE(admin->disconnected());
    const auto again = fixture.connect_queue(*admin, 1, 1);
    admin->close();
    CHECK(again->wait_disconnect());
    CHECK(second->wait_disconnect());
    again->close();
    second->close();
    CHECK_EQ(fixture.observer.reason, "connection lost");
    CHECK(fixture.target->connections().empty());
}

TEST_CASE("an I/O queue that comes too late finds no controller and may try again") {
    Fixture fixture;
    const auto admin = fixture.connect_volume();
    const auto data =
        test::connect_data(test::volume_nqn, test::host_nqn, Fixture::controller_id(*admin));
    admin->close();
    Wire late(*fixture.target, *fixture.threads[0]);
    const Reply reply = late.run(test::connect(1, 128), test::to_bytes(data));
    CHECK_EQ(reply.status & nvme::do_not_retry, 0);
    CHECK_NE(reply.status, nvme::success);
}

TEST_CASE("a silent host is given up; traffic on any queue keeps it") {
    Fixture fixture(2);
    const auto silent = fixture.connect_volume(100, test::other_host_nqn);
    const auto busy = fixture.connect_volume(1000);
    const auto io = fixture.connect_queue(*busy, 1, 1);
    CHECK_EQ(silent->run(test::admin(nvme::AdminOpcode::keep_alive)).status, nvme::success);
    for (uint32_t count = 0; !silent->disconnected(); ++count) {
        REQUIRE_LT(count, 2000u);
        REQUIRE_EQ(io->run(test::flush()).status, nvme::success);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    silent->close();
    CHECK_EQ(fixture.observer.reason, "keep-alive expired");
    CHECK_FALSE(busy->disconnected());
    CHECK(busy->wait_disconnect());
    CHECK(io->wait_disconnect());
}

TEST_CASE("controller ids are not soon used again") {
    target::TargetOptions options;
    options.controller_id_first = 100;
    options.controller_id_last = 109;
    Fixture fixture(1, options);
    std::vector<uint16_t> ids;
    for (uint32_t count = 0; count < 20; ++count) {
        ids.push_back(Fixture::controller_id(*fixture.connect_volume()));
    }
    for (uint32_t index = 0; index + 10 < ids.size(); ++index) {
        CHECK_EQ(ids[index], ids[index + 10]);
        for (uint32_t other = index + 1; other < index + 10; ++other) {
            CHECK_NE(ids[index], ids[other]);
        }
    }
}

TEST_CASE("a closed target disconnects everybody and refuses new ones") {
    Fixture fixture(2);
    const auto admin = fixture.connect_volume();
    const auto io = fixture.connect_queue(*admin, 1, 1);
    Signal closed;
    fixture.target->close(closed.callback());
    CHECK(admin->wait_disconnect());
    CHECK(io->wait_disconnect());
    Wire late(*fixture.target, *fixture.threads[0]);
    CHECK_EQ(
        late.run(test::connect(0, 32), test::to_bytes(test::connect_data(test::volume_nqn))).status,
        nvme::connect_controller_busy);
    CHECK_EQ(fixture.target->put_subsystem(fixture.volume_config(), nothing).code(), Errc::closed);
    admin->close();
    io->close();
    CHECK(closed.wait());
}

TEST_CASE("hosts that connect and vanish on two reactors at once leave nothing behind") {
    Fixture fixture(2);
    const auto churn = [&fixture](uint32_t reactor) {
        for (uint32_t count = 0; count < 30; ++count) {
            Wire admin(*fixture.target, *fixture.threads[reactor]);
            const Reply reply = admin.run(test::connect(0, 32),
                                          test::to_bytes(test::connect_data(test::volume_nqn)));
            admin.run(test::property_set(nvme::property_cc, test::cc_on));
            const auto data = test::connect_data(
                test::volume_nqn, test::host_nqn, static_cast<uint16_t>(reply.result));
            Wire io(*fixture.target, *fixture.threads[1 - reactor]);
            io.run(test::connect(1, 128), test::to_bytes(data));
            io.run(test::flush());
        }
    };
    std::thread other([&] { churn(1); });
    for (uint64_t size = 1; size <= 20; ++size) {
        fixture.resize(test::block_count_default + size);
    }
    churn(0);
    other.join();
    CHECK(fixture.target->connections().empty());
    CHECK_EQ(fixture.observer.connected, 60u);
    CHECK_EQ(fixture.observer.disconnected, 60u);
}
