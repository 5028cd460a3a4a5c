// An engine with blocking verbs, its events, and a host beside it: what the engine's tests stand
// on.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "initiator/blocking_host.h"

namespace test {

inline constexpr uint64_t extent_bytes = base::limits::extent_bytes_min;
inline constexpr uint64_t extent_blocks = extent_bytes / 4096;
inline constexpr const char* host_nqn = "nqn.2014-08.org.nvmexpress:uuid:0000-test";

// A folder that is gone with the test.
class Folder {
  public:
    Folder() {
        std::string pattern = std::filesystem::temp_directory_path() / "ashlar-engine-XXXXXX";
        path_ = mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

// Waits for what another thread brings about, ten seconds at most.
inline bool eventually(const std::function<bool()>& holds) {
    for (int tries = 0; tries < 1000; ++tries) {
        if (holds()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

using Verb = std::function<void(engine::Done)>;

inline engine::Outcome wait_for(const Verb& verb) {
    std::promise<engine::Outcome> promise;
    verb([&promise](engine::Outcome outcome) { promise.set_value(std::move(outcome)); });
    return promise.get_future().get();
}

inline engine::Options options_for(const std::vector<std::string>& paths, uint32_t reactors = 1) {
    engine::Options options;
    for (const std::string& path : paths) {
        options.devices.push_back({path, uint64_t{64} << 20, store::Durability::none});
    }
    options.reactor_count = reactors;
    options.buffer_bytes = reactors * (uint64_t{8} << 20);
    options.extent_bytes = extent_bytes;
    options.segment_bytes = uint64_t{1} << 20;
    options.firmware_revision = "test";
    return options;
}

inline engine::Shown shown(uint64_t id, uint64_t block_count) {
    engine::Shown config;
    config.id = base::VolumeId(id);
    config.uuid.fill(static_cast<uint8_t>(id));
    config.subsystem_nqn = "nqn.2024-01.test:volume" + std::to_string(id);
    config.serial = "serial" + std::to_string(id);
    config.model = "Ashlar volume";
    config.block_count = block_count;
    config.allowed_hosts = {host_nqn};
    return config;
}

// Each extent in a PG of its own number, so that several stores get some.
inline engine::VolumeConfig volume_config(uint64_t id, uint64_t extents, uint64_t fence = 1) {
    engine::VolumeConfig config;
    config.shown = shown(id, extents * extent_blocks);
    for (uint32_t index = 0; index < extents; ++index) {
        config.extent_map.emplace_back(index);
    }
    config.fence = base::Fence(fence);
    return config;
}

class Bench {
  public:
    explicit Bench(const engine::Options& options) {
        opened = wait_for([&](engine::Done done) { engine.open(options, std::move(done)); });
    }

    // Alone in a cell of its own: the volume's groups are this node's. An epoch of an earlier run
    // is not led again, so each engine of a test has higher ones.
    engine::Outcome attach(const engine::VolumeConfig& config) {
        if (opened.ok() && !lead(config.extent_map).ok()) {
            return engine::failure(base::Errc::io_error, "the groups cannot be set");
        }
        return attach_only(config);
    }
    engine::Outcome lead(const std::vector<base::PgId>& pgs) {
        const engine::Identity identity{{1}, node, incarnation};
        const engine::Outcome joined =
            wait_for([&](engine::Done done) { engine.join_cell(identity, std::move(done)); });
        std::vector<replication::GroupConfig> groups;
        for (const base::PgId pg : pgs) {
            replication::GroupConfig group;
            group.pg = pg;
            group.epoch = base::Epoch(epoch);
            group.primary = node;
            group.member_count = 1;
            group.member_at[0] = {node, replication::MemberRole::in_sync};
            groups.push_back(group);
        }
        return joined.ok() ? set_groups(groups) : joined;
    }
    engine::Outcome set_groups(const std::vector<replication::GroupConfig>& groups) {
        return wait_for([&](engine::Done done) { engine.set_groups(groups, std::move(done)); });
    }
    engine::Outcome attach_only(const engine::VolumeConfig& config) {
        return wait_for([&](engine::Done done) { engine.attach_volume(config, std::move(done)); });
    }
    engine::Outcome attach_ram(const engine::Shown& config) {
        return wait_for(
            [&](engine::Done done) { engine.attach_ram_volume(config, std::move(done)); });
    }
    engine::Outcome detach(uint64_t id) {
        return wait_for(
            [&](engine::Done done) { engine.detach_volume(base::VolumeId(id), std::move(done)); });
    }
    engine::Outcome erase(uint64_t id) {
        return wait_for(
            [&](engine::Done done) { engine.delete_volume(base::VolumeId(id), std::move(done)); });
    }
    engine::Outcome listen(const std::string& address = "127.0.0.1", uint16_t at = 0) {
        engine::Outcome outcome = wait_for([&](engine::Done done) {
            engine.listen(transport::tcp::Service::io, address, at, std::move(done));
        });
        port = outcome.ok() ? static_cast<uint16_t>(outcome.value) : port;
        return outcome;
    }
    engine::Outcome close() {
        return wait_for([&](engine::Done done) { engine.close(std::move(done)); });
    }

    // A host connected to the volume, or null.
    std::unique_ptr<initiator::BlockingHost> connect(uint64_t id, uint16_t io_queues = 1) {
        initiator::HostOptions options;
        options.address = "127.0.0.1";
        options.port = port;
        options.subsystem_nqn = shown(id, 1).subsystem_nqn;
        options.host_nqn = host_nqn;
        options.host_id.fill(7);
        options.io_queues = io_queues;
        auto host = initiator::BlockingHost::create();
        if (!host || !(*host)->connect(options)) {
            return nullptr;
        }
        return std::move(*host);
    }

    uint64_t counter(const std::string& name) {
        const auto& names = engine::counter_names();
        std::vector<uint64_t> values(names.size());
        if (!engine.read_counters(values)) {
            return 0;
        }
        const auto found = std::find(names.begin(), names.end(), name);
        return found == names.end() ? ~uint64_t{0} : values[size_t(found - names.begin())];
    }
    // Of volumes, but for what groups note of themselves: less than this much in a test.
    static constexpr uint64_t group_bytes_max = 512 * 1024;
    bool holds(uint64_t volume_bytes) {
        const uint64_t live = live_bytes();
        return live >= volume_bytes && live <= volume_bytes + group_bytes_max;
    }
    uint64_t live_bytes() {
        uint64_t sum = 0;
        const auto devices = engine.devices();
        for (const auto& device : devices.value()) {
            sum += device.stats.live_bytes;
        }
        return sum;
    }
    std::vector<engine::Event> take_events() {
        std::vector<engine::Event> list;
        while (events.take(list, 256)) {
        }
        return list;
    }

    engine::EventQueue events{256, [] {}};
    engine::Engine engine{events};
    engine::Outcome opened;
    uint16_t port = 0;
    base::NodeId node{1};
    uint64_t incarnation = ++made;
    uint32_t epoch = static_cast<uint32_t>(incarnation);

  private:
    inline static std::atomic<uint64_t> made = 0;
};

inline std::vector<uint8_t> pattern(uint64_t seed, size_t blocks) {
    std::vector<uint8_t> data(blocks * 4096);
    for (size_t index = 0; index < data.size(); ++index) {
        data[index] = static_cast<uint8_t>(seed * 131 + index / 4096 * 31 + index * 7);
    }
    return data;
}

}  // namespace test
