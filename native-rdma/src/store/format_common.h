// What every structure on the device shares: the block, the magic numbers, how checksums lie.
//
// A structure begins with its magic and a CRC32C of everything behind the CRC, so a checksum is
// written and verified in one pass. FORMAT.md is the document of these files.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/crc32c.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/wire.h"

namespace store {

using base::le32;
using base::le64;
using base::limits::block_bytes;
using base::limits::block_shift;

inline constexpr uint32_t format_version = 2;

// Each reads as text in a dump of the device: "ASHLsupr", "ASHLsegm", "ASHLbtch", "ASHLckpt",
// "ASHLpage".
inline constexpr uint64_t superblock_magic = 0x727075734c485341;
inline constexpr uint64_t segment_magic = 0x6d6765734c485341;
inline constexpr uint64_t batch_magic = 0x686374624c485341;
inline constexpr uint64_t checkpoint_magic = 0x74706b634c485341;
inline constexpr uint64_t index_page_magic = 0x656761704c485341;

// In place of a segment's number, on the device and in memory.
inline constexpr uint32_t no_segment = 0xffffffff;

// Where the checksummed part of a structure begins: behind magic and CRC.
inline constexpr uint32_t checksummed_from = 12;

// The checksum of a structure of `bytes` at `data`.
[[nodiscard]] inline uint32_t checksum_of(const void* data, uint32_t bytes) {
    return base::crc32c(static_cast<const uint8_t*>(data) + checksummed_from,
                        bytes - checksummed_from);
}

[[nodiscard]] inline bool all_zero(const void* data, size_t bytes) {
    const auto* first = static_cast<const uint8_t*>(data);
    return std::all_of(first, first + bytes, [](uint8_t byte) { return byte == 0; });
}

}  // namespace store
