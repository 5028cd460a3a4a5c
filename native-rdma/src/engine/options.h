// What an engine is opened with and told to serve, and what is wrong with it.
//
// The limits are checked in index.js first, with the same meaning; here again, because a process
// must not depend on its caller for that.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "engine/outcome.h"
#include "store/store.h"
#include "target/target.h"

namespace engine {

struct DeviceOptions {
    std::string path;
    uint64_t bytes = 0;  // Of a file that is made.
    store::Durability durability = store::Durability::automatic;
};

struct Options {
    std::vector<DeviceOptions> devices;  // None: only namespaces in memory can be served.
    uint32_t reactor_count = 1;
    std::vector<uint32_t> cpus;  // One for each reactor, or none.
    uint32_t poll_us = 50;
    uint64_t buffer_bytes = base::limits::buffer_pool_bytes_default;
    uint64_t extent_bytes = base::limits::extent_bytes_default;
    uint64_t segment_bytes = uint64_t{64} << 20;
    uint64_t checkpoint_log_bytes = uint64_t{1} << 30;  // Of each store: what recovery replays.
    uint64_t index_bytes_max = 0;                       // Of each store; 0: none.
    uint16_t controller_id_first = 1;
    uint16_t controller_id_last = 0xffef;
    uint16_t io_queues = 4;
    uint32_t io_wait_ms = 20'000;  // How long a command waits for its group to be served.
    std::string firmware_revision;
};

// How a volume is shown to hosts.
struct Shown {
    base::VolumeId id;
    base::Uuid uuid{};
    std::string subsystem_nqn;
    std::string serial;
    std::string model;
    uint64_t block_count = 0;
    std::vector<std::string> allowed_hosts;
};

struct VolumeConfig {
    Shown shown;
    std::vector<base::PgId> extent_map;
    base::Fence fence;
};

inline constexpr uint32_t poll_us_max = 1000;
inline constexpr uint32_t io_wait_ms_min = 100;
inline constexpr uint32_t io_wait_ms_max = 600'000;
inline constexpr uint64_t checkpoint_log_bytes_min = uint64_t{1} << 20;
inline constexpr uint64_t index_bytes_min = uint64_t{1} << 20;

// Ok, or invalid_argument with a sentence that names the field.
[[nodiscard]] Outcome check(const Options& options);
[[nodiscard]] Outcome check(const Shown& shown);
[[nodiscard]] Outcome check(const VolumeConfig& config, uint64_t extent_bytes);
[[nodiscard]] Outcome check(const std::vector<target::DiscoveryEntry>& entries);

}  // namespace engine
