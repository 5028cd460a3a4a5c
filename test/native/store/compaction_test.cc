// What compaction moves, what it leaves, and that it loses nothing and makes room.
#include <map>
#include <vector>

#include "structures.h"

namespace {

using base::Errc;
using test::SimStore;

constexpr base::ExtentId extent{base::VolumeId{1}, 0, base::PgId{1}};
constexpr uint32_t run_blocks = 8;

// Sees each batch that compaction writes, as it is sent off, and can keep it under way for long.
class MoveWatch final : public test::SimFates {
  public:
    test::SimFate fate(const store::DeviceIo& io) override {
        test::SimFate fate;
        if (note(io)) {
            ++under_way;
            moving = &io;
            fate.slowness = slowness;
        }
        return fate;
    }
    void lies(const store::DeviceIo&, const test::SimFate&) override {}
    void landed(const store::DeviceIo& io, const test::SimFate&, base::Status) override {
        under_way -= &io == moving ? 1 : 0;
        moving = &io == moving ? nullptr : moving;
    }

    uint32_t slowness = 1;
    uint32_t under_way = 0;
    std::vector<uint32_t> last;          // Blocks of the last batch.
    std::map<uint32_t, uint32_t> times;  // How often each block was moved.

  private:
    bool note(const store::DeviceIo& io) {
        if (io.verb != store::DeviceVerb::write) {
            return false;
        }
        const auto* bytes = static_cast<const uint8_t*>(io.vector[0].iov_base);
        store::SegmentHeader segment;
        std::memcpy(&segment, bytes, sizeof segment);
        bytes += segment.magic == store::segment_magic ? test::block : 0;
        store::BatchHeader header;
        std::memcpy(&header, bytes, sizeof header);
        if (header.magic != store::batch_magic || (header.flags & store::batch_moved) == 0) {
            return false;
        }
        last.clear();
        for (uint32_t number = 0; number < header.entry_count; ++number) {
            store::BatchEntry entry;
            std::memcpy(&entry, bytes + sizeof header + number * sizeof entry, sizeof entry);
            for (uint32_t each = 0; each < entry.block_count; ++each) {
                last.push_back(entry.first_block + each);
                ++times[entry.first_block + each];
            }
        }
        return true;
    }

