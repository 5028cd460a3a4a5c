// Where things lie on a store's device, in blocks: arithmetic only.
#pragma once

#include <bit>
#include <cstdint>

#include "store/superblock_format.h"

namespace store {

// A block of the device, counted from its start. 0 is a superblock, so it means "nowhere".
using Place = uint32_t;

struct Layout {
    uint32_t segment_count = 0;
    uint32_t segment_shift = 0;  // log2 of the blocks in a segment.

    [[nodiscard]] static Layout of(const Superblock& super) {
        return {
            super.segment_count,
            static_cast<uint32_t>(std::countr_zero<uint64_t>(super.segment_bytes)) - block_shift};
    }

    [[nodiscard]] uint32_t segment_blocks() const { return 1u << segment_shift; }
    [[nodiscard]] uint64_t segment_bytes() const { return uint64_t{block_bytes} << segment_shift; }
    [[nodiscard]] Place place(uint32_t segment, uint32_t block) const {
        return first_place + (segment << segment_shift) + block;
    }
    [[nodiscard]] uint32_t segment_of(Place place) const {
        return (place - first_place) >> segment_shift;
    }
    [[nodiscard]] static uint64_t offset_of(Place place) { return uint64_t{place} << block_shift; }

    static constexpr Place first_place = static_cast<Place>(segments_offset >> block_shift);
};

// Places are 32 bits wide: 16 TiB a store.
inline constexpr uint64_t device_bytes_max = uint64_t{1} << (32 + block_shift);

}  // namespace store
