// What damage of checkpoints, of the index's pages and behind a checkpoint a store outlives.
#include <vector>

#include "structures.h"

namespace {

using base::Errc;
using test::CheckpointPlaces;
using test::SimStore;

constexpr base::ExtentId extent{base::VolumeId{1}, 0, base::PgId{1}};
constexpr uint32_t blocks = 300;

// A store with some segments of data behind a checkpoint, closed.
struct Bench {
    Bench() {
        sim.options.observer = &told;
        sim.make();
        for (uint32_t at = 0; at < blocks; ++at) {
            CHECK(sim.write(extent, at, 1, 1 + at).ok(), "there is room");
        }
        sim.close();
    }
    uint32_t wrong() {
        uint32_t count = 0;
        for (uint32_t at = 0; at < blocks; ++at) {
            count += sim.read(extent, at) != 1 + at ? 1 : 0;
        }
        return count;
    }
    void damage(uint64_t offset) { sim.device->flip(offset + 100); }
    void make_unreadable(uint64_t offset) { sim.device->unreadable.insert(offset / test::block); }
    void scrub() {
        CHECK(sim.store->start_scrub(0).ok(), "none is running");
        while (sim.store->stats().scrub.running && sim.executor.step()) {
        }
    }

    test::Told told;
    SimStore sim{48, false};
};

}  // namespace

TEST_CASE("one damaged or unreadable copy of a checkpoint's root or body is no loss") {
    for (const bool of_root : {true, false}) {
        for (uint32_t copy = 0; copy < 2; ++copy) {
            for (const bool unreadable : {false, true}) {
                Bench bench;
                const CheckpointPlaces places(*bench.sim.device);
                const uint64_t at = of_root ? places.roots[copy] : places.chunks[copy];
                unreadable ? bench.make_unreadable(at) : bench.damage(at);
                REQUIRE(bench.sim.open().ok());
                CHECK(bench.sim.progress.batches_replayed == 0);
                CHECK(bench.wrong() == 0);
            }
        }
    }
}

TEST_CASE("both copies of a checkpoint's root or body damaged are refused with a sentence") {
    for (const bool of_root : {true, false}) {
        Bench bench;
        const CheckpointPlaces places(*bench.sim.device);
        for (uint32_t copy = 0; copy < 2; ++copy) {
            bench.damage(of_root ? places.roots[copy] : places.chunks[copy]);
        }
        CHECK(bench.sim.open().code() == Errc::corrupt);
        CHECK(bench.sim.problem == (of_root ? "Both copies of the checkpoint's root are damaged."
                                            : "Both copies of the checkpoint's body are damaged."));
        CHECK(bench.sim.store == nullptr);
    }
}

TEST_CASE("a checkpoint that the device cannot read is the device's failure, not damage") {
    for (const bool of_root : {true, false}) {
        for (const bool other_damaged : {false, true}) {
            Bench bench;
            const CheckpointPlaces places(*bench.sim.device);
            const uint64_t* copies = of_root ? places.roots : places.chunks;
            bench.make_unreadable(copies[0]);
            other_damaged ? bench.damage(copies[1]) : bench.make_unreadable(copies[1]);
            CHECK(bench.sim.open().code() == Errc::device_failed);
            CHECK(bench.sim.problem == (of_root
                                            ? "The device failed to read the checkpoint's root."
                                            : "The device failed to read the checkpoint's body."));
            bench.sim.device->unreadable.clear();
            CHECK(bench.sim.open().ok());
            CHECK(bench.wrong() == 0);
        }
    }
}

TEST_CASE("an older checkpoint's root where the last one should be is not taken for it") {
    Bench bench;
    const CheckpointPlaces older(*bench.sim.device);
    std::vector<uint8_t> root(store::checkpoint_root_bytes);
    for (uint32_t at = 0; at < root.size(); ++at) {
        root[at] = bench.sim.device->peek(older.roots[0] + at);
    }
    CHECK(bench.sim.open().ok());
    CHECK(bench.sim.write(extent, 0, 1, 7).ok());
    bench.sim.close();
    const CheckpointPlaces last(*bench.sim.device);
    REQUIRE(last.root.number > older.root.number);
    const auto bytes = static_cast<uint32_t>(root.size());
    bench.sim.device->overwrite(last.roots[0], root.data(), bytes);
    CHECK(bench.sim.open().ok());
    CHECK(bench.sim.read(extent, 0) == 7);
    bench.sim.crash();
    bench.sim.device->overwrite(last.roots[1], root.data(), bytes);
    CHECK(bench.sim.open().code() == Errc::corrupt);
}

