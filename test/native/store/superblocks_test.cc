#include "store/superblocks.h"

#include <cstring>
#include <string>

#include "store/pages.h"

namespace {

using store::block_bytes;
using store::Holds;
using store::Superblock;

Superblock sample(uint64_t generation = 1) {
    Superblock super{};
    super.version = store::format_version;
    for (uint8_t each = 0; each < 16; ++each) {
        super.store_id[each] = each;
    }
    super.generation = generation;
    super.device_bytes = (uint64_t{2} << 20) + (uint64_t{16} << 20);
    super.segments_offset = uint64_t{2} << 20;
    super.segment_bytes = uint64_t{1} << 20;
    super.segment_count = 16;
    return super;
}

struct Copies {
    Copies() { write(sample(), sample()); }
    void write(const Superblock& one, const Superblock& other) {
        store::write_superblock(first(), one);
        store::write_superblock(second(), other);
    }
    [[nodiscard]] uint8_t* first() const { return pages.get(); }
    [[nodiscard]] uint8_t* second() const { return pages.get() + block_bytes; }
    [[nodiscard]] store::Superblocks read() const {
        return store::read_superblocks(first(), second());
    }
    store::Pages pages = store::make_pages(2);
};

}  // namespace

TEST_CASE("a superblock's bytes are the golden ones") {
    const Copies copies;
    const uint8_t golden[72] = {
        'A',
        'S',
        'H',
        'L',
        's',
        'u',
        'p',
        'r',
        0,
        0,
        0,
        0,
        2,
        0,
        0,
        0,  // CRC looked at
            // below.
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        14,
        15,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0x20,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0x20,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0x10,
        0,
        0,
        0,
        0,
        0,
        16,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    };
    CHECK(std::memcmp(copies.first(), golden, 8) == 0);
    CHECK(std::memcmp(copies.first() + 12, golden + 12, sizeof golden - 12) == 0);
    CHECK(store::all_zero(copies.first() + sizeof golden, block_bytes - sizeof golden));
    uint32_t crc = 0;
    std::memcpy(&crc, copies.first() + 8, sizeof crc);
    CHECK(crc == 0x379b4ced);
}

TEST_CASE("two good copies are a store and nothing is to be repaired") {
    const store::Superblocks found = Copies().read();
    CHECK(found.holds == Holds::store);
    CHECK(found.super.segment_count == 16);
    CHECK_FALSE(found.repair[0]);
    CHECK_FALSE(found.repair[1]);
}

TEST_CASE("the copy of the higher generation counts and the other is repaired") {
    Copies copies;
    copies.write(sample(3), sample(4));
    store::Superblocks found = copies.read();
    CHECK(found.super.generation == 4);
    CHECK(found.repair[0]);
    CHECK_FALSE(found.repair[1]);
    copies.write(sample(5), sample(4));
    found = copies.read();
    CHECK(found.super.generation == 5);
    CHECK(found.repair[1]);
}

TEST_CASE("a flipped bit anywhere in one copy leaves the other, in both is damage") {
    for (uint32_t bit = 0; bit < sizeof(Superblock) * 8; ++bit) {
        Copies copies;
        copies.first()[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        const store::Superblocks found = copies.read();
        CHECK(found.holds == Holds::store);
        CHECK(found.repair[0]);
        CHECK_FALSE(found.repair[1]);
        copies.second()[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        const Holds holds = copies.read().holds;
        const bool in_magic = bit < 64;
        CHECK(holds == (in_magic ? Holds::other : Holds::damaged));
    }
}

TEST_CASE("a truncated superblock is damage") {
    for (uint32_t bytes = 8; bytes < 72; ++bytes) {
        Copies copies;
        std::memset(copies.first() + bytes, 0, block_bytes - bytes);
        std::memset(copies.second(), 0, block_bytes);
        CHECK(copies.read().holds == (bytes >= 65 ? Holds::store : Holds::damaged));
    }
}

TEST_CASE("zeroes are nothing, anything else is another's") {
    Copies copies;
    std::memset(copies.first(), 0, size_t{2} * block_bytes);
    CHECK(copies.read().holds == Holds::nothing);
    copies.second()[block_bytes - 1] = 1;
    CHECK(copies.read().holds == Holds::other);
}

TEST_CASE("a superblock that breaks a rule is refused with the rule") {
    const auto refused = [](auto change) {
        Superblock super = sample();
        change(super);
        const Copies copies;
        store::write_superblock(copies.first(), super);
        store::write_superblock(copies.second(), super);
        const store::Superblocks found = copies.read();
        return found.holds == Holds::damaged ? std::string(found.problem) : "taken";
    };
    CHECK(refused([](Superblock&) {}) == "taken");
    CHECK(refused([](Superblock& s) { s.version = 3; }) == "the format's version is not known");
    CHECK(refused([](Superblock& s) { s.features = 1; }) == "a feature is not known");
    CHECK(refused([](Superblock& s) { s.segments_offset = 4096; }) ==
          "the segments begin elsewhere");
    CHECK(refused([](Superblock& s) { s.segment_bytes = 3 << 20; }) ==
          "the segments' size is out of range");
    CHECK(refused([](Superblock& s) { s.segment_bytes = 4096; }) ==
          "the segments' size is out of range");
    CHECK(refused([](Superblock& s) { s.segment_count = 15; }) == "there are too few segments");
    CHECK(refused([](Superblock& s) { s.segment_count = 17; }) ==
          "the segments do not fit the device");
    CHECK(refused([](Superblock& s) { s.device_bytes = 4096; }) ==
          "the segments do not fit the device");
    CHECK(refused([](Superblock& s) { s.reserved[423] = 1; }) == "the reserved bytes are not zero");
}
