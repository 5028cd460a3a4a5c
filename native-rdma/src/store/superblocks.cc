#include "store/superblocks.h"

#include <cstring>

namespace store {

void write_superblock(uint8_t* block, Superblock super) {
    super.magic = superblock_magic;
    super.crc = checksum_of(&super, sizeof super);
    std::memset(block, 0, block_bytes);
    std::memcpy(block, &super, sizeof super);
}

Superblocks read_superblocks(const uint8_t* first, const uint8_t* second) {
    Superblocks found;
    const uint8_t* blocks[] = {first, second};
    bool ours = false;
    for (const uint8_t* block : blocks) {
        Superblock super;
        std::memcpy(&super, block, sizeof super);
        ours = ours || super.magic == superblock_magic;
        if (const char* broken = invalid(super)) {
            found.problem = super.magic == superblock_magic || found.problem == nullptr
                                ? broken
                                : found.problem;
        } else if (found.holds != Holds::store || super.generation > found.super.generation) {
            found.holds = Holds::store;
            found.super = super;
        }
    }
    if (found.holds == Holds::store) {
        for (uint32_t copy = 0; copy < 2; ++copy) {
            found.repair[copy] = std::memcmp(blocks[copy], &found.super, sizeof found.super) != 0;
        }
    } else if (ours) {
        found.holds = Holds::damaged;
    } else if (!all_zero(first, block_bytes) || !all_zero(second, block_bytes)) {
        found.holds = Holds::other;
    }
    return found;
}

}  // namespace store
