#include "store/index.h"

#include <map>

#include "index_fixture.h"
#include "sim_random.h"

namespace {

using base::ExtentId;
using base::PgId;
using base::VolumeId;
using store::Index;
using store::Location;
using store::PageKey;
using store::Place;
using Fixture = test::IndexFixture;

constexpr ExtentId extent{VolumeId{1}, 2, PgId{3}};
constexpr store::Layout layout = test::index_layout;

}  // namespace

TEST_CASE("a block that was set is found with its checksum and version, its neighbours are not") {
    Fixture fixture;
    CHECK(fixture.place_of(extent, 70) == 0);
    const Place place = fixture.set(extent, 70);
    const Location found = fixture.get(extent, 70);
    CHECK(found.place == place);
    CHECK(found.crc == 0xc0ffee);
    CHECK(found.version == store::PackedVersion::pack({base::Epoch{1}, 1}));
    CHECK(fixture.place_of(extent, 69) == 0);
    CHECK(fixture.place_of(extent, 71) == 0);
    CHECK(fixture.place_of(extent, store::extent_blocks_max - 1) == 0);
    CHECK(fixture.place_of({VolumeId{1}, 2, PgId{4}}, 70) == 0);
    CHECK(fixture.place_of({VolumeId{1}, 1, PgId{3}}, 70) == 0);
    CHECK(fixture.place_of({VolumeId{2}, 2, PgId{3}}, 70) == 0);
    CHECK(fixture.segments.live_blocks() == 1);
}

TEST_CASE("a block set again forgets where it lay") {
    Fixture fixture;
    const Place first = fixture.set(extent, 5);
    const uint32_t segment = layout.segment_of(first);
    fixture.next = layout.place(segment + 1, 1);
    const Place second = fixture.set(extent, 5);
    CHECK(fixture.place_of(extent, 5) == second);
    CHECK(fixture.segments.live(segment) == 0);
    CHECK(fixture.segments.live(segment + 1) == 1);
}

TEST_CASE("the last block of the largest extent has a place") {
    Fixture fixture;
    const Place place = fixture.set(extent, store::extent_blocks_max - 1);
    CHECK(fixture.place_of(extent, store::extent_blocks_max - 1) == place);
    fixture.index.erase(extent, 0, store::extent_blocks_max);
    CHECK(fixture.segments.live_blocks() == 0);
    CHECK(fixture.place_of(extent, store::extent_blocks_max - 1) == 0);
}

TEST_CASE("a deleted volume takes all its extents and nobody else's") {
    Fixture fixture;
    std::map<uint32_t, Place> kept;
    for (uint32_t number = 0; number < 10; ++number) {
        fixture.set({VolumeId{1}, number, PgId{number}}, number);
        kept[number] = fixture.set({VolumeId{2}, number, PgId{number}}, number);
    }
    fixture.index.erase_volume(VolumeId{1});
    CHECK(fixture.place_of({VolumeId{1}, 4, PgId{4}}, 4) == 0);
    CHECK(fixture.place_of({VolumeId{2}, 4, PgId{4}}, 4) == kept[4]);
    CHECK(fixture.index.erasing_pages() == 10);
    fixture.erase_all();
    CHECK(fixture.index.erasing_pages() == 0);
    CHECK(fixture.segments.live_blocks() == 10);
    CHECK(fixture.index.page_count() == 10);
}

TEST_CASE("a volume deleted and made again does not share its blocks with the old one") {
    Fixture fixture;
    fixture.set(extent, 0, 64);
    fixture.write_all();
    fixture.index.erase_volume(extent.volume);
    CHECK(fixture.place_of(extent, 3) == 0);
    const Place place = fixture.set(extent, 3);
    fixture.erase_all();
    CHECK(fixture.place_of(extent, 3) == place);
    CHECK(fixture.place_of(extent, 4) == 0);
    CHECK(fixture.segments.live_blocks() == 1);
}

TEST_CASE("neighbouring blocks cost at most 16 bytes each, and memory is used again") {
    Fixture fixture;
    constexpr uint32_t blocks = 1u << 18;
    const auto fill = [&] {
        fixture.next = layout.place(8, 1);
        for (uint32_t block = 0; block < blocks; block += 64) {
            fixture.set(extent, block, 64);
        }
    };
    fill();
    CHECK(fixture.index.bytes() <= uint64_t{blocks} * 16);
    const uint64_t bytes = fixture.index.bytes();
    for (int turn = 0; turn < 3; ++turn) {
        fixture.index.erase(extent, 0, blocks);
        fixture.write_all();
        CHECK(fixture.segments.live_blocks() == 0);
        fill();
    }
    CHECK(fixture.index.bytes() <= bytes + (bytes >> 5));
}

