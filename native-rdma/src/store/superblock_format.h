// The superblock: what a store is, twice on the device.
//
// It fits one 512-byte sector, which a power cut leaves whole, old or new.
#pragma once

#include <bit>
#include <cstddef>

#include "store/format_common.h"

namespace store {

// Copies lie far enough apart that a partition table or a stray mkfs does not take both.
inline constexpr uint64_t superblock_offsets[] = {0, uint64_t{1} << 20};
inline constexpr uint64_t segments_offset = uint64_t{2} << 20;

inline constexpr uint64_t segment_bytes_min = uint64_t{1} << 19;
inline constexpr uint64_t segment_bytes_max = uint64_t{1} << 30;
// Fewer would be a checkpoint for every few batches.
inline constexpr uint64_t checkpoint_log_bytes_min = uint64_t{1} << 16;
inline constexpr uint32_t segment_count_min = 16;

struct Superblock {
    le64 magic;
    le32 crc;
    le32 version;
    uint8_t store_id[16];
    le64 generation;  // Of two valid copies the higher one counts.
    le64 device_bytes;
    le64 segments_offset;
    le64 segment_bytes;
    le32 segment_count;
    le32 features;          // What a reader must understand; none yet.
    le64 checkpoint;        // Its number; 0: none yet.
    le32 root_places[2];    // Of the checkpoint's root: two copies.
    uint8_t reserved[424];  // Zero.
};
static_assert(base::WireFormat<Superblock>);
static_assert(sizeof(Superblock) == 512);
static_assert(offsetof(Superblock, version) == checksummed_from);
static_assert(offsetof(Superblock, generation) == 32);
static_assert(offsetof(Superblock, checkpoint) == 72);
static_assert(offsetof(Superblock, reserved) == 88);

// The first broken rule, or null.
[[nodiscard]] inline const char* invalid(const Superblock& super) {
    if (super.magic != superblock_magic) {
        return "the magic is another's";
    }
    if (super.crc != checksum_of(&super, sizeof super)) {
        return "the checksum is wrong";
    }
    if (super.version != format_version) {
        return "the format's version is not known";
    }
    if (super.features != 0) {
        return "a feature is not known";
    }
    if (super.segments_offset != segments_offset) {
        return "the segments begin elsewhere";
    }
    if (!std::has_single_bit<uint64_t>(super.segment_bytes) ||
        super.segment_bytes < segment_bytes_min || super.segment_bytes > segment_bytes_max) {
        return "the segments' size is out of range";
    }
    if (super.segment_count < segment_count_min) {
        return "there are too few segments";
    }
    if (super.device_bytes < super.segments_offset ||
        (super.device_bytes - super.segments_offset) / super.segment_bytes < super.segment_count) {
        return "the segments do not fit the device";
    }
    if ((super.checkpoint == 0) != (super.root_places[0] == 0 && super.root_places[1] == 0)) {
        return "the checkpoint and its places do not agree";
    }
    if (!all_zero(super.reserved, sizeof super.reserved)) {
        return "the reserved bytes are not zero";
    }
    return nullptr;
}

}  // namespace store
