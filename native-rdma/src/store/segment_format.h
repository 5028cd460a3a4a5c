// The header in a segment's first block: which part of the log the segment holds, if any.
//
// It fits one 512-byte sector, which a power cut leaves whole: a header is always the old or the
// new one, so anything that is neither is damage. Every segment has one from format() on.
#pragma once

#include <cstddef>

#include "store/format_common.h"

namespace store {

enum class SegmentKind : uint32_t {
    free = 1,   // Nothing in it counts.
    log = 2,    // Batches follow, up to one that closes the segment or to the log's end.
    moved = 3,  // Batches of blocks that compaction moved.
    index = 4,  // Pages of the index, and checkpoints.
};

struct SegmentHeader {
    le64 magic;
    le32 crc;
    le32 kind;
    uint8_t store_id[16];
    le64 sequence;            // Order in which segments were taken, from 1; never used twice.
    le64 first_log_sequence;  // Of the first batch; 0 where there is no log.
    le64 durable_through;     // The batch up to which all was durable when this was written.
    le32 index;               // Of the segment on the device: tells a misdirected write.
    uint8_t reserved[452];    // Zero.
};
static_assert(base::WireFormat<SegmentHeader>);
static_assert(sizeof(SegmentHeader) == 512);
static_assert(offsetof(SegmentHeader, kind) == checksummed_from);
static_assert(offsetof(SegmentHeader, sequence) == 32);
static_assert(offsetof(SegmentHeader, index) == 56);

// The first broken rule, or null.
[[nodiscard]] inline const char* invalid(const SegmentHeader& header) {
    if (header.magic != segment_magic) {
        return "the magic is another's";
    }
    if (header.crc != checksum_of(&header, sizeof header)) {
        return "the checksum is wrong";
    }
    const uint32_t kind = header.kind;
    if (kind < static_cast<uint32_t>(SegmentKind::free) ||
        kind > static_cast<uint32_t>(SegmentKind::index)) {
        return "the kind is not known";
    }
    const bool log = kind == static_cast<uint32_t>(SegmentKind::log);
    if (kind != static_cast<uint32_t>(SegmentKind::free) && header.sequence == 0) {
        return "the sequence is 0";
    }
    if (log != (header.first_log_sequence != 0)) {
        return "the first batch does not fit the kind";
    }
    if (log && header.durable_through >= header.first_log_sequence) {
        return "the first batch was durable before it was written";
    }
    if (!all_zero(header.reserved, sizeof header.reserved)) {
        return "the reserved bytes are not zero";
    }
    return nullptr;
}

}  // namespace store
