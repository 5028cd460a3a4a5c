#include "initiator/written_blocks.h"

#include <vector>

#include "initiator/json_writer.h"

namespace {

using initiator::WrittenBlocks;
constexpr uint64_t first = 100;
constexpr uint64_t seed = 3;

struct Disk {
    explicit Disk(uint32_t blocks) : bytes(size_t{blocks} * initiator::pattern_block_bytes) {}
    uint8_t* at(uint64_t block) {
        return bytes.data() + (block - first) * initiator::pattern_block_bytes;
    }
    std::vector<uint8_t> bytes;
};

}  // namespace

TEST_CASE("what was written and acknowledged must be found") {
    WrittenBlocks written(seed, first, 8);
    Disk disk(8);
    written.prepare_write(102, 2, disk.at(102));
    written.acknowledge(102, 2);
    CHECK(written.check(100, 8, disk.at(100)));
    CHECK(written.checked() == 2);
    CHECK(written.wrong() == 0);
}

TEST_CASE("an acknowledged write that is missing is a loss, and the report names it") {
    WrittenBlocks written(seed, first, 8);
    Disk disk(8);
    written.prepare_write(101, 1, disk.at(101));
    written.acknowledge(101, 1);
    Disk newer(8);
    written.prepare_write(101, 1, newer.at(101));
    written.acknowledge(101, 1);
    CHECK_FALSE(written.check(101, 1, disk.at(101)));
    CHECK(written.wrong() == 1);
    initiator::JsonWriter json;
    json.begin_object();
    written.write(json);
    json.end_object();
    CHECK(json.str() == R"({"verify":{"checkedBlocks":1,"wrongBlocks":1,"wrong":[{"block":101,)"
                        R"("acknowledgedGeneration":2,"issuedGeneration":2,"found":"pattern",)"
                        R"("foundGeneration":1}]}})");
}

TEST_CASE("a block that reads as zeroes after an acknowledged write is a loss") {
    WrittenBlocks written(seed, first, 1);
    Disk disk(1);
    written.prepare_write(first, 1, disk.at(first));
    written.acknowledge(first, 1);
    const Disk empty(1);
    CHECK_FALSE(written.check(first, 1, empty.bytes.data()));
}

TEST_CASE("a write without an answer may be there or not, but not half") {
    WrittenBlocks written(seed, first, 1);
    Disk before(1);
    written.prepare_write(first, 1, before.at(first));
    written.acknowledge(first, 1);
    Disk after(1);
    written.prepare_write(first, 1, after.at(first));
    CHECK(written.check(first, 1, before.at(first)));
    CHECK(written.check(first, 1, after.at(first)));
    after.bytes[3000] ^= 1;
    CHECK_FALSE(written.check(first, 1, after.at(first)));
}

TEST_CASE("once seen, a write without an answer must stay") {
    WrittenBlocks written(seed, first, 1);
    Disk before(1);
    Disk after(1);
    written.prepare_write(first, 1, before.at(first));
    written.prepare_write(first, 1, after.at(first));
    CHECK(written.check(first, 1, after.at(first)));
    CHECK_FALSE(written.check(first, 1, before.at(first)));
}

TEST_CASE("a first write without an answer leaves what was there before, if not itself") {
    WrittenBlocks written(seed, first, 1);
    Disk disk(1);
    Disk scratch(1);
    written.prepare_write(first, 1, scratch.at(first));
    CHECK(written.check(first, 1, disk.at(first)));
    CHECK(written.check(first, 1, scratch.at(first)));
    CHECK_FALSE(written.check(first, 1, disk.at(first)));
}

TEST_CASE("a first write without an answer leaves what an earlier run wrote, however often read") {
    WrittenBlocks earlier(seed + 1, first, 1);
    Disk disk(1);
    for (int i = 0; i < 3; ++i) {
        earlier.prepare_write(first, 1, disk.at(first));
    }
    WrittenBlocks written(seed, first, 1);
    Disk scratch(1);
    written.prepare_write(first, 1, scratch.at(first));
    CHECK(written.check(first, 1, disk.at(first)));
    CHECK(written.check(first, 1, disk.at(first)));
}

TEST_CASE("a claimed block is busy until it is released") {
    WrittenBlocks written(seed, first, 8);
    CHECK_FALSE(written.busy(100, 8));
    written.claim(103, 2);
    CHECK(written.busy(100, 4));
    CHECK(written.busy(104, 1));
    CHECK_FALSE(written.busy(105, 3));
    written.release(103, 2);
    CHECK_FALSE(written.busy(100, 8));
}
