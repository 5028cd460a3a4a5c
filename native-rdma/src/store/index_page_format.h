// The image of one page of the index: where 64 neighbouring blocks of an extent lie.
//
// Four images share a block of the device. What refers to an image knows its CRC32C, so a page that
// was lost, misdirected or is an older one is found out when it is read.
#pragma once

#include <cstddef>

#include "store/format_common.h"

namespace store {

inline constexpr uint32_t page_shift = 6;
inline constexpr uint32_t page_entries = 1u << page_shift;
inline constexpr uint32_t page_version_bytes = 7;
inline constexpr uint32_t page_bytes = 1024;
inline constexpr uint32_t pages_per_block = block_bytes / page_bytes;

// Bits of the entries from `first` up to, not including, `end`.
[[nodiscard]] constexpr uint64_t entry_bits(uint32_t first, uint32_t end) {
    const uint64_t below_end = end == page_entries ? ~uint64_t{0} : (uint64_t{1} << end) - 1;
    return below_end & ~((uint64_t{1} << first) - 1);
}

struct IndexPage {
    le64 magic;
    le64 volume;
    le32 extent_index;
    le32 pg;
    le32 page;             // First block of the extent / 64.
    uint8_t reserved[36];  // Zero.
    le32 places[page_entries];
    le32 crcs[page_entries];
    uint8_t versions[page_entries * page_version_bytes];
};
static_assert(base::WireFormat<IndexPage>);
static_assert(sizeof(IndexPage) == page_bytes);
static_assert(offsetof(IndexPage, places) == 64);
static_assert(offsetof(IndexPage, versions) == 576);

[[nodiscard]] inline uint32_t crc_of(const IndexPage& page) {
    return base::crc32c(reinterpret_cast<const uint8_t*>(&page), sizeof page);
}

// The first broken rule, or null. Requires: the checksum is the one expected.
[[nodiscard]] inline const char* invalid(const IndexPage& page) {
    if (page.magic != index_page_magic) {
        return "the magic is another's";
    }
    if (!all_zero(page.reserved, sizeof page.reserved)) {
        return "the reserved bytes are not zero";
    }
    return nullptr;
}

}  // namespace store
