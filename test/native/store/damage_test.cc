// What damage on its device a store finds, refuses or outlives.
#include <cstring>
#include <vector>

#include "sim_store.h"
#include "store/store.h"

namespace {

using base::Errc;
using test::SimStore;

constexpr base::ExtentId extent{base::VolumeId{1}, 0, base::PgId{1}};

}  // namespace

TEST_CASE("a damaged block is named and nothing else is lost; a rewrite clears it") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 10, 8, 0x5555).ok());
    // The device's only batch with data: segment header, seal, header, then the blocks.
    const uint64_t data_at = SimStore::segments_at + 3 * test::block;
    sim.device->flip(data_at + 2 * test::block + 77);
    sim.device->flip(data_at + 5 * test::block);
    const store::Pages pages = store::make_pages(8);
    uint32_t failed = 0;
    CHECK(sim.calls().read(*sim.store, extent, 10, 8, pages.get(), &failed).code() ==
          Errc::checksum_wrong);
    CHECK(failed == 12);
    CHECK(sim.store->stats().checksum_errors == 2);
    CHECK(sim.read(extent, 11) == 0x5555);
    CHECK(sim.write(extent, 12, 1, 0x66).ok());
    CHECK(sim.read(extent, 12) == 0x66);
}

TEST_CASE(
    "damage of a block that was durable is found by reading it, not taken for the log's end") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 0, 1, 1).ok());
    for (uint32_t at = 1; at < 200; ++at) {
        CHECK(sim.write(extent, at, 1, at).ok());
    }
    sim.device->flip(SimStore::segments_at + 3 * test::block);
    sim.reopen();
    CHECK(sim.read(extent, 0) == ~uint64_t{0});
    CHECK(sim.status.code() == Errc::checksum_wrong);
    CHECK(sim.read(extent, 1) == 1);
    CHECK(sim.read(extent, 199) == 199);
}

TEST_CASE("a block that rots in the log's tail is lost alone, and the store opens after a crash") {
    SimStore sim(128);
    sim.make();
    for (uint32_t at = 0; at < 200; ++at) {
        CHECK(sim.write(extent, at, 1, 1 + at).ok());
    }
    // Segment header, seal, then two blocks for each write: the header and the block itself.
    sim.device->flip(SimStore::segments_at + (2 + 2 * 40 + 1) * test::block + 77);
    sim.crash();
    CHECK(sim.open().ok());
    CHECK(sim.read(extent, 40) == ~uint64_t{0});
    CHECK(sim.status.code() == Errc::checksum_wrong);
    CHECK(sim.read(extent, 39) == 40);
    CHECK(sim.read(extent, 199) == 200);
    CHECK(sim.write(extent, 40, 1, 7).ok());
    sim.crash();
    CHECK(sim.open().ok());
    CHECK(sim.read(extent, 40) == 7);
}

// The log's end is behind the closed segment, not where the block rotted.
TEST_CASE("a block that rots in a segment that the log has just closed is lost alone") {
    SimStore sim(128);
    sim.make();
    constexpr uint32_t writes = (SimStore::segment_blocks - 3) / 2;  // They fill the first segment.
    for (uint32_t at = 0; at < writes; ++at) {
        CHECK(sim.write(extent, at, 1, 1 + at).ok());
    }
    constexpr uint64_t next_segment = SimStore::segments_at + SimStore::segment_bytes;
    std::vector<uint8_t> next(4 * test::block);
    for (uint32_t at = 0; at < next.size(); ++at) {
        next[at] = sim.device->peek(next_segment + at);
    }
    CHECK(sim.write(extent, 500, 1, 9).ok());
    sim.crash();
    // The first write into the next segment did not reach the device.
    sim.device->overwrite(next_segment, next.data(), static_cast<uint32_t>(next.size()));
    sim.device->flip(SimStore::segments_at + (2 + 2 * 40 + 1) * test::block + 77);
    REQUIRE(sim.open().ok());
    for (uint32_t at = 0; at < writes; ++at) {
        CHECK(sim.write(extent, 1000 + at, 1, 2000 + at).ok());
    }
    for (int turn = 0; turn < 2; ++turn) {
        for (uint32_t at = 0; at < writes; ++at) {
            CHECK(sim.read(extent, at) == (at == 40 ? ~uint64_t{0} : 1 + at));
            CHECK(sim.read(extent, 1000 + at) == 2000 + at);
        }
        sim.crash();
        REQUIRE(sim.open().ok());
    }
}

