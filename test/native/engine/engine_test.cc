#include "engine/engine.h"

#include <doctest/doctest.h>

#include "engine/bench.h"
#include "initiator/commands.h"

using test::Bench;

TEST_CASE("a host writes through an engine and reads the bytes back") {
    const test::Folder folder;
    Bench bench(test::options_for({folder.file("a")}));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach(test::volume_config(1, 4)).ok());
    auto host = bench.connect(1);
    REQUIRE(host != nullptr);
    CHECK_EQ(host->facts().block_count, 4 * test::extent_blocks);

    // Over an extent's border.
    const auto data = test::pattern(1, 16);
    REQUIRE(host->write(test::extent_blocks - 5, data).ok());
    std::vector<uint8_t> back(data.size());
    REQUIRE(host->read(test::extent_blocks - 5, back).ok());
    CHECK_EQ(back, data);
    CHECK_EQ(bench.counter("host_write_commands"), 1u);
    CHECK_EQ(bench.counter("host_write_bytes"), 16 * 4096u);
    CHECK_EQ(bench.counter("host_read_latency_ns_le_8589934592"), 1u);
    CHECK(bench.holds(16 * 4096u));
    host->disconnect();
    CHECK(bench.close().ok());
}

TEST_CASE("an engine that was closed and opened again has the bytes, whatever the devices' order") {
    const test::Folder folder;
    const auto data = test::pattern(2, 64);
    {
        Bench bench(test::options_for({folder.file("a"), folder.file("b")}, 2));
        REQUIRE(bench.opened.ok());
        REQUIRE(bench.listen().ok());
        REQUIRE(bench.attach(test::volume_config(1, 8)).ok());
        auto host = bench.connect(1, 2);
        REQUIRE(host != nullptr);
        for (uint64_t extent = 0; extent < 8; ++extent) {
            REQUIRE(host->write(extent * test::extent_blocks, data).ok());
        }
        host->disconnect();
        CHECK(bench.close().ok());
    }
    Bench bench(test::options_for({folder.file("b"), folder.file("a")}, 1));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach(test::volume_config(1, 8)).ok());
    CHECK(bench.holds(8 * data.size()));
    bool recovered = false;
    for (const engine::Event& event : bench.take_events()) {
        recovered = recovered || (event.kind == engine::EventKind::recovery &&
                                  event.segments_done == event.segments_total);
    }
    CHECK(recovered);
    auto host = bench.connect(1);
    REQUIRE(host != nullptr);
    for (uint64_t extent = 0; extent < 8; ++extent) {
        std::vector<uint8_t> back(data.size());
        REQUIRE(host->read(extent * test::extent_blocks, back).ok());
        CHECK_EQ(back, data);
    }
}

TEST_CASE("a volume grows under a connected host, which is told") {
    const test::Folder folder;
    Bench bench(test::options_for({folder.file("a")}, 2));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach(test::volume_config(1, 2)).ok());
    auto host = bench.connect(1, 2);
    REQUIRE(host != nullptr);
    constexpr uint32_t namespace_changed = 0x100;
    REQUIRE(
        host->execute(
                0, initiator::set_features(nvme::Feature::asynchronous_events, namespace_changed))
            .ok());
    const auto data = test::pattern(3, 1);
    CHECK_FALSE(host->write(2 * test::extent_blocks, data).ok());
    REQUIRE(bench.attach(test::volume_config(1, 3)).ok());
    uint32_t event = 0;
    CHECK(host->wait_event(event, 5000));
    CHECK(host->write(3 * test::extent_blocks - 1, data).ok());
}

TEST_CASE(
    "a volume that is detached disconnects its host, and keeps its bytes until it is deleted") {
    const test::Folder folder;
    Bench bench(test::options_for({folder.file("a")}));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach(test::volume_config(1, 2)).ok());
    const auto data = test::pattern(4, 8);
    {
        auto host = bench.connect(1);
        REQUIRE(host != nullptr);
        REQUIRE(host->write(0, data).ok());
        CHECK_EQ(bench.erase(1).status.code(), base::Errc::busy);
        REQUIRE(bench.detach(1).ok());
        CHECK(host->wait_closed(5000));
    }
    CHECK(bench.detach(1).ok());
    CHECK(bench.connect(1) == nullptr);
    CHECK(bench.holds(data.size()));
    const uint64_t before = bench.live_bytes();

    REQUIRE(bench.attach(test::volume_config(1, 2)).ok());
    {
        auto host = bench.connect(1);
        REQUIRE(host != nullptr);
        std::vector<uint8_t> back(data.size());
        REQUIRE(host->read(0, back).ok());
        CHECK_EQ(back, data);
        host->disconnect();
    }
    REQUIRE(bench.detach(1).ok());
    CHECK(bench.erase(1).ok());
    // The space comes back in the background.
    for (int turn = 0; turn < 500 && bench.live_bytes() + data.size() > before; ++turn) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK_LE(bench.live_bytes() + data.size(), before);
    CHECK(bench.erase(1).ok());
}

