#include "store/index_page_format.h"

#include <cstring>
#include <string>

namespace {

using store::IndexPage;
using store::page_bytes;
using store::page_entries;
using store::page_version_bytes;

// A page of which the first block and the last are held.
IndexPage sample() {
    IndexPage page{};
    page.magic = store::index_page_magic;
    page.volume = 0x1122;
    page.extent_index = 3;
    page.pg = 4;
    page.page = 5;
    page.places[0] = 0x201;
    page.crcs[0] = 0xcccccccc;
    page.versions[0] = 6;
    page.places[page_entries - 1] = 0x302;
    page.crcs[page_entries - 1] = 0xdddddddd;
    page.versions[sizeof page.versions - 1] = 7;
    return page;
}

uint8_t* bytes_of(IndexPage& page) {
    return reinterpret_cast<uint8_t*>(&page);
}

}  // namespace

TEST_CASE("an index page's bytes are the golden ones") {
    const uint8_t golden[28] = {
        'A', 'S', 'H', 'L', 'p', 'a', 'g', 'e', 0x22, 0x11, 0, 0, 0, 0,
        0,   0,   3,   0,   0,   0,   4,   0,   0,    0,    5, 0, 0, 0,
    };
    const uint8_t first_place[4] = {0x01, 0x02, 0, 0};
    const uint8_t last_place[4] = {0x02, 0x03, 0, 0};
    const uint8_t first_crc[4] = {0xcc, 0xcc, 0xcc, 0xcc};
    const uint8_t last_crc[4] = {0xdd, 0xdd, 0xdd, 0xdd};
    IndexPage page = sample();
    const uint8_t* bytes = bytes_of(page);
    CHECK(std::memcmp(bytes, golden, sizeof golden) == 0);
    CHECK(store::all_zero(bytes + sizeof golden, 64 - sizeof golden));
    CHECK(std::memcmp(bytes + 64, first_place, 4) == 0);
    CHECK(store::all_zero(bytes + 68, 62 * 4));
    CHECK(std::memcmp(bytes + 316, last_place, 4) == 0);
    CHECK(std::memcmp(bytes + 320, first_crc, 4) == 0);
    CHECK(std::memcmp(bytes + 572, last_crc, 4) == 0);
    CHECK(bytes[576] == 6);
    CHECK(store::all_zero(bytes + 577, page_bytes - 578));
    CHECK(bytes[page_bytes - 1] == 7);
    CHECK(store::crc_of(page) == 0x87cf00b5);
    CHECK(store::invalid(page) == nullptr);
}

TEST_CASE("a version's seven bytes are enough for each entry, and fill the page") {
    CHECK(offsetof(IndexPage, versions) + page_entries * page_version_bytes == page_bytes);
    CHECK(store::pages_per_block * page_bytes == store::block_bytes);
}

TEST_CASE("a flipped bit anywhere in an index page is not what its reference names") {
    IndexPage page = sample();
    const uint32_t expected = store::crc_of(page);
    for (uint32_t bit = 0; bit < page_bytes * 8; ++bit) {
        bytes_of(page)[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        REQUIRE(store::crc_of(page) != expected);
        bytes_of(page)[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    }
    CHECK(store::crc_of(page) == expected);
}

TEST_CASE("a truncated index page is not what its reference names") {
    const uint32_t expected = [] {
        const IndexPage page = sample();
        return store::crc_of(page);
    }();
    for (uint32_t bytes = 0; bytes < page_bytes; ++bytes) {
        IndexPage page = sample();
        std::memset(bytes_of(page) + bytes, 0, page_bytes - bytes);
        REQUIRE(store::crc_of(page) != expected);
    }
}

TEST_CASE("an index page that breaks a rule is refused with the rule") {
    const auto refused = [](auto change) {
        IndexPage page = sample();
        change(page);
        const char* broken = store::invalid(page);
        return std::string(broken == nullptr ? "taken" : broken);
    };
    CHECK(refused([](IndexPage&) {}) == "taken");
    CHECK(refused([](IndexPage& p) { p.magic = store::segment_magic; }) ==
          "the magic is another's");
    CHECK(refused([](IndexPage& p) { p.reserved[0] = 1; }) == "the reserved bytes are not zero");
    CHECK(refused([](IndexPage& p) { p.reserved[35] = 1; }) == "the reserved bytes are not zero");
}
