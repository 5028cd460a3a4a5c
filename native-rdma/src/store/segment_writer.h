// Lays out a segment's header in the block it is written from.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "store/segment_format.h"

namespace store {

struct SegmentStamp {
    SegmentKind kind = SegmentKind::free;
    base::Uuid store_id{};
    uint64_t sequence = 0;
    uint64_t first_log_sequence = 0;
    uint64_t durable_through = 0;
    uint32_t index = 0;
};

// Fills the whole block at `block`.
void write_segment_header(uint8_t* block, const SegmentStamp& stamp);

}  // namespace store
