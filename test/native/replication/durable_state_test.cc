// The fences of a group's volumes, in memory and in their blocks.
#include "replication/durable_state.h"

#include <vector>

namespace {

using base::Fence;
using base::VolumeId;
using replication::Fences;

std::vector<uint8_t> block_of(const Fences& fences, uint32_t block) {
    std::vector<uint8_t> bytes(base::limits::block_bytes);
    fences.fill(block, bytes.data());
    return bytes;
}

}  // namespace

TEST_CASE("a fence is only ever raised") {
    Fences fences;
    CHECK(fences.find(VolumeId{1}) == Fence{});
    fences.raise(VolumeId{1}, Fence{5});
    fences.raise(VolumeId{1}, Fence{3});
    CHECK(fences.find(VolumeId{1}) == Fence{5});
}

TEST_CASE("a block gives back the fences that it was filled with") {
    Fences fences;
    const VolumeId one{3};
    const VolumeId other{3 + Fences::blocks};
    fences.raise(one, Fence{5});
    fences.raise(other, Fence{6});
    Fences found;
    found.load(Fences::block_of(one), block_of(fences, Fences::block_of(one)).data());
    CHECK(found.find(one) == Fence{5});
    CHECK(found.find(other) == Fence{6});
}

TEST_CASE("what a block holds counts, also where more was raised and not kept") {
    Fences fences;
    fences.raise(VolumeId{3}, Fence{5});
    const std::vector<uint8_t> kept = block_of(fences, 3);
    fences.raise(VolumeId{3}, Fence{9});
    fences.raise(VolumeId{3 + Fences::blocks}, Fence{1});
    fences.load(3, kept.data());
    CHECK(fences.find(VolumeId{3}) == Fence{5});
    CHECK(fences.find(VolumeId{3 + Fences::blocks}) == Fence{});
}

TEST_CASE("a deallocated block has no fences") {
    Fences fences;
    fences.raise(VolumeId{3}, Fence{5});
    fences.raise(VolumeId{4}, Fence{6});
    fences.load({{}, 3, 1}, nullptr);
    CHECK(fences.find(VolumeId{3}) == Fence{});
    CHECK(fences.find(VolumeId{4}) == Fence{6});
}

TEST_CASE("a full block takes no further volume, but a higher fence of one it has") {
    Fences fences;
    for (uint64_t each = 0; each < Fences::in_block; ++each) {
        const VolumeId volume{each * Fences::blocks};
        CHECK(fences.has_room(volume));
        fences.raise(volume, Fence{1});
    }
    CHECK(!fences.has_room(VolumeId{uint64_t{Fences::in_block} * Fences::blocks}));
    CHECK(fences.has_room(VolumeId{0}));
    CHECK(fences.has_room(VolumeId{1}));
}
