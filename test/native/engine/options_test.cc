#include "engine/options.h"

#include <doctest/doctest.h>
#include <functional>

#include "engine/bench.h"

namespace {

// Whether changing a good set of options with `spoil` is refused with a sentence about `field`.
bool refused(const std::string& field, const std::function<void(engine::Options&)>& spoil) {
    engine::Options options = test::options_for({"/a", "/b"}, 2);
    REQUIRE(engine::check(options).ok());
    spoil(options);
    const engine::Outcome outcome = engine::check(options);
    return outcome.status.code() == base::Errc::invalid_argument &&
           outcome.sentence.starts_with(field);
}

bool volume_refused(const std::string& field,
                    const std::function<void(engine::VolumeConfig&)>& spoil) {
    engine::VolumeConfig config = test::volume_config(1, 3);
    REQUIRE(engine::check(config, test::extent_bytes).ok());
    spoil(config);
    const engine::Outcome outcome = engine::check(config, test::extent_bytes);
    return outcome.status.code() == base::Errc::invalid_argument &&
           outcome.sentence.starts_with(field);
}

}  // namespace

TEST_CASE("each option out of its limits is refused by name") {
    CHECK(refused("reactors", [](auto& options) { options.reactor_count = 0; }));
    CHECK(refused("reactors", [](auto& options) { options.reactor_count = 65; }));
    CHECK(refused("pollUs", [](auto& options) { options.poll_us = 1001; }));
    CHECK(refused("bufferBytes", [](auto& options) { options.buffer_bytes = 7u << 20; }));
    CHECK(refused("extentBytes", [](auto& options) { options.extent_bytes = 5u << 20; }));
    CHECK(refused("extentBytes", [](auto& options) { options.extent_bytes = 1u << 20; }));
    CHECK(refused("segmentBytes", [](auto& options) { options.segment_bytes = 3u << 20; }));
    CHECK(refused("segmentBytes", [](auto& options) { options.segment_bytes = 4096; }));
    CHECK(refused("checkpointLogBytes", [](auto& options) { options.checkpoint_log_bytes = 1; }));
    CHECK(refused("indexBytesMax", [](auto& options) { options.index_bytes_max = 1; }));
    CHECK(refused("controllerIds", [](auto& options) { options.controller_id_first = 0; }));
    CHECK(refused("controllerIds", [](auto& options) { options.controller_id_last = 0xfff0; }));
    CHECK(refused("controllerIds", [](auto& options) {
        options.controller_id_first = 9;
        options.controller_id_last = 8;
    }));
    CHECK(refused("ioQueues", [](auto& options) { options.io_queues = 9; }));
    CHECK(refused("firmwareRevision",
                  [](auto& options) { options.firmware_revision = "123456789"; }));
    CHECK(refused("cpus", [](auto& options) { options.cpus = {0}; }));
    CHECK(refused("cpus[1]", [](auto& options) { options.cpus = {0, 5000}; }));
}

TEST_CASE("each device that cannot be is refused by its place") {
    CHECK(refused("devices[1].path", [](auto& options) { options.devices[1].path = ""; }));
    CHECK(refused("devices[1].path", [](auto& options) { options.devices[1].path = "/a"; }));
    CHECK(refused("devices[0].path",
                  [](auto& options) { options.devices[0].path = std::string("/a\0b", 4); }));
    CHECK(refused("devices[0].bytes", [](auto& options) { options.devices[0].bytes = 4097; }));
}

TEST_CASE("each field of a volume that cannot be is refused by name") {
    CHECK(volume_refused("uuid", [](auto& config) { config.shown.uuid.fill(0); }));
    CHECK(volume_refused("subsystemNqn", [](auto& config) { config.shown.subsystem_nqn = "x"; }));
    CHECK(volume_refused(
        "subsystemNqn", [](auto& config) { config.shown.subsystem_nqn += std::string(223, 'n'); }));
    CHECK(volume_refused("serial", [](auto& config) { config.shown.serial.assign(21, 's'); }));
    CHECK(volume_refused("serial", [](auto& config) { config.shown.serial = ""; }));
    CHECK(volume_refused("model", [](auto& config) { config.shown.model.assign(41, 'm'); }));
    CHECK(volume_refused("model", [](auto& config) { config.shown.model = "\x01"; }));
    CHECK(volume_refused("blockCount", [](auto& config) { config.shown.block_count = 0; }));
    CHECK(volume_refused("blockCount",
                         [](auto& config) { config.shown.block_count = (1ull << 34) + 1; }));
    CHECK(volume_refused("allowedHosts[1]",
                         [](auto& config) { config.shown.allowed_hosts.emplace_back("nqn. "); }));
    CHECK(volume_refused("allowedHosts", [](auto& config) {
        config.shown.allowed_hosts.assign(65, test::host_nqn);
    }));
}

TEST_CASE("a map that places too few extents is refused, one that places more is not") {
    CHECK(volume_refused("extentMap", [](auto& config) { config.extent_map.pop_back(); }));
    CHECK(volume_refused("extentMap", [](auto& config) { config.shown.block_count += 1; }));
    engine::VolumeConfig config = test::volume_config(1, 3);
    config.shown.block_count -= test::extent_blocks;
    CHECK(engine::check(config, test::extent_bytes).ok());
}

TEST_CASE("each field of a discovery entry that cannot be is refused by name") {
    const target::DiscoveryEntry good{test::host_nqn, "nqn.2024-01.x:y", "10.0.0.1", 4420};
    CHECK(engine::check(std::vector{good}).ok());
    const auto refused_for = [&good](const std::string& field, auto spoil) {
        std::vector entries{good, good};
        spoil(entries[1]);
        return engine::check(entries).sentence.starts_with("entries[1]." + field);
    };
    CHECK(refused_for("hostNqn", [](auto& entry) { entry.host_nqn = "nqn.x"; }));
    CHECK(refused_for("subsystemNqn", [](auto& entry) { entry.subsystem_nqn = ""; }));
    CHECK(refused_for("address", [](auto& entry) { entry.address = ""; }));
    CHECK(refused_for("port", [](auto& entry) { entry.port = 0; }));
    CHECK(engine::check(std::vector(8193, good)).sentence.starts_with("entries"));
}
