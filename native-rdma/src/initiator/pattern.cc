#include "initiator/pattern.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"

namespace initiator {

namespace {

struct PatternHeader {
    base::le64 magic;
    base::le64 seed;
    base::le64 block;
    base::le32 generation;
    base::le32 crc;  // Of the whole block with this field 0.
};
static_assert(base::WireFormat<PatternHeader> && sizeof(PatternHeader) == 32);

constexpr uint64_t magic = 0x6e72657474615061;  // "aPattern", little-endian.

// The generator of Steele, Lea and Flood (SplitMix64): well-mixed from any start.
uint64_t next_random(uint64_t& state) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint32_t checksum(PatternHeader header, const uint8_t* block) {
    header.crc = 0;
    const uint32_t crc = base::crc32c(&header, sizeof(header));
    return base::crc32c(block + sizeof(header), pattern_block_bytes - sizeof(header), crc);
}

}  // namespace

void fill_pattern(uint8_t* block, const BlockIdentity& identity) {
    PatternHeader header{};
    header.magic = magic;
    header.seed = identity.seed;
    header.block = identity.block;
    header.generation = identity.generation;
    uint64_t state = identity.seed ^ identity.block << 20 ^ identity.generation;
    for (uint32_t at = sizeof(header); at < pattern_block_bytes; at += sizeof(uint64_t)) {
        const uint64_t word = next_random(state);
        std::memcpy(block + at, &word, sizeof(word));
    }
    header.crc = checksum(header, block);
    std::memcpy(block, &header, sizeof(header));
}

PatternCheck check_pattern(const uint8_t* block, uint64_t seed, uint64_t place) {
    PatternHeader header{};
    std::memcpy(&header, block, sizeof(header));
    if (header.magic != magic) {
        const bool zeroes =
            std::all_of(block, block + pattern_block_bytes, [](uint8_t byte) { return byte == 0; });
        return {zeroes ? BlockContent::zeroes : BlockContent::foreign, 0};
    }
    if (header.crc != checksum(header, block)) {
        return {BlockContent::damaged, 0};
    }
    if (header.seed != seed || header.block != place) {
        return {BlockContent::other_place, header.generation};
    }
    return {BlockContent::pattern, header.generation};
}

const char* content_name(BlockContent content) {
    switch (content) {
        case BlockContent::pattern:
            return "pattern";
        case BlockContent::zeroes:
            return "zeroes";
        case BlockContent::foreign:
            return "foreign";
        case BlockContent::other_place:
            return "of another place or run";
        case BlockContent::damaged:
            return "damaged";
    }
    return "unknown";
}

}  // namespace initiator
