#include "store/index.h"

#include <map>
#include <set>
#include <vector>

#include "sim_random.h"

namespace {

using base::ExtentId;
using base::PgId;
using base::VolumeId;
using store::Index;
using store::Location;
using store::Place;

struct Forgotten final : Index::Observer {
    void forgotten(Place place) override { places.push_back(place); }
    std::vector<Place> places;
};

constexpr ExtentId extent{VolumeId{1}, 2, PgId{3}};

Place place_of(const Index& index, const ExtentId& id, uint32_t block) {
    return index.get(index.find(id), block).place;
}

}  // namespace

TEST_CASE("a block that was set is found with its checksum and version, its neighbours are not") {
    Forgotten forgotten;
    Index index(forgotten);
    CHECK(place_of(index, extent, 70) == 0);
    index.set(index.open(extent), 70, {9, 0xabcd, 7});
    const Location found = index.get(index.find(extent), 70);
    CHECK(found.place == 9);
    CHECK(found.crc == 0xabcd);
    CHECK(found.version == 7);
    CHECK(place_of(index, extent, 69) == 0);
    CHECK(place_of(index, extent, 71) == 0);
    CHECK(place_of(index, extent, store::extent_blocks_max - 1) == 0);
    CHECK(place_of(index, {VolumeId{1}, 2, PgId{4}}, 70) == 0);
    CHECK(place_of(index, {VolumeId{1}, 1, PgId{3}}, 70) == 0);
    CHECK(place_of(index, {VolumeId{2}, 2, PgId{3}}, 70) == 0);
    CHECK(index.block_count() == 1);
}

TEST_CASE("a block set again forgets where it lay") {
    Forgotten forgotten;
    Index index(forgotten);
    index.set(index.open(extent), 5, {100, 0, 1});
    index.set(index.open(extent), 5, {200, 0, 2});
    CHECK((forgotten.places == std::vector<Place>{100}));
    CHECK(place_of(index, extent, 5) == 200);
    CHECK(index.block_count() == 1);
}

TEST_CASE("the last block of the largest extent has a place") {
    Forgotten forgotten;
    Index index(forgotten);
    index.set(index.open(extent), store::extent_blocks_max - 1, {1, 0, 1});
    CHECK(place_of(index, extent, store::extent_blocks_max - 1) == 1);
    index.erase(extent, 0, store::extent_blocks_max);
    CHECK(index.block_count() == 0);
    CHECK(index.find(extent) == nullptr);
}

TEST_CASE("a deleted volume takes all its extents and nobody else's") {
    Forgotten forgotten;
    Index index(forgotten);
    for (uint32_t number = 0; number < 10; ++number) {
        index.set(index.open({VolumeId{1}, number, PgId{number}}), number, {10 + number, 0, 1});
        index.set(index.open({VolumeId{2}, number, PgId{number}}), number, {30 + number, 0, 1});
    }
    index.erase_volume(VolumeId{1});
    CHECK(forgotten.places.size() == 10);
    CHECK(index.block_count() == 10);
    CHECK(place_of(index, {VolumeId{1}, 4, PgId{4}}, 4) == 0);
    CHECK(place_of(index, {VolumeId{2}, 4, PgId{4}}, 4) == 34);
}

TEST_CASE("neighbouring blocks cost little more than 16 bytes each, and memory is used again") {
    Forgotten forgotten;
    Index index(forgotten);
    constexpr uint32_t blocks = 1u << 18;
    const auto fill = [&] {
        Index::Extent& opened = index.open(extent);
        for (uint32_t block = 0; block < blocks; ++block) {
            index.set(opened, block, {1 + block, 0, 1});
        }
    };
    fill();
    CHECK(index.bytes() < uint64_t{blocks} * 18);
    const uint64_t bytes = index.bytes();
    for (int turn = 0; turn < 3; ++turn) {
        index.erase(extent, 0, blocks);
        fill();
    }
    CHECK(index.bytes() <= bytes + (bytes >> 6));
}

TEST_CASE("random sets and erases agree with a map") {
    test::SimRandom random(1);
    Forgotten forgotten;
    Index index(forgotten);
    std::map<uint32_t, Place> model;
    uint64_t set_count = 0;
    for (uint32_t step = 1; step <= 20'000; ++step) {
        const uint32_t block = random.below(3) * 5000 + random.below(200);
        if (random.percent(80)) {
            index.set(index.open(extent), block, {step, 0, 1});
            model[block] = step;
            ++set_count;
            continue;
        }
        const uint32_t count = 1 + random.below(random.percent(10) ? 10'000 : 100);
        index.erase(extent, block, count);
        model.erase(model.lower_bound(block), model.lower_bound(block + count));
    }
    CHECK(index.block_count() == model.size());
    CHECK(forgotten.places.size() == set_count - model.size());
    const std::set<Place> once(forgotten.places.begin(), forgotten.places.end());
    CHECK(once.size() == forgotten.places.size());
    uint32_t wrong = 0;
    for (uint32_t block = 0; block < 12'000; ++block) {
        const auto expected = model.find(block);
        wrong += place_of(index, extent, block) != (expected == model.end() ? 0 : expected->second);
    }
    CHECK(wrong == 0);
}

TEST_CASE("packed versions keep their order and know what fits") {
    using base::Epoch;
    using store::PackedVersion;
    CHECK(PackedVersion::pack({Epoch{1}, 5}) < PackedVersion::pack({Epoch{1}, 6}));
    CHECK(PackedVersion::pack({Epoch{1}, 1ull << 43}) < PackedVersion::pack({Epoch{2}, 0}));
    CHECK(PackedVersion::fits({Epoch{(1u << 20) - 1}, (1ull << 44) - 1}));
    CHECK_FALSE(PackedVersion::fits({Epoch{1u << 20}, 0}));
    CHECK_FALSE(PackedVersion::fits({Epoch{0}, 1ull << 44}));
}
