#include "store/batch_format.h"

#include <cstring>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "store/batch_reader.h"
#include "store/batch_writer.h"
#include "store/pages.h"

namespace {

using base::Epoch;
using store::BatchEntry;
using store::BatchHeader;
using store::BatchReader;
using store::BatchWriter;
using store::block_bytes;
using store::EntryKind;

// A batch as it lies on the device: two blocks written, a range deallocated, a volume deleted.
struct Sample {
    Sample() {
        for (uint32_t block = 0; block < 2; ++block) {
            std::memset(data(block), static_cast<int>(block + 1), block_bytes);
            crcs[block] = base::crc32c(data(block), block_bytes);
        }
        write.extent = {base::VolumeId{0x11}, 2, base::PgId{3}};
        write.first_block = 4;
        write.block_count = 2;
        write.data = data(0);
        write.block_crcs = crcs;
        write.version = {Epoch{5}, 6};
        write.generation = base::Generation{7};
        trim.extent = write.extent;
        trim.first_block = 0;
        trim.block_count = 1u << 18;
        trim.version = {Epoch{5}, 7};
        deletion.volume = base::VolumeId{0x22};
        for (uint8_t each = 0; each < 16; ++each) {
            stamp.store_id[each] = each;
        }
        stamp.log_sequence = 9;
        stamp.incarnation = 2;
        stamp.segment_sequence = 4;
        stamp.durable_through = 8;
        stamp.segment_block = 10;
        stamp.flags = store::batch_clean;
        stamp.last_version = {Epoch{5}, 7};
        writer.begin();
        writer.add(write);
        writer.add(trim);
        writer.add(deletion);
        writer.finish(stamp);
    }
    [[nodiscard]] uint8_t* bytes() const { return pages.get(); }
    [[nodiscard]] uint8_t* data(uint32_t block) const {
        return pages.get() + size_t{1 + block} * block_bytes;
    }
    [[nodiscard]] std::string problem() const {
        const BatchReader reader(bytes());
        const char* broken = reader.invalid_sizes();
        broken = broken == nullptr ? reader.invalid() : broken;
        return broken == nullptr ? "taken" : broken;
    }
    // After a change of the header or an entry, with the checksum made right again.
    void seal() const {
        BatchHeader header;
        std::memcpy(&header, bytes(), sizeof header);
        header.crc = store::checksum_of(bytes(), block_bytes);
        std::memcpy(bytes(), &header, sizeof header);
    }
    template <typename Change>
    [[nodiscard]] std::string with_header(Change change) const {
        BatchHeader header;
        std::memcpy(&header, bytes(), sizeof header);
        change(header);
        std::memcpy(bytes(), &header, sizeof header);
        seal();
        return problem();
    }
    template <typename Change>
    [[nodiscard]] std::string with_entry(uint32_t index, Change change) const {
        uint8_t* at = bytes() + sizeof(BatchHeader) + index * sizeof(BatchEntry);
        BatchEntry entry;
        std::memcpy(&entry, at, sizeof entry);
        change(entry);
        std::memcpy(at, &entry, sizeof entry);
        seal();
        return problem();
    }

    store::Pages pages = store::make_pages(8);
    uint32_t crcs[2] = {};
    store::WriteOp write;
    store::WriteOp trim;
    store::Store::DeleteOp deletion;
    store::BatchStamp stamp;
    BatchWriter writer{pages.get()};
};

}  // namespace

TEST_CASE("a batch reads back as it was written") {
    const Sample sample;
    CHECK(sample.problem() == "taken");
    const BatchReader reader(sample.bytes());
    CHECK(reader.data_whole());
    CHECK(reader.blocks() == 3);
    CHECK(reader.header().log_sequence == 9);
    CHECK(reader.header().segment_block == 10);
    CHECK(reader.header().last_counter == 7);
    const BatchEntry write = reader.entry(0);
    CHECK(write.kind == static_cast<uint32_t>(EntryKind::blocks));
    CHECK(write.volume == 0x11);
    CHECK(write.block_count == 2);
    CHECK(write.generation == 7);
    CHECK(reader.block_crc(1) == sample.crcs[1]);
    CHECK(reader.entry(1).kind == static_cast<uint32_t>(EntryKind::deallocate));
    CHECK(reader.entry(2).kind == static_cast<uint32_t>(EntryKind::delete_volume));
    CHECK(reader.entry(2).volume == 0x22);
}

TEST_CASE("a batch header's bytes are the golden ones") {
    const Sample sample;
    const uint8_t golden[92] = {
        'A', 'S', 'H', 'L', 'b', 't', 'c', 'h', 0,  0, 0, 0, 4, 0, 0, 0, 0, 1, 2,  3, 4, 5, 6,
        7,   8,   9,   10,  11,  12,  13,  14,  15, 9, 0, 0, 0, 0, 0, 0, 0, 2, 0,  0, 0, 0, 0,
        0,   0,   4,   0,   0,   0,   0,   0,   0,  0, 8, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 1,
        0,   0,   0,   2,   0,   0,   0,   3,   0,  0, 0, 7, 0, 0, 0, 0, 0, 0, 0,  5, 0, 0, 0,
    };
    const uint8_t golden_entry[48] = {
        0x11, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0,
        5,    0, 0, 0, 7, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    };
    CHECK(std::memcmp(sample.bytes(), golden, 8) == 0);
    CHECK(std::memcmp(sample.bytes() + 12, golden + 12, sizeof golden - 12) == 0);
    CHECK(std::memcmp(sample.bytes() + 128, golden_entry, sizeof golden_entry) == 0);
    uint32_t crc = 0;
    std::memcpy(&crc, sample.bytes() + 8, sizeof crc);
    CHECK(crc == 0x5fc2b7ab);
}