TEST_CASE("a damaged page of the index loses exactly its blocks, and a rewrite clears each") {
    Bench bench;
    REQUIRE(test::damage_page(*bench.sim.device, extent, 1) > 0);
    REQUIRE(bench.sim.open().ok());
    for (int turn = 0; turn < 2; ++turn) {  // Before the page has a new image, and behind it.
        for (uint32_t at = 0; at < blocks; ++at) {
            const bool lost = at >= 64 && at < 128 && (turn == 0 || at != 70);
            const uint64_t mark = at == 70 ? 7 : 1 + at;
            CHECK(bench.sim.read(extent, at) == (lost ? ~uint64_t{0} : mark));
            CHECK(bench.sim.status.code() == (lost ? Errc::checksum_wrong : Errc::ok));
        }
        CHECK_FALSE(bench.sim.store->stats().failed);
        CHECK(bench.sim.write(extent, 70, 1, 7).ok());
        CHECK(bench.sim.read(extent, 70) == 7);
        CHECK(bench.sim.read(extent, 71) == ~uint64_t{0});
        bench.sim.reopen();
    }
    CHECK(bench.sim.write(extent, 64, 64, 9).ok());
    bench.sim.reopen();
    CHECK(bench.sim.read(extent, 64) == 9);
    CHECK(bench.sim.read(extent, 127) == 9);
    bench.scrub();
    CHECK(bench.sim.store->stats().scrub.blocks_damaged == 0);
}

TEST_CASE("scrub reports the blocks of a damaged page of the index, and no others") {
    Bench bench;
    REQUIRE(test::damage_page(*bench.sim.device, extent, 2) > 0);
    REQUIRE(bench.sim.open().ok());
    bench.scrub();
    CHECK(bench.told.times.size() == 64);
    CHECK(bench.told.times.contains({extent, 128}));
    CHECK(bench.told.times.contains({extent, 191}));
    CHECK(bench.sim.store->stats().scrub.blocks_damaged == 64);
    CHECK(bench.sim.store->stats().scrub.passes == 1);
}

TEST_CASE(
    "a damaged page of the index is lost as well when its blocks are deallocated or deleted") {
    Bench bench;
    REQUIRE(test::damage_page(*bench.sim.device, extent, 1) > 0);
    REQUIRE(bench.sim.open().ok());
    CHECK(bench.sim.deallocate(extent, 64, 64).ok());
    CHECK(bench.sim.read(extent, 70) == 0);
    CHECK(bench.sim.read(extent, 63) == 64);
    CHECK(bench.sim.remove(extent.volume).ok());
    bench.sim.executor.run();
    CHECK(bench.sim.store->stats().erasing_bytes == 0);
    bench.sim.reopen();
    CHECK(bench.sim.read(extent, 70) == 0);
    CHECK(bench.sim.read(extent, 0) == 0);
}

TEST_CASE("a damaged header of a segment that the checkpoint refers to does no harm") {
    std::vector<uint32_t> segments;
    {
        Bench bench;
        const CheckpointPlaces places(*bench.sim.device);
        for (uint32_t segment = 0; segment < 48; ++segment) {
            const auto header = test::structure_at<store::SegmentHeader>(*bench.sim.device,
                                                                         test::segment_at(segment));
            const bool used = header.kind != static_cast<uint32_t>(store::SegmentKind::free);
            if (used && segment != places.root.segment) {
                segments.push_back(segment);
            }
        }
    }
    REQUIRE(segments.size() >= 4);  // Of log, and the index's.
    for (const uint32_t segment : segments) {
        Bench bench;
        bench.sim.device->flip(test::segment_at(segment) + 20);
        REQUIRE(bench.sim.open().ok());
        CHECK(bench.wrong() == 0);
        // Nor later, when everything about it is written and moved.
        for (uint32_t turn = 0; turn < 2000; ++turn) {
            REQUIRE(bench.sim.write(extent, 1000 + turn % 64, 1, turn).ok());
        }
        bench.sim.reopen();
        CHECK(bench.wrong() == 0);
    }
}

TEST_CASE("a damaged header of the segment where the log goes on is refused") {
    Bench bench;
    const CheckpointPlaces places(*bench.sim.device);
    REQUIRE(places.root.segment < 48);
    bench.sim.device->flip(test::segment_at(places.root.segment) + 20);
    CHECK(bench.sim.open().code() == Errc::corrupt);
    CHECK(bench.sim.problem == "The header of segment " + std::to_string(places.root.segment) +
                                   " is damaged: the checksum is wrong.");
}

TEST_CASE("a read over a damaged page of the index names a block of that page") {
    Bench bench;
    REQUIRE(test::damage_page(*bench.sim.device, extent, 1) > 0);
    REQUIRE(bench.sim.open().ok());
    const store::Pages pages = store::make_pages(16);
    uint32_t failed = 0;
    CHECK(bench.sim.calls().read(*bench.sim.store, extent, 56, 16, pages.get(), &failed).code() ==
          Errc::checksum_wrong);
    CHECK(failed == 64);
}