    const store::DeviceIo* moving = nullptr;
};

// A store in whose segments runs of cold blocks and runs of hot ones lie side by side.
struct Bench {
    explicit Bench(uint32_t segments = 24, uint32_t runs = 90)
        : cold_runs(runs), hot_runs(runs), sim(segments, false) {
        sim.options.observer = &told;
        sim.make();
        sim.device->fates = &watch;
        for (uint32_t run = 0; run < cold_runs; ++run) {
            write(2 * run);
            write(2 * run + 1);
        }
    }
    void write(uint32_t run) {
        const uint64_t mark = ++marks_given;
        CHECK(sim.write(extent, run * run_blocks, run_blocks, mark).ok(), "there is room");
        for (uint32_t each = 0; each < run_blocks; ++each) {
            marks[run * run_blocks + each] = mark;
        }
    }
    // Overwrites all that is hot.
    void heat() {
        for (uint32_t run = 0; run < hot_runs; ++run) {
            write(2 * run + 1);
        }
    }
    // Blocks that do not read as they were written, but for `damaged`.
    uint32_t wrong(uint32_t damaged = ~0u) {
        uint32_t count = 0;
        for (const auto& [at, mark] : marks) {
            count += at != damaged && sim.read(extent, at) != mark ? 1 : 0;
        }
        return count;
    }
    [[nodiscard]] bool moved(uint32_t at) const { return watch.times.contains(at); }
    // Heats until compaction is writing; the batch stays under way.
    void heat_until_moving() {
        watch.slowness = 1'000'000;
        for (uint32_t run = 0; watch.under_way == 0; ++run) {
            CHECK(run < 10'000, "compaction begins");
            write(2 * (run % hot_runs) + 1);
        }
        watch.slowness = 1;
    }
    void land() {
        while (watch.under_way > 0 && sim.executor.step()) {
        }
    }

    uint32_t cold_runs;
    uint32_t hot_runs;
    test::Told told;
    MoveWatch watch;
    std::map<uint32_t, uint64_t> marks;
    uint64_t marks_given = 0;
    SimStore sim;
};

}  // namespace

TEST_CASE("what is alive is copied out of half-empty segments and reads as before, also later") {
    Bench bench;
    for (uint32_t turn = 0; turn < 10; ++turn) {
        bench.heat();
    }
    CHECK(bench.watch.times.size() > bench.cold_runs * run_blocks / 2);
    CHECK(bench.wrong() == 0);
    CHECK(bench.told.times.empty());
    bench.sim.reopen();
    CHECK(bench.wrong() == 0);
    CHECK(bench.sim.store->stats().checksum_errors == 0);
}

TEST_CASE("a damaged block stays damaged when its segment is compacted, and is told") {
    Bench bench;
    const uint32_t damaged = 2 * run_blocks * 10 + 3;
    const uint64_t place = test::stored_blocks(*bench.sim.device, extent, damaged).back().data;
    const auto sequence = [&] {
        const uint64_t segment = test::segment_at(test::segment_of(place));
        const auto header = test::structure_at<store::SegmentHeader>(*bench.sim.device, segment);
        return uint64_t{header.sequence};
    };
    const uint64_t before = sequence();
    bench.sim.device->flip(place + 1000);
    for (uint32_t turn = 0; turn < 30 && !bench.moved(damaged); ++turn) {
        bench.heat();
    }
    REQUIRE(bench.moved(damaged));
    CHECK(bench.sim.read(extent, damaged) == ~uint64_t{0});
    CHECK(bench.sim.status.code() == Errc::checksum_wrong);
    CHECK(bench.told.times.size() == 1);
    CHECK(bench.told.times.at({extent, damaged}) == bench.watch.times[damaged]);
    CHECK(bench.wrong(damaged) == 0);
    CHECK_FALSE(bench.sim.store->stats().failed);

    // Its segment comes free and is used again; the damage is where it was moved to.
    for (uint32_t turn = 0; turn < 60 && sequence() == before; ++turn) {
        bench.heat();
    }
    CHECK(sequence() > before);
    bench.sim.reopen();
    CHECK(bench.sim.read(extent, damaged) == ~uint64_t{0});
    CHECK(bench.sim.status.code() == Errc::checksum_wrong);
    bench.write(damaged / run_blocks);
    CHECK(bench.wrong() == 0);
}

TEST_CASE("a block the device cannot read is given up alone, and its segment comes free") {
    Bench bench;
    const uint32_t damaged = 2 * run_blocks * 10 + 3;
    const uint64_t place = test::stored_blocks(*bench.sim.device, extent, damaged).back().data;
    bench.sim.device->unreadable.insert(place / test::block);
    for (uint32_t turn = 0; turn < 30 && !bench.moved(damaged); ++turn) {
        bench.heat();
    }
    REQUIRE(bench.moved(damaged));
    CHECK(bench.sim.read(extent, damaged) == ~uint64_t{0});
    CHECK(bench.sim.status.code() == Errc::checksum_wrong);
    CHECK(bench.told.times.size() == 1);
    CHECK(bench.wrong(damaged) == 0);
    for (uint32_t turn = 0; turn < 60 && !bench.sim.device->unreadable.empty(); ++turn) {
        bench.heat();
    }
    CHECK(bench.sim.device->unreadable.empty());  // It was written over.
    CHECK(bench.wrong(damaged) == 0);
}

TEST_CASE("a damaged batch header in a segment that is compacted loses no block") {
    Bench bench;
    const uint32_t inside = 2 * run_blocks * 10;
    const uint32_t behind = inside + 2 * run_blocks;
    const auto places = test::stored_blocks(*bench.sim.device, extent, inside);
    const auto next = test::stored_blocks(*bench.sim.device, extent, behind);
    REQUIRE(bench.sim.device->peek(places.back().batch) == 'A');
    REQUIRE(test::segment_of(places.back().batch) == test::segment_of(next.back().batch));
    bench.sim.device->flip(places.back().batch + 40);
    for (uint32_t turn = 0; turn < 30; ++turn) {
        bench.heat();
    }
    CHECK(bench.moved(behind));
    CHECK_FALSE(bench.moved(inside));
    CHECK(bench.wrong() == 0);
    bench.sim.reopen();
    CHECK(bench.wrong() == 0);
}

TEST_CASE("a write that overtakes a move of its block wins, also after a crash") {
    for (const bool crash : {false, true}) {
        Bench bench;
        bench.heat_until_moving();
        const std::vector<uint32_t> moving = bench.watch.last;
        const uint32_t run = moving.front() / run_blocks;
        bench.write(run);
        REQUIRE(bench.watch.under_way == 1);  // It is answered, and the move is still under way.
        CHECK(bench.sim.read(extent, moving.front()) == bench.marks_given);
        if (!crash) {
            bench.land();
            CHECK(bench.wrong() == 0);
            bench.heat();
        }
        bench.sim.crash();
        CHECK(bench.sim.open().ok());
        CHECK(bench.wrong() == 0);
    }
}

TEST_CASE("a deallocation or a deletion that overtakes a move wins") {
    for (const bool remove : {false, true}) {
        Bench bench;
        bench.heat_until_moving();
        const std::vector<uint32_t> moving = bench.watch.last;
        const base::Status status =
            remove ? bench.sim.remove(extent.volume)
                   : bench.sim.deallocate(extent, 0, 2 * run_blocks * bench.cold_runs);
        CHECK(status.ok());
        REQUIRE(bench.watch.under_way == 1);
        bench.land();
        for (int turn = 0; turn < 2; ++turn) {
            for (const uint32_t at : moving) {
                CHECK(bench.sim.read(extent, at) == 0);
            }
            bench.sim.executor.run();
            CHECK(bench.sim.store->stats().live_bytes == 0);
            bench.sim.crash();
            CHECK(bench.sim.open().ok());
        }
    }
}

TEST_CASE("what was deallocated is not moved") {
    Bench bench;
    for (uint32_t run = 0; run < bench.cold_runs; run += 2) {
        CHECK(bench.sim.deallocate(extent, 2 * run * run_blocks, run_blocks).ok());
        for (uint32_t each = 0; each < run_blocks; ++each) {
            bench.marks[2 * run * run_blocks + each] = 0;
        }
    }
    bench.land();
    bench.watch.times.clear();
    for (uint32_t turn = 0; turn < 15; ++turn) {
        bench.heat();
    }
    REQUIRE_FALSE(bench.watch.times.empty());
    for (const auto& [at, times] : bench.watch.times) {
        CHECK(bench.marks[at] != 0);
    }
    CHECK(bench.wrong() == 0);
}

TEST_CASE("where half of what is stored is cold less is moved than where none is") {
    uint64_t moved[2] = {};
    for (const bool half : {false, true}) {
        Bench bench(96, 500);
        test::SimRandom random(9);
        for (uint32_t step = 0; step < 10'000; ++step) {
            const uint32_t run = random.below(2 * bench.hot_runs);
            bench.write(half ? run | 1 : run);
        }
        for (const auto& [at, times] : bench.watch.times) {
            moved[half ? 1 : 0] += times;
        }
        CHECK(bench.wrong() == 0);
    }
    INFO(moved[1] << " blocks were moved, " << moved[0] << " where none is cold");
    CHECK(moved[1] < moved[0] * 9 / 10);
}

TEST_CASE("overwriting a store at random that is 70 % full writes less than three times as much") {
    SimStore sim(96, false);
    sim.make();
    const auto& stats = sim.store->stats();
    const auto runs = static_cast<uint32_t>(stats.capacity_bytes / test::block * 7 / 10 / 32);
    for (uint32_t run = 0; run < runs; ++run) {
        CHECK(sim.write(extent, run * 32, 32, run).ok());
    }
    test::SimRandom random(5);
    const auto overwrite = [&](uint32_t times) {
        for (uint32_t step = 0; step < times; ++step) {
            REQUIRE(sim.write(extent, random.below(runs) * 32, 32, step).ok());
        }
    };
    overwrite(4 * runs);
    const uint64_t host = stats.host_bytes_written;
    const uint64_t device = stats.device_bytes_written;
    overwrite(6 * runs);
    const double amplification = static_cast<double>(stats.device_bytes_written - device) /
                                 static_cast<double>(stats.host_bytes_written - host);
    INFO("write amplification " << amplification);
    CHECK(amplification < 3);
    CHECK(stats.moved_bytes_written > 0);
}

TEST_CASE("the space of what was overwritten comes back with nobody asking for it") {
    SimStore sim(32, false);
    sim.make();
    for (uint32_t turn = 0; turn < 20; ++turn) {
        for (uint32_t at = 0; at < 128; at += 32) {
            CHECK(sim.write(extent, at, 32, turn).ok());
        }
    }
    sim.executor.run();
    INFO("used " << sim.store->stats().used_bytes);
    CHECK(sim.store->stats().used_bytes < 4 * SimStore::segment_bytes);
    CHECK(sim.store->stats().live_bytes == 128 * test::block);
    CHECK(sim.read(extent, 127) == 19);
}

TEST_CASE("a store that is full, deallocated and full again goes on for ever") {
    SimStore sim(24, false);
    sim.make();
    uint32_t least = ~0u;
    uint32_t most = 0;
    for (uint32_t turn = 1; turn <= 40; ++turn) {
        uint32_t at = 0;
        while (sim.write(extent, at, 8, turn * 10'000 + at).ok()) {
            at += 8;
        }
        least = std::min(least, at);
        most = std::max(most, at);
        uint32_t wrong = 0;
        for (uint32_t run = 0; run < at; run += 8) {
            wrong += sim.read(extent, run + 7) != turn * 10'000 + run ? 1 : 0;
        }
        REQUIRE(wrong == 0);
        CHECK_FALSE(sim.store->stats().failed);
        // In one piece, in pieces, every second run first.
        if (turn % 3 == 0) {
            CHECK(sim.deallocate(extent, 0, 1u << 20).ok());
        }
        for (uint32_t run = 0; turn % 3 != 0 && run < at; run += turn % 3 * 8) {
            CHECK(sim.deallocate(extent, run, 8).ok());
        }
        CHECK(sim.deallocate(extent, 0, at + 8).ok());
        CHECK(sim.read(extent, 3) == 0);
    }
    INFO("from " << least << " to " << most << " blocks");
    CHECK(uint64_t{least} * test::block >= sim.store->stats().capacity_bytes * 8 / 10);
}
