// Lays out a superblock, and tells what two blocks read from where they lie mean together.
#pragma once

#include <cstdint>

#include "store/superblock_format.h"

namespace store {

// Fills the whole block at `block`, checksum included.
void write_superblock(uint8_t* block, Superblock super);

enum class Holds : uint8_t {
    nothing,  // Zeroes.
    store,    // At least one good superblock.
    damaged,  // A store was here: no superblock of it is good.
    other,    // Not ours.
};

struct Superblocks {
    Holds holds = Holds::nothing;
    Superblock super{};             // With Holds::store: the newer of the good ones.
    const char* problem = nullptr;  // With Holds::damaged: a rule that is broken.
    bool repair[2] = {};            // Copies that are not like `super`.
};

[[nodiscard]] Superblocks read_superblocks(const uint8_t* first, const uint8_t* second);

}  // namespace store