TEST_CASE("damage of a batch that was acknowledged is refused, in the last segment and before") {
    for (const uint32_t writes : {10u, 200u}) {
        SimStore sim(128);  // Large enough that there is no checkpoint meanwhile.
        sim.make();
        for (uint32_t at = 0; at < writes; ++at) {
            CHECK(sim.write(extent, at, 1, 1 + at).ok());
        }
        sim.crash();
        sim.device->flip(SimStore::segments_at + 2 * test::block + 40);
        CHECK(sim.open().code() == Errc::corrupt);
        CHECK(sim.problem ==
              "The log is damaged in segment 0 at block 2: what was acknowledged behind it cannot "
              "be found.");
        CHECK(sim.store == nullptr);
    }
}

TEST_CASE("damage of a segment's closing batch is refused, and what follows it is not given up") {
    SimStore sim;
    sim.make();
    uint32_t at = 0;
    while (sim.store->stats().used_bytes <= SimStore::segment_bytes) {
        CHECK(sim.write(extent, at, 1, 1 + at).ok());
        ++at;
    }
    CHECK(sim.write(extent, at, 1, 1 + at).ok());
    sim.crash();
    // Writes of one block take two, so the closing batch is the last block or the one before.
    const uint64_t end = SimStore::segments_at + SimStore::segment_bytes;
    sim.device->flip(end - test::block + 40);
    sim.device->flip(end - 2 * test::block + 40);
    CHECK(sim.open().code() == Errc::corrupt);
    CHECK(sim.problem.starts_with("The log is damaged in segment 0 at block 12"));
}

TEST_CASE("damage behind a clean end is refused: what was acknowledged since is not given up") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 0, 1, 1).ok());
    sim.reopen();
    CHECK(sim.write(extent, 1, 1, 2).ok());
    sim.crash();
    // Segment header, seal, write (two blocks), clean end, seal.
    sim.device->flip(SimStore::segments_at + 5 * test::block + 40);
    CHECK(sim.open().code() == Errc::corrupt);
    CHECK(sim.problem.starts_with("The log is damaged in segment 0 at block 5"));
}

TEST_CASE("a damaged segment header is refused") {
    SimStore sim;
    sim.make();
    sim.close();
    sim.device->flip(SimStore::segments_at + 3 * SimStore::segment_bytes + 20);
    CHECK(sim.open().code() == Errc::corrupt);
    CHECK(sim.problem == "The header of segment 3 is damaged: the checksum is wrong.");
}

TEST_CASE("a header of another segment, written to the wrong place, is refused") {
    SimStore sim;
    sim.make();
    sim.close();
    std::vector<uint8_t> header;
    for (uint32_t at = 0; at < 512; ++at) {
        header.push_back(
            sim.device->peek(SimStore::segments_at + 2 * SimStore::segment_bytes + at));
    }
    sim.device->overwrite(SimStore::segments_at + 5 * SimStore::segment_bytes, header.data(), 512);
    CHECK(sim.open().code() == Errc::corrupt);
    CHECK(sim.problem == "The header of segment 5 is damaged: it belongs to another segment.");
}

TEST_CASE("one damaged superblock is made good from the other, two are corrupt") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 0, 1, 9).ok());
    sim.close();
    sim.device->flip(100);
    CHECK(sim.open().ok());
    CHECK(sim.read(extent, 0) == 9);
    sim.close();
    sim.device->flip((uint64_t{1} << 20) + 100);
    CHECK(sim.open().ok());
    CHECK(sim.read(extent, 0) == 9);
    sim.close();
    sim.device->flip(100);
    sim.device->flip((uint64_t{1} << 20) + 100);
    CHECK(sim.open().code() == Errc::corrupt);
    CHECK(sim.problem == "Both superblocks are damaged: the checksum is wrong.");
}
