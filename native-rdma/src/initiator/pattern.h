// What a verified block holds: bytes that name their place, their generation and their run.
//
//   ┌───────┬──────┬───────┬────────────┬─────────────────┬──────────────────────┐
//   │ magic │ seed │ block │ generation │ CRC32C of all   │ pseudo-random bytes  │
//   └───────┴──────┴───────┴────────────┴─────────────────┴──────────────────────┘
//   0       8      16      24           28                32                  4096
//
// A misplaced, older, torn or damaged block is told from the right one. Thread: any; no state.
#pragma once

#include <cstdint>

#include "base/wire.h"

namespace initiator {

inline constexpr uint32_t pattern_block_bytes = 4096;

struct BlockIdentity {
    uint64_t seed = 0;  // Of the run that wrote it.
    uint64_t block = 0;
    uint32_t generation = 0;  // The how-manyth write of this block, from 1.
};

enum class BlockContent : uint8_t {
    pattern,      // Intact, of the run and place asked for; `generation` says which write.
    zeroes,       // Never written, or lost.
    foreign,      // No pattern: something else is there.
    other_place,  // An intact block of another place or run.
    damaged,      // A pattern, but its bytes are not what they were.
};

void fill_pattern(uint8_t* block, const BlockIdentity& identity);

struct PatternCheck {
    BlockContent content = BlockContent::foreign;
    uint32_t generation = 0;
};
[[nodiscard]] PatternCheck check_pattern(const uint8_t* block, uint64_t seed, uint64_t place);

[[nodiscard]] const char* content_name(BlockContent content);

}  // namespace initiator
