// A checkpoint: what the index was, and where the log goes on behind it.
//
// A root names the chunks of the body; root and chunks lie twice on the device, in segments of the
// index. The body is a list of records: for each segment how many blocks the pages' images name in
// it, then each extent with its pages. No record is split by a chunk's end.
#pragma once

#include <cstddef>
#include <cstring>

#include "store/format_common.h"

namespace store {

inline constexpr uint32_t checkpoint_root_blocks = 4;
inline constexpr uint32_t checkpoint_chunk_blocks_max = 256;

struct CheckpointRoot {
    le64 magic;
    le32 crc;  // Of all root blocks behind it.
    le32 chunk_count;
    uint8_t store_id[16];
    le64 number;
    le64 next_log_sequence;  // The first batch it does not cover.
    le64 incarnation;        // Of the batch before that.
    le64 segment_sequence;   // The log goes on in the segment of this sequence, or of the next.
    le32 segment;            // That segment, or no_segment: it has not been chosen yet.
    le32 block;              // Where that batch begins; 0: the segment is not begun yet.
    le64 last_counter;       // With last_epoch: the highest version of what it covers.
    le32 last_epoch;
    le32 segment_count;
    le32 flags;               // checkpoint_clean.
    uint8_t reserved_too[4];  // Zero.
    le64 durable_through;     // The batch up to which all was durable: pages may know of these.
    uint8_t reserved[24];     // Zero.
};
static_assert(base::WireFormat<CheckpointRoot>);
static_assert(sizeof(CheckpointRoot) == 128);
static_assert(offsetof(CheckpointRoot, number) == 32);

// The last batch it covers is a clean end.
inline constexpr uint32_t checkpoint_clean = 1;

struct CheckpointChunk {
    le32 places[2];  // Two copies.
    le32 bytes;      // Used ones.
    le32 crc;        // Of the used bytes.
};
static_assert(base::WireFormat<CheckpointChunk>);

inline constexpr uint32_t checkpoint_root_bytes = checkpoint_root_blocks * block_bytes;
inline constexpr uint32_t checkpoint_chunks_max = static_cast<uint32_t>(
    (checkpoint_root_bytes - sizeof(CheckpointRoot)) / sizeof(CheckpointChunk));

struct ExtentRecord {
    le64 volume;
    le32 extent_index;
    le32 pg;
    le32 page_count;  // PageRecords that follow.
    le32 flags;       // extent_deleted.
};
static_assert(base::WireFormat<ExtentRecord>);
static_assert(sizeof(ExtentRecord) == 24);

inline constexpr uint32_t extent_deleted = 1;  // Only its space is to be given back.

struct PageRecord {
    le32 page;  // Number in the extent, with the bits below.
    le32 place;
    le32 crc;  // Of the image.
};
static_assert(base::WireFormat<PageRecord>);
static_assert(sizeof(PageRecord) == 12);

inline constexpr uint32_t page_number_mask = 0xffff;
inline constexpr uint32_t page_quarter_shift = 16;  // Which image of its block.
inline constexpr uint32_t page_erased = 1u << 18;   // Only its space is to be given back.
inline constexpr uint32_t page_flags_known = page_erased | 3u << page_quarter_shift;

// The first broken rule, or null. `root`: all root blocks.
[[nodiscard]] inline const char* invalid_root(const uint8_t* root) {
    CheckpointRoot header;
    std::memcpy(&header, root, sizeof header);
    if (header.magic != checkpoint_magic) {
        return "the magic is another's";
    }
    if (header.crc != checksum_of(root, checkpoint_root_bytes)) {
        return "the checksum is wrong";
    }
    if (header.chunk_count == 0 || header.chunk_count > checkpoint_chunks_max) {
        return "the number of chunks is out of range";
    }
    if (header.next_log_sequence == 0 || header.segment_sequence == 0) {
        return "a sequence is 0";
    }
    if ((header.flags & ~checkpoint_clean) != 0) {
        return "a flag is not known";
    }
    if (header.durable_through + 1 < header.next_log_sequence) {
        return "it covers what was not durable";
    }
    if (!all_zero(header.reserved_too, sizeof header.reserved_too) ||
        !all_zero(header.reserved, sizeof header.reserved)) {
        return "the reserved bytes are not zero";
    }
    return nullptr;
}

}  // namespace store
