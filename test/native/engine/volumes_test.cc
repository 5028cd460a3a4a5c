#include "engine/volumes.h"

#include <doctest/doctest.h>

#include "engine/bench.h"

using test::Bench;
using test::extent_blocks;
using test::volume_config;

namespace {

struct OneDevice {
    test::Folder folder;
    Bench bench{test::options_for({folder.file("a")}, 2)};
    OneDevice() { REQUIRE(bench.opened.ok()); }
};

base::Errc code_of(const engine::Outcome& outcome) {
    CHECK((outcome.ok() || !outcome.sentence.empty()));
    return outcome.status.code();
}

}  // namespace

TEST_CASE("attaching what is attached already changes nothing") {
    OneDevice one;
    REQUIRE(one.bench.attach(volume_config(1, 2)).ok());
    CHECK(one.bench.attach(volume_config(1, 2)).ok());
    CHECK_EQ(one.bench.counter("volumes_attached_now"), 1u);
}

TEST_CASE("an older fence is refused, also after the volume was detached or deleted") {
    OneDevice one;
    REQUIRE(one.bench.attach(volume_config(1, 2, 7)).ok());
    CHECK_EQ(code_of(one.bench.attach(volume_config(1, 2, 6))), base::Errc::stale_fence);
    CHECK(one.bench.attach(volume_config(1, 2, 8)).ok());
    REQUIRE(one.bench.detach(1).ok());
    CHECK_EQ(code_of(one.bench.attach(volume_config(1, 2, 7))), base::Errc::stale_fence);
    REQUIRE(one.bench.erase(1).ok());
    CHECK_EQ(code_of(one.bench.attach(volume_config(1, 2, 7))), base::Errc::stale_fence);
    CHECK(one.bench.attach(volume_config(1, 2, 8)).ok());
}

TEST_CASE("a refused fence is not remembered") {
    OneDevice one;
    engine::VolumeConfig wrong = volume_config(1, 2, 9);
    wrong.shown.serial = "";
    CHECK_EQ(code_of(one.bench.attach(wrong)), base::Errc::invalid_argument);
    CHECK(one.bench.attach(volume_config(1, 2, 3)).ok());
}

TEST_CASE("an attached volume keeps its name, and does not shrink") {
    OneDevice one;
    REQUIRE(one.bench.attach(volume_config(1, 2)).ok());
    const auto changed = [](auto change) {
        engine::VolumeConfig config = volume_config(1, 2);
        change(config.shown);
        return config;
    };
    CHECK_EQ(code_of(one.bench.attach(changed([](auto& shown) { shown.serial = "other"; }))),
             base::Errc::already_exists);
    CHECK_EQ(code_of(one.bench.attach(changed([](auto& shown) { shown.model = "other"; }))),
             base::Errc::already_exists);
    CHECK_EQ(code_of(one.bench.attach(changed([](auto& shown) { shown.uuid.fill(9); }))),
             base::Errc::already_exists);
    CHECK_EQ(code_of(one.bench.attach(changed([](auto& shown) { --shown.block_count; }))),
             base::Errc::invalid_argument);
    CHECK(one.bench.attach(volume_config(1, 2)).ok());
}

TEST_CASE("an attached volume's extents keep their PGs") {
    OneDevice one;
    REQUIRE(one.bench.attach(volume_config(1, 2)).ok());
    engine::VolumeConfig moved = volume_config(1, 3);
    moved.extent_map[1] = base::PgId(77);
    CHECK_EQ(code_of(one.bench.attach(moved)), base::Errc::invalid_argument);
    CHECK(one.bench.attach(volume_config(1, 3)).ok());
}

TEST_CASE("two volumes are never shown under one NQN or UUID") {
    OneDevice one;
    REQUIRE(one.bench.attach(volume_config(1, 1)).ok());
    engine::VolumeConfig same_nqn = volume_config(2, 1);
    same_nqn.shown.subsystem_nqn = volume_config(1, 1).shown.subsystem_nqn;
    CHECK_EQ(code_of(one.bench.attach(same_nqn)), base::Errc::already_exists);
    engine::VolumeConfig same_uuid = volume_config(2, 1);
    same_uuid.shown.uuid = volume_config(1, 1).shown.uuid;
    CHECK_EQ(code_of(one.bench.attach(same_uuid)), base::Errc::already_exists);
    CHECK(one.bench.attach(volume_config(2, 1)).ok());
}

TEST_CASE("one change of a volume at a time: another one meanwhile is refused as busy") {
    OneDevice one;
    std::promise<engine::Outcome> first;
    one.bench.engine.attach_volume(
        volume_config(1, 1), [&](engine::Outcome outcome) { first.set_value(std::move(outcome)); });
    const engine::Outcome second = one.bench.detach(1);
    CHECK((second.ok() || second.status.code() == base::Errc::busy));
    CHECK(first.get_future().get().ok());
}

TEST_CASE("without devices only volumes in memory can be attached") {
    Bench bench(test::options_for({}));
    REQUIRE(bench.opened.ok());
    CHECK_EQ(code_of(bench.attach(volume_config(1, 1))), base::Errc::unsupported);
    CHECK(bench.attach_ram(test::shown(1, 8)).ok());
    CHECK(bench.detach(1).ok());
    CHECK(bench.erase(1).ok());
}

TEST_CASE("a volume in memory keeps its size and its kind") {
    OneDevice one;
    REQUIRE(one.bench.attach_ram(test::shown(1, extent_blocks)).ok());
    CHECK(one.bench.attach_ram(test::shown(1, extent_blocks)).ok());
    CHECK_EQ(code_of(one.bench.attach_ram(test::shown(1, extent_blocks + 1))),
             base::Errc::unsupported);
    CHECK_EQ(code_of(one.bench.attach(volume_config(1, 1))), base::Errc::already_exists);
    REQUIRE(one.bench.attach(volume_config(2, 1)).ok());
    CHECK_EQ(code_of(one.bench.attach_ram(test::shown(2, extent_blocks))),
             base::Errc::already_exists);
}

TEST_CASE("a host that is not allowed any more is disconnected, one that is stays") {
    OneDevice one;
    REQUIRE(one.bench.listen().ok());
    REQUIRE(one.bench.attach(volume_config(1, 1)).ok());
    auto host = one.bench.connect(1);
    REQUIRE(host != nullptr);
    engine::VolumeConfig changed = volume_config(1, 1);
    changed.shown.allowed_hosts.push_back("nqn.2024-01.test:another");
    REQUIRE(one.bench.attach(changed).ok());
    CHECK(host->write(0, test::pattern(1, 1)).ok());
    changed.shown.allowed_hosts = {"nqn.2024-01.test:another"};
    REQUIRE(one.bench.attach(changed).ok());
    CHECK(host->wait_closed(5000));
    CHECK(one.bench.connect(1) == nullptr);
}