TEST_CASE("detaching with commands outstanding answers or drops each of them, and ends") {
    const test::Folder folder;
    Bench bench(test::options_for({folder.file("a"), folder.file("b")}, 2));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach(test::volume_config(1, 4)).ok());
    auto host = bench.connect(1, 2);
    REQUIRE(host != nullptr);
    auto data = test::pattern(5, 32);
    std::thread writer([&] {
        std::vector<initiator::BlockingRequest> requests;
        for (uint32_t index = 0; index < 120; ++index) {
            initiator::BlockingRequest request;
            request.command = initiator::write_blocks(1, index * 32, 32);
            request.transfer = initiator::Transfer::to_controller;
            request.data = data;
            requests.push_back(request);
        }
        while (host->connected()) {
            static_cast<void>(host->execute_all(1, requests));
        }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(bench.detach(1).ok());
    writer.join();
    CHECK_EQ(bench.counter("pool_free_bytes_now"), bench.counter("pool_bytes_now"));
}

TEST_CASE("closing under load finishes and leaves nothing behind") {
    const test::Folder folder;
    auto data = test::pattern(6, 32);
    std::unique_ptr<initiator::BlockingHost> host;
    std::thread writer;
    {
        Bench bench(test::options_for({folder.file("a")}, 2));
        REQUIRE(bench.opened.ok());
        REQUIRE(bench.listen().ok());
        REQUIRE(bench.attach(test::volume_config(1, 4)).ok());
        host = bench.connect(1, 2);
        REQUIRE(host != nullptr);
        writer = std::thread([&] {
            uint64_t block = 0;
            while (host->write(block, data).ok()) {
                block = (block + 32) % (3 * test::extent_blocks);
            }
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        CHECK(bench.close().ok());
        CHECK(bench.close().ok());
    }
    writer.join();
    CHECK(host->wait_closed(5000));
}

TEST_CASE("hosts that come and go are told as events, and are listed") {
    Bench bench(test::options_for({}));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach_ram(test::shown(1, 1024)).ok());
    auto host = bench.connect(1, 2);
    REQUIRE(host != nullptr);
    const auto connections = bench.engine.connections();
    REQUIRE_EQ(connections.value().size(), 1u);
    CHECK_EQ(connections->at(0).host_nqn, test::host_nqn);
    CHECK_EQ(connections->at(0).io_queues, 2u);
    host->disconnect();
    std::vector<engine::Event> events;
    REQUIRE(test::eventually([&] {
        for (engine::Event& event : bench.take_events()) {
            events.push_back(std::move(event));
        }
        return events.size() == 2;
    }));
    CHECK_EQ(events[0].kind, engine::EventKind::host_connected);
    CHECK_EQ(events[0].host_nqn, test::host_nqn);
    CHECK_EQ(events[1].kind, engine::EventKind::host_disconnected);
    CHECK_EQ(events[1].controller_id, events[0].controller_id);
}

TEST_CASE("verbs of an engine that is not open answer closed") {
    Bench bench(test::options_for({}));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.close().ok());
    CHECK_EQ(bench.attach_ram(test::shown(1, 8)).status.code(), base::Errc::closed);
    CHECK_EQ(bench.detach(1).status.code(), base::Errc::closed);
    CHECK_EQ(bench.listen().status.code(), base::Errc::closed);
    CHECK_FALSE(bench.engine.features().has_value());
    std::vector<uint64_t> counters(engine::counter_names().size());
    CHECK_FALSE(bench.engine.read_counters(counters));
}

TEST_CASE("an engine that is destroyed while it opens closes itself") {
    const test::Folder folder;
    std::promise<engine::Outcome> opened;
    {
        engine::EventQueue events(16, [] {});
        engine::Engine engine(events);
        engine.open(test::options_for({folder.file("a")}),
                    [&](engine::Outcome outcome) { opened.set_value(std::move(outcome)); });
    }
    const engine::Outcome outcome = opened.get_future().get();
    CHECK((outcome.ok() || outcome.status.code() == base::Errc::closed));
}

TEST_CASE("listening says in words why it cannot") {
    Bench bench(test::options_for({}));
    REQUIRE(bench.listen().ok());
    const engine::Outcome taken = bench.listen("127.0.0.1", bench.port);
    CHECK_EQ(taken.status.code(), base::Errc::address_in_use);
    CHECK(taken.sentence.find(std::to_string(bench.port)) != std::string::npos);
    CHECK_EQ(bench.listen("no-address").status.code(), base::Errc::invalid_argument);
}
