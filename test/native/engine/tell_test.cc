#include "engine/tell.h"

#include <doctest/doctest.h>

#include "router/fake_store.h"

namespace {

struct Bench {
    engine::EventQueue events{8, [] {}};
    engine::Tell tell{events, uint64_t{4} << 20};
    engine::Event only() {
        std::vector<engine::Event> list;
        events.take(list, 8);
        REQUIRE_EQ(list.size(), 1u);
        return list[0];
    }
};

}  // namespace

TEST_CASE("damage names the volume and the block") {
    Bench bench;
    bench.tell.block_damaged(base::VolumeId(7), 99);
    const engine::Event event = bench.only();
    CHECK_EQ(event.kind, engine::EventKind::checksum_error);
    CHECK_EQ(event.volume.value, 7u);
    CHECK_EQ(event.block, 99u);
}

TEST_CASE("damage that a store finds is told by the volume's blocks, not the extent's") {
    Bench bench;
    bench.tell.block_damaged(base::ExtentId{base::VolumeId(7), 3, base::PgId(1)}, 5);
    const engine::Event event = bench.only();
    CHECK_EQ(event.kind, engine::EventKind::checksum_error);
    CHECK_EQ(event.volume.value, 7u);
    CHECK_EQ(event.block, 3 * 1024 + 5u);
}

TEST_CASE("a store that failed is told under its device's path") {
    Bench bench;
    test::ManualExecutor executor;
    test::FakeStore stores[2] = {test::FakeStore(1), test::FakeStore(2)};
    bench.tell.name_store(stores[0].id(), "/dev/one", nullptr);
    bench.tell.name_store(stores[1].id(), "/dev/two", nullptr);
    router::Shard shard(executor, nullptr, stores[1]);
    bench.tell.store_failed(shard, 5);
    const engine::Event event = bench.only();
    CHECK_EQ(event.kind, engine::EventKind::device_failed);
    CHECK_EQ(event.device, "/dev/two");
    CHECK_EQ(event.error, 5u);
}

TEST_CASE("hosts are told with the names they have") {
    Bench bench;
    bench.tell.host_connected("nqn.volume", "nqn.host", 3);
    engine::Event event = bench.only();
    CHECK_EQ(event.kind, engine::EventKind::host_connected);
    CHECK_EQ(event.subsystem_nqn, "nqn.volume");
    CHECK_EQ(event.host_nqn, "nqn.host");
    CHECK_EQ(event.controller_id, 3u);
    bench.tell.host_disconnected("nqn.volume", "nqn.host", 3, "keep-alive expired");
    event = bench.only();
    CHECK_EQ(event.kind, engine::EventKind::host_disconnected);
    CHECK_EQ(std::string(event.reason), "keep-alive expired");
}
