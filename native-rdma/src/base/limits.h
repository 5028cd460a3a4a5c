// Every limit of the engine, with its reason. What a host can see of them is advertised from here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace base::limits {

// The unit of storage, of checksums and of the namespaces' logical blocks (LBADS 12).
inline constexpr uint32_t block_bytes = 4096;
inline constexpr uint32_t block_shift = 12;

// Extents: 1 GiB unless the cell is made with another size; small ones are for tests.
inline constexpr uint64_t extent_bytes_default = uint64_t{1} << 30;
inline constexpr uint64_t extent_bytes_min = uint64_t{1} << 22;
inline constexpr uint64_t extent_bytes_max = uint64_t{1} << 32;
inline constexpr uint64_t volume_bytes_max = uint64_t{1} << 46;  // 64 TiB.

// MDTS is a power of two of 4 KiB pages: 2^6 x 4 KiB = 256 KiB a command.
inline constexpr uint8_t mdts = 6;
inline constexpr uint32_t transfer_bytes_max = block_bytes << mdts;

// Queues. Few I/O queues a controller: more buy nothing and cost memory on both sides.
inline constexpr uint32_t admin_queue_entries = 32;
inline constexpr uint32_t io_queue_entries_max = 128;  // CAP.MQES + 1, and MAXCMD.
inline constexpr uint16_t io_queues_per_controller_max = 8;
inline constexpr uint32_t aer_per_controller_max = 4;  // AERL + 1.
inline constexpr uint32_t abort_per_controller_max = 4;

// Admin and in-capsule data. Linux sends up to 8 KiB in an admin capsule.
inline constexpr uint32_t in_capsule_bytes = 8192;

// Tables of one gateway.
inline constexpr uint32_t subsystems_max = 4096;
inline constexpr uint32_t controllers_per_gateway_max = 4096;
inline constexpr uint32_t controllers_per_subsystem_max = 64;
// Anybody may ask the discovery service: that must not keep hosts from their volumes.
inline constexpr uint32_t discovery_controllers_max = 1024;
inline constexpr uint32_t connections_max = 8192;
inline constexpr uint32_t reactors_max = 64;
inline constexpr uint32_t allowed_hosts_per_subsystem_max = 64;
inline constexpr uint32_t discovery_entries_max = 8192;

// Dataset Management.
inline constexpr uint32_t deallocate_ranges_max = 256;             // DMRL.
inline constexpr uint32_t deallocate_range_blocks_max = 1u << 18;  // DMRSL: 1 GiB.

// Time. The keep-alive is granted in units of KAS (100 ms); a silent half-open connection that
// has not become a queue in this time is closed.
inline constexpr uint32_t keep_alive_granularity_ms = 100;
inline constexpr uint32_t keep_alive_default_ms = 120'000;
inline constexpr uint32_t connect_timeout_ms = 10'000;
// A host that leaves a PDU or the data of a write half-sent for this long is cut off: it holds
// memory that others wait for. Linux gives up on a command after as long.
inline constexpr uint32_t transfer_timeout_ms = 30'000;
// How long a host may take to read why its connection is ended.
inline constexpr uint32_t terminate_timeout_ms = 1'000;

// Buffers.
inline constexpr size_t buffer_pool_bytes_default = size_t{64} << 20;
inline constexpr size_t buffer_pool_bytes_min = size_t{4} << 20;
inline constexpr size_t buffer_pool_bytes_max = size_t{64} << 30;  // Its bookkeeping is 0.3 %.

static_assert((uint64_t{1} << block_shift) == block_bytes);
static_assert(extent_bytes_min % transfer_bytes_max == 0, "a command touches two extents at most");
static_assert(buffer_pool_bytes_min >= 4 * transfer_bytes_max,
              "the smallest pool still serves the largest command");
static_assert(in_capsule_bytes <= transfer_bytes_max);

}  // namespace base::limits
