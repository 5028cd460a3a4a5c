// The ranges of a Dataset Management command.
//
// Source: NVM Express Base Specification 1.4, section 6.7.
#pragma once

#include <cstddef>

#include "base/wire.h"

namespace nvme {

struct DatasetRange {
    base::le32 attributes;  // Hints on how it will be used.
    base::le32 block_count;
    base::le64 first_block;
};
static_assert(base::WireFormat<DatasetRange> && sizeof(DatasetRange) == 16);
static_assert(offsetof(DatasetRange, first_block) == 8);

inline constexpr uint32_t dataset_ranges_mask = 0xff;    // Dword 10: how many, from 0.
inline constexpr uint32_t dataset_deallocate = 1u << 2;  // Dword 11: AD.

}  // namespace nvme
