#include "initiator/pattern.h"

#include <array>
#include <cstring>

namespace {

using initiator::BlockContent;
using initiator::check_pattern;
using Block = std::array<uint8_t, initiator::pattern_block_bytes>;

Block make(uint64_t seed, uint64_t place, uint32_t generation) {
    Block block{};
    initiator::fill_pattern(block.data(), {seed, place, generation});
    return block;
}

}  // namespace

TEST_CASE("a filled block is recognised, with its generation") {
    const Block block = make(7, 1234, 5);
    const auto check = check_pattern(block.data(), 7, 1234);
    CHECK(check.content == BlockContent::pattern);
    CHECK(check.generation == 5);
}

TEST_CASE("a flipped byte anywhere is noticed") {
    const Block block = make(7, 1234, 5);
    for (size_t at = 0; at < block.size(); ++at) {
        Block flipped = block;
        flipped[at] ^= 0x10;
        REQUIRE(check_pattern(flipped.data(), 7, 1234).content != BlockContent::pattern);
    }
}

TEST_CASE("halves of two generations are a damaged block") {
    Block torn = make(7, 1234, 5);
    const Block newer = make(7, 1234, 6);
    std::memcpy(torn.data(), newer.data(), torn.size() / 2);
    CHECK(check_pattern(torn.data(), 7, 1234).content == BlockContent::damaged);
}

TEST_CASE("another block's content and another run's are not taken for this one's") {
    const Block block = make(7, 1234, 5);
    CHECK(check_pattern(block.data(), 7, 1235).content == BlockContent::other_place);
    CHECK(check_pattern(block.data(), 8, 1234).content == BlockContent::other_place);
}

TEST_CASE("zeroes and strange bytes are told apart") {
    Block block{};
    CHECK(check_pattern(block.data(), 7, 0).content == BlockContent::zeroes);
    block.back() = 1;
    CHECK(check_pattern(block.data(), 7, 0).content == BlockContent::foreign);
}

TEST_CASE("no two places or generations share their content") {
    const Block block = make(7, 1, 1);
    for (const Block& other : {make(7, 2, 1), make(7, 1, 2), make(8, 1, 1)}) {
        size_t equal = 0;
        for (size_t at = 32; at < block.size(); ++at) {
            equal += block[at] == other[at] ? 1 : 0;
        }
        CHECK(equal < 64);  // One in 256 by chance.
    }
}
