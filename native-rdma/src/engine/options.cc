#include "engine/options.h"

#include <algorithm>
#include <bit>
#include <sched.h>

#include "nvme/nqn.h"
#include "replication/durable_state.h"
#include "store/superblock_format.h"

namespace engine {
namespace {

using base::limits::block_bytes;

constexpr const char* nqn_rule = " must be an NQN: nqn.yyyy-mm.domain:name, at most 223 bytes";
constexpr size_t discovery_address_bytes_max = 255;
constexpr uint16_t controller_id_limit = 0xffef;

Outcome wrong(std::string sentence) {
    return failure(base::Errc::invalid_argument, std::move(sentence));
}

std::string number(uint64_t value) {
    return std::to_string(value);
}

bool is_printable(const std::string& text, size_t bytes_max) {
    return text.size() <= bytes_max &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

Outcome check_devices(const Options& options) {
    for (size_t i = 0; i < options.devices.size(); ++i) {
        const DeviceOptions& device = options.devices[i];
        if (device.path.empty() || device.path.find('\0') != std::string::npos) {
            return wrong("devices[" + number(i) + "].path must name a file or block device");
        }
        if (device.bytes % block_bytes != 0) {
            return wrong("devices[" + number(i) + "].bytes must be a multiple of 4096");
        }
        for (size_t earlier = 0; earlier < i; ++earlier) {
            if (options.devices[earlier].path == device.path) {
                return wrong("devices[" + number(i) + "].path names the same device as devices[" +
                             number(earlier) + "]");
            }
        }
    }
    return {};
}

Outcome check_cpus(const Options& options) {
    if (!options.cpus.empty() && options.cpus.size() != options.reactor_count) {
        return wrong("cpus must name one core for each of the " + number(options.reactor_count) +
                     " reactors, or none at all");
    }
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return {};
    }
    for (size_t i = 0; i < options.cpus.size(); ++i) {
        if (options.cpus[i] >= CPU_SETSIZE || !CPU_ISSET(options.cpus[i], &allowed)) {
            return wrong("cpus[" + number(i) + "] is core " + number(options.cpus[i]) +
                         ", which this process may not run on");
        }
    }
    return {};
}

Outcome check_sizes(const Options& options) {
    const uint64_t share = options.buffer_bytes / options.reactor_count;
    if (share < base::limits::buffer_pool_bytes_min ||
        share > base::limits::buffer_pool_bytes_max) {
        return wrong("bufferBytes must be 4 MiB to 64 GiB for each reactor");
    }
    if (!std::has_single_bit(options.extent_bytes) ||
        options.extent_bytes < base::limits::extent_bytes_min ||
        options.extent_bytes > base::limits::extent_bytes_max) {
        return wrong("extentBytes must be a power of two from 4 MiB to 4 GiB");
    }
    if (!std::has_single_bit(options.segment_bytes) ||
        options.segment_bytes < store::segment_bytes_min ||
        options.segment_bytes > store::segment_bytes_max) {
        return wrong("segmentBytes must be a power of two from 512 KiB to 1 GiB");
    }
    if (options.checkpoint_log_bytes < checkpoint_log_bytes_min) {
        return wrong("checkpointLogBytes must be at least 1 MiB");
    }
    if (options.index_bytes_max != 0 && options.index_bytes_max < index_bytes_min) {
        return wrong("indexBytesMax must be 0, for no ceiling, or at least 1 MiB");
    }
    return {};
}

}  // namespace

Outcome check(const Options& options) {
    if (options.reactor_count < 1 || options.reactor_count > base::limits::reactors_max) {
        return wrong("reactors must be 1 to 64");
    }
    if (options.poll_us > poll_us_max) {
        return wrong("pollUs must be 0 to 1000");
    }
    if (options.controller_id_first < 1 || options.controller_id_last > controller_id_limit ||
        options.controller_id_first > options.controller_id_last) {
        return wrong("controllerIds must be a range within 1 to 0xffef, first before last");
    }
    if (options.io_queues < 1 || options.io_queues > base::limits::io_queues_per_controller_max) {
        return wrong("ioQueues must be 1 to 8");
    }
    if (options.io_wait_ms < io_wait_ms_min || options.io_wait_ms > io_wait_ms_max) {
        return wrong("ioWaitMs must be 100 to 600000");
    }
    if (!is_printable(options.firmware_revision, 8)) {
        return wrong("firmwareRevision must be at most 8 ASCII characters");
    }
    if (Outcome cpus = check_cpus(options); !cpus.ok()) {
        return cpus;
    }
    if (Outcome sizes = check_sizes(options); !sizes.ok()) {
        return sizes;
    }
    return check_devices(options);
}

Outcome check(const Shown& shown) {
    if (shown.id == replication::group_volume) {
        return wrong("volumeId must be less than 2^64 - 1, which groups keep their state under");
    }
    if (shown.uuid == base::Uuid{}) {
        return wrong("uuid must not be all zeroes");
    }
    if (!nvme::is_nqn(shown.subsystem_nqn)) {
        return wrong(std::string("subsystemNqn") + nqn_rule);
    }
    if (shown.serial.empty() || !is_printable(shown.serial, 20)) {
        return wrong("serial must be 1 to 20 ASCII characters");
    }
    if (shown.model.empty() || !is_printable(shown.model, 40)) {
        return wrong("model must be 1 to 40 ASCII characters");
    }
    if (shown.block_count == 0 ||
        shown.block_count > base::limits::volume_bytes_max / block_bytes) {
        return wrong("blockCount must be 1 block of 4096 bytes to 64 TiB");
    }
    if (shown.allowed_hosts.size() > base::limits::allowed_hosts_per_subsystem_max) {
        return wrong("allowedHosts must name at most 64 hosts");
    }
    for (size_t i = 0; i < shown.allowed_hosts.size(); ++i) {
        if (!nvme::is_nqn(shown.allowed_hosts[i])) {
            return wrong("allowedHosts[" + number(i) + "]" + nqn_rule);
        }
    }
    return {};
}

Outcome check(const VolumeConfig& config, uint64_t extent_bytes) {
    if (Outcome shown = check(config.shown); !shown.ok()) {
        return shown;
    }
    const uint64_t extent_blocks = extent_bytes / block_bytes;
    const uint64_t needed = (config.shown.block_count + extent_blocks - 1) / extent_blocks;
    if (config.extent_map.size() < needed) {
        return wrong("extentMap places " + number(config.extent_map.size()) +
                     " extents, but the volume's " + number(config.shown.block_count) +
                     " blocks are " + number(needed));
    }
    return {};
}

Outcome check(const std::vector<target::DiscoveryEntry>& entries) {
    if (entries.size() > base::limits::discovery_entries_max) {
        return wrong("entries must be at most 8192");
    }
    for (size_t i = 0; i < entries.size(); ++i) {
        const target::DiscoveryEntry& entry = entries[i];
        const std::string name = "entries[" + number(i) + "]";
        if (!nvme::is_nqn(entry.host_nqn)) {
            return wrong(name + ".hostNqn" + nqn_rule);
        }
        if (!nvme::is_nqn(entry.subsystem_nqn)) {
            return wrong(name + ".subsystemNqn" + nqn_rule);
        }
        if (entry.address.empty() || !is_printable(entry.address, discovery_address_bytes_max)) {
            return wrong(name + ".address must be 1 to 255 ASCII characters");
        }
        if (entry.port == 0) {
            return wrong(name + ".port must be 1 to 65535");
        }
    }
    return {};
}

}  // namespace engine