TEST_CASE("a flipped bit anywhere in a batch's header block is found") {
    const Sample sample;
    for (uint32_t bit = 0; bit < block_bytes * 8; ++bit) {
        sample.bytes()[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        const bool found = sample.problem() != "taken";
        sample.bytes()[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        REQUIRE(found);
    }
}

TEST_CASE("a batch torn at any sector is found") {
    for (uint32_t sector = 0; sector < 3 * 8; ++sector) {
        const Sample sample;
        std::memset(sample.bytes() + sector * 512, 0xee, 512);
        const BatchReader reader(sample.bytes());
        const bool whole = sample.problem() == "taken" && reader.data_whole();
        CHECK_FALSE(whole);
    }
}

TEST_CASE("a truncated header is found") {
    for (uint32_t bytes = 0; bytes < 128 + 2 * 48 + 8; ++bytes) {
        const Sample sample;
        std::memset(sample.bytes() + bytes, 0, block_bytes - bytes);
        CHECK(sample.problem() != "taken");
    }
}

TEST_CASE("a batch header that breaks a rule is refused with the rule") {
    CHECK(Sample().with_header([](BatchHeader&) {}) == "taken");
    CHECK(Sample().with_header([](BatchHeader& h) { h.magic = 1; }) == "the magic is another's");
    CHECK(Sample().with_header([](BatchHeader& h) { h.entry_count = 257; }) ==
          "the batch is too large");
    CHECK(Sample().with_header([](BatchHeader& h) { h.data_blocks = 0xffffffff; }) ==
          "the batch is too large");
    CHECK(Sample().with_header([](BatchHeader& h) { h.header_blocks = 2; }) ==
          "the header's length does not fit its entries");
    CHECK(Sample().with_header([](BatchHeader& h) { h.flags = 16; }) == "a flag is not known");
    CHECK(Sample().with_header([](BatchHeader& h) { h.next_segment = 3; }) ==
          "the log goes on elsewhere, and the segment is not closed");
    CHECK(Sample().with_header([](BatchHeader& h) { h.durable_through = 9; }) ==
          "the batch was durable before it was written");
    CHECK(Sample().with_header([](BatchHeader& h) { h.reserved[0] = 1; }) ==
          "the reserved bytes are not zero");
    CHECK(Sample().with_header([](BatchHeader& h) { h.data_blocks = 3; }) ==
          "the entries name fewer blocks than there are");
    CHECK(Sample().with_header([](BatchHeader& h) { h.data_blocks = 1; }) ==
          "the entries name more blocks than there are");
    const Sample padded;
    padded.bytes()[block_bytes - 1] = 1;
    padded.seal();
    CHECK(padded.problem() == "the padding is not zero");
}

TEST_CASE("an entry that breaks a rule is refused with the rule") {
    CHECK(Sample().with_entry(0, [](BatchEntry& e) { e.kind = 4; }) ==
          "an entry's kind is not known");
    CHECK(Sample().with_entry(0, [](BatchEntry& e) { e.first_block = 1u << 20; }) ==
          "an entry's range is out of an extent");
    CHECK(Sample().with_entry(1, [](BatchEntry& e) { e.block_count = 0; }) ==
          "an entry's range is out of an extent");
    CHECK(Sample().with_entry(1, [](BatchEntry& e) { e.block_count = 0xffffffff; }) ==
          "an entry's range is out of an extent");
    CHECK(Sample().with_entry(0, [](BatchEntry& e) { e.epoch = 1u << 20; }) ==
          "an entry's version is out of range");
    CHECK(Sample().with_entry(0, [](BatchEntry& e) { e.counter = uint64_t{1} << 44; }) ==
          "an entry's version is out of range");
    CHECK(Sample().with_entry(0, [](BatchEntry& e) { e.reserved = 1; }) ==
          "an entry's reserved bytes are not zero");
    CHECK(Sample().with_entry(2, [](BatchEntry& e) { e.counter = 1; }) ==
          "a deletion names more than a volume");
}

TEST_CASE("a batch takes as many entries and blocks as the format allows") {
    const store::Pages pages = store::make_pages(store::batch_header_blocks_max);
    BatchWriter writer(pages.get());
    writer.begin();
    std::vector<uint32_t> crcs(store::batch_data_blocks_max);
    store::WriteOp op;
    op.block_count = 1;
    op.data = pages.get();
    op.block_crcs = crcs.data();
    uint32_t added = 0;
    while (writer.blocks_with(1) != 0) {
        writer.add(op);
        ++added;
    }
    CHECK(added == store::batch_entries_max);
    CHECK(writer.header_blocks() == store::batch_header_blocks_max);
    store::BatchStamp stamp;
    stamp.log_sequence = 1;
    writer.finish(stamp);
    const BatchReader reader(pages.get());
    CHECK(reader.invalid_sizes() == nullptr);
    CHECK(reader.invalid() == nullptr);
    writer.begin();
    CHECK(writer.blocks_with(store::batch_data_blocks_max) == 1 + store::batch_data_blocks_max);
    CHECK(writer.blocks_with(store::batch_data_blocks_max + 1) == 0);
}
