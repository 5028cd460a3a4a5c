// What clients write into a block: one mark, over and over, unlike any other of the same run.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

#include "base/limits.h"

namespace test {

[[nodiscard]] inline uint64_t mark_of(uint64_t operation, uint64_t volume, uint32_t block) {
    return operation << 32 | volume << 24 | block;
}
[[nodiscard]] inline uint64_t operation_of(uint64_t mark) {
    return mark >> 32;
}

inline void fill_block(uint8_t* block, uint64_t mark) {
    for (uint32_t at = 0; at < base::limits::block_bytes; at += sizeof mark) {
        std::memcpy(block + at, &mark, sizeof mark);
    }
}
// None: it is no mark, or several.
[[nodiscard]] inline std::optional<uint64_t> read_mark(const uint8_t* block) {
    uint64_t mark = 0;
    std::memcpy(&mark, block, sizeof mark);
    if (std::memcmp(block, block + sizeof mark, base::limits::block_bytes - sizeof mark) != 0) {
        return std::nullopt;
    }
    return mark;
}

}  // namespace test
