// Deleting and deallocating: done at once, while the space comes back in the background.
#include "store/eraser.h"

#include <map>

#include "structures.h"

namespace {

using test::SimStore;

constexpr base::ExtentId first{base::VolumeId{1}, 0, base::PgId{1}};
constexpr base::ExtentId second{base::VolumeId{1}, 5, base::PgId{2}};
constexpr base::ExtentId kept{base::VolumeId{2}, 0, base::PgId{1}};
constexpr uint32_t pages_each = 600;

// Counts what is read from the device, and makes it slow.
struct ReadCount final : test::SimFates {
    test::SimFate fate(const store::DeviceIo& io) override {
        test::SimFate fate;
        if (io.verb == store::DeviceVerb::read) {
            ++reads;
            fate.slowness = slowness;
        }
        return fate;
    }
    void lies(const store::DeviceIo&, const test::SimFate&) override {}
    void landed(const store::DeviceIo&, const test::SimFate&, base::Status) override {}
    uint64_t reads = 0;
    uint32_t slowness = 1;
};

// A volume of two extents with a block on each of many pages, none of them in memory, and another
// volume.
struct Bench {
    explicit Bench(uint64_t index_bytes_max = 0) {
        sim.options.index_bytes_max = index_bytes_max;
        sim.make();
        for (uint32_t page = 0; page < pages_each; ++page) {
            CHECK(sim.write(first, page * 64 + page % 64, 1, 1 + page).ok(), "there is room");
            CHECK(sim.write(second, page * 64, 2, 10'000 + page).ok(), "there is room");
        }
        CHECK(sim.write(kept, 0, 64, 7).ok(), "there is room");
        sim.reopen();
        sim.device->fates = &count;
    }
    void step(uint32_t times) {
        while (times-- > 0 && sim.executor.step()) {
        }
    }
    void crash() {
        sim.crash();
        CHECK(sim.open().ok(), "what was durable opens");
        sim.device->fates = &count;
    }
    // Blocks of the volume that do not read as zeroes, or as `written` says.
    uint32_t wrong(std::map<std::pair<base::ExtentId, uint32_t>, uint64_t> written = {}) {
        uint32_t wrong = 0;
        for (uint32_t page = 0; page < pages_each; ++page) {
            for (const base::ExtentId& extent : {first, second}) {
                for (const uint32_t at : {page * 64 + page % 64, page * 64}) {
                    const auto found = written.find({extent, at});
                    const uint64_t mark = found == written.end() ? 0 : found->second;
                    wrong += sim.read(extent, at) != mark ? 1 : 0;
                }
            }
        }
        return wrong + (sim.read(kept, 63) != 7 ? 1 : 0);
    }
    // Everything is given back but `blocks` and the other volume's.
    void check_given_back(uint32_t blocks) {
        sim.executor.run();
        CHECK(sim.store->stats().erasing_bytes == 0);
        CHECK(sim.store->stats().live_bytes == (64 + blocks) * uint64_t{test::block});
    }

    ReadCount count;
    SimStore sim{64, false};
};

}  // namespace

TEST_CASE("a deletion is answered before any page of the volume is visited") {
    Bench bench;
    const uint64_t reads = bench.count.reads;
    const uint64_t live = bench.sim.store->stats().live_bytes;
    CHECK(bench.sim.remove(first.volume).ok());
    CHECK(bench.count.reads == reads);
    CHECK(bench.sim.store->stats().live_bytes == live);
    CHECK(bench.sim.store->stats().erasing_bytes > 0);
    CHECK(bench.wrong() == 0);
    bench.check_given_back(0);
    CHECK(bench.count.reads > reads);
}

TEST_CASE("a deletion outlives a crash at any point of what follows it") {
    for (const uint32_t steps : {0u, 1u, 20u, 100u, 300u, 700u, 1500u, 5000u}) {
        Bench bench;
        CHECK(bench.sim.remove(first.volume).ok());
        for (int turn = 0; turn < 3; ++turn) {
            bench.step(steps);
            bench.crash();
            CHECK(bench.sim.read(first, 0) == 0);
            CHECK(bench.sim.read(second, 64) == 0);
        }
        CHECK(bench.wrong() == 0);
        bench.check_given_back(0);
        CHECK(bench.wrong() == 0);
    }
}

TEST_CASE("a clean close in the midst of erasing goes on at the next opening") {
    Bench bench;
    CHECK(bench.sim.remove(first.volume).ok());
    bench.step(60);
    REQUIRE(bench.sim.store->stats().erasing_bytes > 0);
    bench.sim.reopen();
    CHECK(bench.wrong() == 0);
    bench.check_given_back(0);
    bench.sim.reopen();
    CHECK(bench.sim.store->stats().live_bytes == 64 * test::block);
}

TEST_CASE("a volume made anew under the same id holds only what was written since") {
    for (const uint32_t steps : {0u, 30u, 200u, 5000u}) {
        for (const bool crash : {false, true}) {
            Bench bench;
            CHECK(bench.sim.remove(first.volume).ok());
            bench.step(steps);
            CHECK(bench.sim.write(first, 3 * 64, 1, 77).ok());
            CHECK(bench.sim.write(second, 9 * 64 + 9, 1, 78).ok());
            bench.step(steps / 2);
            if (crash) {
                bench.crash();
            }
            CHECK(bench.wrong({{{first, 3 * 64}, 77}, {{second, 9 * 64 + 9}, 78}}) == 0);
            bench.check_given_back(2);
            bench.sim.reopen();
            CHECK(bench.wrong({{{first, 3 * 64}, 77}, {{second, 9 * 64 + 9}, 78}}) == 0);
        }
    }
}

TEST_CASE("a volume that is made anew and deleted again and again is gone at last") {
    Bench bench;
    for (uint32_t turn = 1; turn <= 20; ++turn) {
        CHECK(bench.sim.remove(first.volume).ok());
        bench.step(turn * 7);
        CHECK(bench.sim.write(first, 64 * turn, 1, turn).ok());
        CHECK(bench.sim.read(first, 64 * turn) == turn);
        CHECK(bench.sim.read(first, 64 * (turn - 1)) == 0);
        if (turn % 5 == 0) {
            bench.crash();
        }
    }
    CHECK(bench.wrong({{{first, 64 * 20}, 20}}) == 0);
    bench.check_given_back(1);
    CHECK(bench.sim.remove(first.volume).ok());
    bench.check_given_back(0);
}

TEST_CASE("a deallocated range is given back page by page, and a write into it stays") {
    for (const uint32_t steps : {0u, 10u, 100u}) {
        for (const bool crash : {false, true}) {
            Bench bench;
            const uint64_t reads = bench.count.reads;
            CHECK(bench.sim.deallocate(second, 0, 1u << 20).ok());
            CHECK(bench.count.reads == reads);
            CHECK(bench.sim.deallocate(first, 0, 1u << 20).ok());
            bench.step(steps);
            CHECK(bench.sim.write(second, 200 * 64 + 5, 1, 55).ok());
            CHECK(bench.sim.write(second, 64, 1, 56).ok());
            bench.step(steps);
            if (crash) {
                bench.crash();
            }
            CHECK(bench.sim.read(second, 200 * 64 + 5) == 55);
            CHECK(bench.wrong({{{second, 64}, 56}}) == 0);
            bench.check_given_back(2);
            bench.sim.reopen();
            CHECK(bench.sim.read(second, 200 * 64 + 5) == 55);
            CHECK(bench.wrong({{{second, 64}, 56}}) == 0);
        }
    }
}

TEST_CASE("a write into a page that is just being read to be given back stays") {
    Bench bench;
    bench.count.slowness = 100'000;
    const uint64_t reads = bench.count.reads;
    CHECK(bench.sim.deallocate(second, 0, 1u << 20).ok());
    bench.step(5);
    REQUIRE(bench.count.reads > reads);
    for (uint32_t page = 0; page < pages_each; ++page) {
        CHECK(bench.sim.write(second, page * 64 + 7, 1, 1 + page).ok());
    }
    bench.count.slowness = 1;
    bench.check_given_back(2 * pages_each);
    for (int turn = 0; turn < 2; ++turn) {
        uint32_t wrong = 0;
        for (uint32_t page = 0; page < pages_each; ++page) {
            wrong += bench.sim.read(second, page * 64 + 7) != 1 + page ? 1 : 0;
            wrong += bench.sim.read(second, page * 64) != 0 ? 1 : 0;
        }
        CHECK(wrong == 0);
        bench.sim.reopen();
    }
}

TEST_CASE("a range that was deallocated stays so across a close before it was given back") {
    Bench bench;
    CHECK(bench.sim.deallocate(second, 0, 1u << 20).ok());
    CHECK(bench.sim.deallocate(first, 0, 1u << 20).ok());
    REQUIRE(bench.sim.store->stats().erasing_bytes > 0);
    bench.sim.reopen();
    CHECK(bench.sim.store->stats().erasing_bytes > 0);
    CHECK(bench.wrong() == 0);
    bench.check_given_back(0);
}

TEST_CASE("a deallocation that covers part of a page leaves the rest of it") {
    Bench bench;
    CHECK(bench.sim.deallocate(second, 64 + 1, 64).ok());
    CHECK(bench.sim.read(second, 64) == 10'001);
    CHECK(bench.sim.read(second, 64 + 1) == 0);
    CHECK(bench.sim.read(second, 128) == 0);
    CHECK(bench.sim.read(second, 129) == 10'002);
    bench.check_given_back(3 * pages_each - 2);
    bench.crash();
    CHECK(bench.sim.read(second, 64) == 10'001);
    CHECK(bench.sim.read(second, 129) == 10'002);
}

TEST_CASE("erasing keeps to the ceiling of the index's memory") {
    constexpr uint64_t ceiling = 1 << 19;
    Bench bench(ceiling);
    CHECK(bench.sim.remove(first.volume).ok());
    uint64_t most = 0;
    while (bench.sim.store->stats().erasing_bytes > 0 && bench.sim.executor.step()) {
        most = std::max(most, bench.sim.store->stats().index_bytes);
    }
    CHECK(most <= ceiling + ceiling / 2);
    bench.check_given_back(0);
    CHECK(bench.wrong() == 0);
}

TEST_CASE("writes into a full store wait for the space of a volume that was just deleted") {
    SimStore sim{24, false};
    sim.make();
    uint32_t at = 0;
    while (sim.write(first, at, 8, 1 + at).ok()) {
        at += 8;
    }
    sim.reopen();
    CHECK(sim.remove(first.volume).ok());
    for (uint32_t again = 0; again < at; again += 8) {
        REQUIRE(sim.write(kept, again, 8, 5 + again).ok());
    }
    CHECK(sim.read(kept, at - 1) == 5 + at - 8);
}

TEST_CASE("a write that waits for the last page to be given back goes on at that moment") {
    SimStore sim{24, false};
    sim.make();
    constexpr uint32_t each = 20;
    uint32_t at = 0;
    while (sim.write(first, at, each, 1 + at).ok()) {
        at += each;
    }
    // What hosts may hold is full, not the device.
    const uint64_t capacity = sim.store->stats().capacity_bytes;
    REQUIRE(sim.store->stats().live_bytes + each * test::block > capacity);
    sim.reopen();
    sim.executor.run();
    ReadCount count;
    sim.device->fates = &count;
    count.slowness = 1000;
    CHECK(sim.deallocate(first, 0, 64).ok());
    const uint64_t since_ns = sim.executor.now_ns();
    CHECK(sim.write(first, at, each, 1 + at).ok());
    CHECK(count.reads > 0);
    CHECK(sim.executor.now_ns() - since_ns < 1'000'000'000);
    sim.device->fates = nullptr;
}
