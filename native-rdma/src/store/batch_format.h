// A batch: one append to the log. Header blocks, then the blocks it stores.
//
// The header blocks hold a BatchHeader, its entries, then the CRC32C of each block in the order of
// the entries, then zeroes. The header's CRC covers them to the end of the last header block.
#pragma once

#include <cstddef>

#include "store/format_common.h"

namespace store {

inline constexpr uint32_t batch_entries_max = 256;
inline constexpr uint32_t batch_data_blocks_max = 256;
// Blocks of the largest extent.
inline constexpr uint32_t extent_blocks_max =
    static_cast<uint32_t>(base::limits::extent_bytes_max >> block_shift);

// A version fits seven bytes: 2^20 epochs of 2^36 writes each. A placement group with a hundred
// thousand writes a second spends an epoch's counter in a week, and then goes on in the next.
inline constexpr uint32_t version_counter_bits = 36;
inline constexpr uint32_t version_epoch_bits = 20;

// What a batch is besides its entries.
inline constexpr uint32_t batch_begins = 1;  // The first after opening: no older one follows it.
inline constexpr uint32_t batch_closes = 2;  // The last of its segment.
inline constexpr uint32_t batch_clean = 4;   // The last before a clean close.
inline constexpr uint32_t batch_moved =
    8;  // Of compaction: in a segment of its own, not in the log.
inline constexpr uint32_t batch_flags_known =
    batch_begins | batch_closes | batch_clean | batch_moved;

struct BatchHeader {
    le64 magic;
    le32 crc;
    le32 flags;
    uint8_t store_id[16];
    le64 log_sequence;      // 1, 2, 3, ... over the store's life.
    le64 incarnation;       // Raised whenever the log's end is found anew; never falls in the log.
    le64 segment_sequence;  // Of the segment it was written into.
    le64 durable_through;   // The batch up to which all was durable when this was written.
    le32 segment_block;     // Where in the segment it begins.
    le32 header_blocks;
    le32 data_blocks;
    le32 entry_count;
    le64 last_counter;  // With last_epoch: the highest version of this and every earlier entry.
    le32 last_epoch;
    le32 next_segment;     // With batch_closes: where the log goes on, or no_segment.
    uint8_t reserved[32];  // Zero.
};
static_assert(base::WireFormat<BatchHeader>);
static_assert(sizeof(BatchHeader) == 128);
static_assert(offsetof(BatchHeader, flags) == checksummed_from);
static_assert(offsetof(BatchHeader, log_sequence) == 32);
static_assert(offsetof(BatchHeader, segment_block) == 64);
static_assert(offsetof(BatchHeader, next_segment) == 92);

enum class EntryKind : uint32_t {
    blocks = 1,         // `block_count` blocks of data.
    deallocate = 2,     // The range reads as zeroes from here on. No data.
    delete_volume = 3,  // Every block of the volume's extents is forgotten. Only `volume` counts.
};

struct BatchEntry {
    le64 volume;
    le32 extent_index;
    le32 pg;
    le32 first_block;
    le32 block_count;
    le32 epoch;  // With counter: the write's version.
    le32 generation;
    le64 counter;
    le32 kind;
    le32 reserved;  // Zero.
};
static_assert(base::WireFormat<BatchEntry>);
static_assert(sizeof(BatchEntry) == 48);
static_assert(offsetof(BatchEntry, first_block) == 16);
static_assert(offsetof(BatchEntry, counter) == 32);

[[nodiscard]] inline base::ExtentId extent_of(const BatchEntry& entry) {
    return {base::VolumeId{entry.volume}, entry.extent_index, base::PgId{entry.pg}};
}
[[nodiscard]] inline base::Version version_of(const BatchEntry& entry) {
    return {base::Epoch{entry.epoch}, entry.counter};
}

[[nodiscard]] constexpr uint32_t header_blocks_for(uint32_t entries, uint32_t data_blocks) {
    const uint32_t bytes = static_cast<uint32_t>(sizeof(BatchHeader)) +
                           entries * static_cast<uint32_t>(sizeof(BatchEntry)) + data_blocks * 4;
    return (bytes + block_bytes - 1) / block_bytes;
}
inline constexpr uint32_t batch_header_blocks_max =
    header_blocks_for(batch_entries_max, batch_data_blocks_max);
inline constexpr uint32_t batch_blocks_max = batch_header_blocks_max + batch_data_blocks_max;

// The first broken rule of what can be told before the rest of the header is at hand, or null.
[[nodiscard]] inline const char* invalid_sizes(const BatchHeader& header) {
    if (header.magic != batch_magic) {
        return "the magic is another's";
    }
    if (header.entry_count > batch_entries_max || header.data_blocks > batch_data_blocks_max) {
        return "the batch is too large";
    }
    if (header.header_blocks != header_blocks_for(header.entry_count, header.data_blocks)) {
        return "the header's length does not fit its entries";
    }
    return nullptr;
}

// The first broken rule, or null.
[[nodiscard]] inline const char* invalid(const BatchEntry& entry) {
    const uint32_t kind = entry.kind;
    if (kind == static_cast<uint32_t>(EntryKind::delete_volume)) {
        const bool bare = entry.extent_index == 0 && entry.pg == 0 && entry.first_block == 0 &&
                          entry.block_count == 0 && entry.epoch == 0 && entry.generation == 0 &&
                          entry.counter == 0 && entry.reserved == 0;
        return bare ? nullptr : "a deletion names more than a volume";
    }
    if (kind != static_cast<uint32_t>(EntryKind::blocks) &&
        kind != static_cast<uint32_t>(EntryKind::deallocate)) {
        return "an entry's kind is not known";
    }
    if (entry.block_count == 0 || entry.first_block >= extent_blocks_max ||
        entry.block_count > extent_blocks_max - entry.first_block) {
        return "an entry's range is out of an extent";
    }
    if (entry.epoch >> version_epoch_bits != 0 || entry.counter >> version_counter_bits != 0) {
        return "an entry's version is out of range";
    }
    if (entry.reserved != 0) {
        return "an entry's reserved bytes are not zero";
    }
    return nullptr;
}

}  // namespace store