TEST_CASE("a page that is not in memory takes a change, and what it owes comes with its image") {
    Fixture fixture(1);  // The lowest ceiling.
    const Place before = fixture.set(extent, 0, 64);
    fixture.write_all();
    for (uint32_t page = 1; page < 400; ++page) {
        fixture.set(extent, page * 64);
        fixture.write_all();
    }
    const uint32_t slot = fixture.index.slot_of(extent);
    REQUIRE(fixture.index.find(slot, 0, 1).presence == Index::Presence::away);
    const Place changed = fixture.set(extent, 7);
    CHECK(fixture.place_of(extent, 7) == changed);
    CHECK(fixture.index.find(slot, 0, 1).presence == Index::Presence::away);
    CHECK(fixture.segments.live_blocks() == 64 + 399 + 1);
    fixture.load({slot, 0});
    CHECK(fixture.segments.live_blocks() == 64 + 399);
    CHECK(fixture.place_of(extent, 6) == before + 6);
    CHECK(fixture.place_of(extent, 7) == changed);
}

TEST_CASE("an image that cannot be read loses what only it knew") {
    Fixture fixture(1);
    fixture.set(extent, 0, 64);
    fixture.write_all();
    for (uint32_t page = 1; page < 400; ++page) {
        fixture.set(extent, page * 64);
        fixture.write_all();
    }
    const Place changed = fixture.set(extent, 7);
    const uint32_t slot = fixture.index.slot_of(extent);
    fixture.index.lose({slot, 0});
    CHECK(fixture.place_of(extent, 7) == changed);
    CHECK(fixture.place_of(extent, 8) == store::lost_place);
    const Place again = fixture.set(extent, 8);
    fixture.write_all();
    CHECK(fixture.place_of(extent, 8) == again);
}

// The counts that space and recovery depend on, whatever is in memory and whatever was written.
TEST_CASE("random changes, writes, evictions and moves agree with a map, and so do the counts") {
    for (uint64_t seed = 1; seed <= 30; ++seed) {
        test::SimRandom random(seed);
        Fixture fixture(1);
        std::map<uint32_t, Place> model;
        for (uint32_t step = 1; step <= 3000; ++step) {
            const uint32_t block = random.below(600) * 64 + random.below(4);
            const uint32_t slot = fixture.index.slot_of(extent);
            const uint32_t lot = random.below(100);
            if (lot < 60) {
                model[block] = fixture.set(extent, block);
            } else if (lot < 75) {
                const uint32_t count = 1 + random.below(random.percent(10) ? 2000 : 100);
                fixture.index.erase(extent, block, count);
                model.erase(model.lower_bound(block), model.lower_bound(block + count));
            } else if (lot < 80) {
                fixture.write_all();
            } else if (lot < 85) {
                fixture.erase_all();
            } else if (lot < 86) {
                fixture.index.erase_volume(extent.volume);
                model.clear();
            } else if (slot != Index::no_slot && !model.empty()) {
                const auto found = model.lower_bound(block);
                const auto& [at, from] = found == model.end() ? *model.begin() : *found;
                const PageKey key{slot, at / 64};
                if (fixture.index.owes(key)) {
                    fixture.load(key);
                }
                const Place to = fixture.next++;
                CHECK(fixture.index.move(extent, at, from, to));
                CHECK_FALSE(fixture.index.move(extent, at, from, to));
                model[at] = to;
            }
        }
        fixture.erase_all();
        fixture.write_all();
        CHECK(fixture.segments.live_blocks() == model.size());
        CHECK(fixture.imaged() == model.size());
        const uint32_t slot = fixture.index.slot_of(extent);
        uint32_t wrong = 0;
        for (uint32_t block = 0; slot != Index::no_slot && block < 600 * 64; ++block) {
            const PageKey key{slot, block / 64};
            if (fixture.index.owes(key) && !fixture.index.erased(key)) {
                fixture.load(key);
            }
            const auto expected = model.find(block);
            wrong +=
                fixture.place_of(extent, block) != (expected == model.end() ? 0 : expected->second)
                    ? 1
                    : 0;
        }
        CHECK(wrong == 0);
        fixture.index.erase_volume(extent.volume);
        fixture.erase_all();
        CHECK(fixture.segments.live_blocks() == 0);
        CHECK(fixture.imaged() == 0);
        CHECK(fixture.index.page_count() == 0);
    }
}

TEST_CASE("a ceiling bounds the frames as long as pages are written") {
    Fixture fixture(4 << 20);
    for (uint32_t page = 0; page < 16'000; ++page) {
        if (!fixture.index.has_room(1)) {
            fixture.write_all();
        }
        fixture.set(extent, page * 64);
    }
    CHECK(fixture.index.bytes() <= (4 << 20) + (1 << 18));
}

TEST_CASE("packed versions keep their order and know what fits") {
    using base::Epoch;
    using store::PackedVersion;
    CHECK(PackedVersion::pack({Epoch{1}, 5}) < PackedVersion::pack({Epoch{1}, 6}));
    CHECK(PackedVersion::pack({Epoch{1}, 1ull << 35}) < PackedVersion::pack({Epoch{2}, 0}));
    CHECK(PackedVersion::fits({Epoch{(1u << 20) - 1}, (1ull << 36) - 1}));
    CHECK_FALSE(PackedVersion::fits({Epoch{1u << 20}, 0}));
    CHECK_FALSE(PackedVersion::fits({Epoch{0}, 1ull << 36}));
}
