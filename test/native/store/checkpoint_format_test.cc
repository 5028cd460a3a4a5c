#include "store/checkpoint_format.h"

#include <cstring>
#include <string>

#include "store/pages.h"

namespace {

using store::block_bytes;
using store::checkpoint_root_bytes;
using store::CheckpointChunk;
using store::CheckpointRoot;
using store::ExtentRecord;
using store::PageRecord;

// A root with one chunk, as it lies on the device.
struct Sample {
    Sample() {
        std::memset(bytes(), 0, checkpoint_root_bytes);
        root.magic = store::checkpoint_magic;
        root.chunk_count = 1;
        for (uint8_t each = 0; each < 16; ++each) {
            root.store_id[each] = static_cast<uint8_t>(0xe0 + each);
        }
        root.number = 0x102;
        root.next_log_sequence = 0x304;
        root.incarnation = 5;
        root.segment_sequence = 6;
        root.segment = 7;
        root.block = 8;
        root.last_counter = 9;
        root.last_epoch = 10;
        root.segment_count = 24;
        root.flags = store::checkpoint_clean;
        root.durable_through = 0x405;
        CheckpointChunk chunk{};
        chunk.places[0] = 0x201;
        chunk.places[1] = 0x302;
        chunk.bytes = 96;
        chunk.crc = 0xaabbccdd;
        std::memcpy(bytes() + sizeof root, &chunk, sizeof chunk);
        seal();
    }
    [[nodiscard]] uint8_t* bytes() const { return pages.get(); }
    // After a change of anything, with the checksum made right again.
    void seal() {
        std::memcpy(bytes(), &root, sizeof root);
        root.crc = store::checksum_of(bytes(), checkpoint_root_bytes);
        std::memcpy(bytes(), &root, sizeof root);
    }
    [[nodiscard]] std::string problem() const {
        const char* broken = store::invalid_root(bytes());
        return broken == nullptr ? "taken" : broken;
    }

    store::Pages pages = store::make_pages(store::checkpoint_root_blocks);
    CheckpointRoot root{};
};

}  // namespace

TEST_CASE("a checkpoint root's bytes are the golden ones") {
    const Sample sample;
    const uint8_t golden[104] = {
        'A',  'S',  'H',  'L',  'c',  'k',  'p',  't',  0,    0,    0,    0,    1,    0,    0,
        0,    0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed,
        0xee, 0xef, 2,    1,    0,    0,    0,    0,    0,    0,    4,    3,    0,    0,    0,
        0,    0,    0,    5,    0,    0,    0,    0,    0,    0,    0,    6,    0,    0,    0,
        0,    0,    0,    0,    7,    0,    0,    0,    8,    0,    0,    0,    9,    0,    0,
        0,    0,    0,    0,    0,    10,   0,    0,    0,    24,   0,    0,    0,    1,    0,
        0,    0,    0,    0,    0,    0,    5,    4,    0,    0,    0,    0,    0,    0,
    };
    const uint8_t golden_chunk[16] = {
        0x01,
        0x02,
        0,
        0,
        0x02,
        0x03,
        0,
        0,
        96,
        0,
        0,
        0,
        0xdd,
        0xcc,
        0xbb,
        0xaa,
    };
    CHECK(std::memcmp(sample.bytes(), golden, 8) == 0);
    CHECK(std::memcmp(sample.bytes() + 12, golden + 12, sizeof golden - 12) == 0);
    CHECK(store::all_zero(sample.bytes() + sizeof golden, 128 - sizeof golden));
    CHECK(std::memcmp(sample.bytes() + 128, golden_chunk, sizeof golden_chunk) == 0);
    CHECK(store::all_zero(sample.bytes() + 144, checkpoint_root_bytes - 144));
    CHECK(uint32_t{sample.root.crc} == 0xd284ff91);
    CHECK(sample.problem() == "taken");
}

TEST_CASE("an extent's and a page's records are the golden bytes") {
    ExtentRecord extent{};
    extent.volume = 0x1122;
    extent.extent_index = 3;
    extent.pg = 4;
    extent.page_count = 5;
    extent.flags = store::extent_deleted;
    const uint8_t golden_extent[24] = {
        0x22, 0x11, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0,
    };
    CHECK(std::memcmp(&extent, golden_extent, sizeof golden_extent) == 0);
    PageRecord page{};
    page.page = 0x1234u | 2u << store::page_quarter_shift | store::page_erased;
    page.place = 0x201;
    page.crc = 0xaabbccdd;
    const uint8_t golden_page[12] = {0x34, 0x12, 0x06, 0, 0x01, 0x02, 0, 0, 0xdd, 0xcc, 0xbb, 0xaa};
    CHECK(std::memcmp(&page, golden_page, sizeof golden_page) == 0);
}

TEST_CASE("a flipped bit anywhere in a checkpoint's root is found") {
    const Sample sample;
    for (uint32_t bit = 0; bit < checkpoint_root_bytes * 8; ++bit) {
        sample.bytes()[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        const bool found = sample.problem() != "taken";
        sample.bytes()[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        REQUIRE(found);
    }
}

TEST_CASE("a root torn at any sector, and a truncated one, is found") {
    for (uint32_t sector = 0; sector < checkpoint_root_bytes / 512; ++sector) {
        const Sample sample;
        std::memset(sample.bytes() + size_t{sector} * 512, 0xee, 512);
        CHECK(sample.problem() != "taken");
    }
    for (uint32_t bytes = 0; bytes < 144; ++bytes) {
        const Sample sample;
        std::memset(sample.bytes() + bytes, 0, checkpoint_root_bytes - bytes);
        CHECK(sample.problem() != "taken");
    }
}

TEST_CASE("a checkpoint's root that breaks a rule is refused with the rule") {
    const auto refused = [](auto change) {
        Sample sample;
        change(sample.root);
        sample.seal();
        return sample.problem();
    };
    using Root = CheckpointRoot;
    CHECK(refused([](Root&) {}) == "taken");
    CHECK(refused([](Root& r) { r.magic = 1; }) == "the magic is another's");
    CHECK(refused([](Root& r) { r.chunk_count = 0; }) == "the number of chunks is out of range");
    CHECK(refused([](Root& r) { r.chunk_count = store::checkpoint_chunks_max; }) == "taken");
    CHECK(refused([](Root& r) { r.chunk_count = store::checkpoint_chunks_max + 1; }) ==
          "the number of chunks is out of range");
    CHECK(refused([](Root& r) { r.next_log_sequence = 0; }) == "a sequence is 0");
    CHECK(refused([](Root& r) { r.segment_sequence = 0; }) == "a sequence is 0");
    CHECK(refused([](Root& r) { r.durable_through = 0x302; }) == "it covers what was not durable");
    CHECK(refused([](Root& r) { r.flags = 2; }) == "a flag is not known");
    CHECK(refused([](Root& r) { r.reserved_too[3] = 1; }) == "the reserved bytes are not zero");
    CHECK(refused([](Root& r) { r.reserved[0] = 1; }) == "the reserved bytes are not zero");
    CHECK(refused([](Root& r) { r.reserved[23] = 1; }) == "the reserved bytes are not zero");
}

TEST_CASE("the chunks a root can name end with the root") {
    CHECK(sizeof(CheckpointRoot) + store::checkpoint_chunks_max * sizeof(CheckpointChunk) ==
          checkpoint_root_bytes);
    CHECK(store::checkpoint_chunk_blocks_max * block_bytes == 1u << 20);
}
