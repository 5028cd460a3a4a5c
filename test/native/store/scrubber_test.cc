// A pass over live blocks: what it reads, how fast, what it finds, and how it ends.
#include "store/scrubber.h"

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "sim_store.h"

namespace {

using base::Errc;
using base::Status;
using test::SimStore;

constexpr base::ExtentId first_extent{base::VolumeId{1}, 0, base::PgId{1}};
constexpr base::ExtentId second_extent{base::VolumeId{1}, 1, base::PgId{2}};
constexpr uint64_t ms = 1'000'000;

// The blocks a test has written, in order. Only two extents are ever written.
struct WrittenBlocks final : store::ScrubSource {
    bool next(store::ScrubCursor& cursor, store::ScrubRange& range) override {
        for (; cursor.extent < 2; ++cursor.extent, cursor.next_block = 0) {
            const base::ExtentId extent = cursor.extent == 0 ? first_extent : second_extent;
            const auto next = static_cast<uint32_t>(cursor.next_block);
            const auto found = blocks.lower_bound({extent, next});
            if (found == blocks.end() || found->first != extent) {
                continue;
            }
            const uint32_t first = found->second;
            range = {extent, first, 64 - first % 64};
            cursor.next_block = first + range.block_count;
            return true;
        }
        return false;
    }
    uint32_t held(const store::ScrubRange& range) const override {
        uint32_t count = 0;
        for (uint32_t index = 0; index < range.block_count; ++index) {
            count += blocks.contains({range.extent, range.first_block + index}) ? 1 : 0;
        }
        return count;
    }
    uint64_t live_blocks() const override { return blocks.size(); }

    std::set<std::pair<base::ExtentId, uint32_t>> blocks;
};

// The store, with refusals and failures of the test's own.
struct Reader final : store::ScrubReader {
    explicit Reader(store::Store& behind) : store(behind) {}
    Status submit_read(store::ReadOp& op) override {
        ++submitted;
        if (!refusals.empty()) {
            const Status refusal = refusals.back();
            refusals.pop_back();
            if (!refusal.ok()) {
                return refusal;
            }
        }
        if (before != nullptr) {
            before(op);
        }
        return store.submit_read(op);
    }

    store::Store& store;
    std::vector<Status> refusals;  // The last one first.
    std::function<void(store::ReadOp&)> before;
    uint64_t submitted = 0;
};

struct Told final : store::StoreObserver {
    void block_damaged(const base::ExtentId& extent, uint32_t block) override {
        ++times[{extent, block}];
    }
    std::map<std::pair<base::ExtentId, uint32_t>, uint32_t> times;
};

// A store with a scrubber, and the damage of its blocks by their place on the device.
struct Bench {
    ~Bench() {
        scrubber.stop();
        while (!scrubber.idle() && sim.executor.step()) {
        }
    }

    void write(const base::ExtentId& extent, uint32_t first, uint32_t count) {
        CHECK(sim.write(extent, first, count, 1 + first).ok());
        for (uint32_t block = first; block < first + count; ++block) {
            source.blocks.insert({extent, block});
        }
    }
    // Damages a block: finds it on the device by what it holds.
    void damage(uint32_t first, uint32_t block) {
        const uint64_t mark = 1 + first;
        uint32_t passed = 0;
        for (uint64_t at = SimStore::segments_at; at < sim.device->geometry().bytes;
             at += test::block) {
            const bool is_mark = sim.device->peek(at) == (mark & 0xff) &&
                                 sim.device->peek(at + 8) == (mark & 0xff) &&
                                 sim.device->peek(at + test::block - 8) == (mark & 0xff) &&
                                 sim.device->peek(at + 1) == (mark >> 8 & 0xff);
            if (is_mark && passed++ == block - first) {
                return sim.device->flip(at + 1000);
            }
        }
        FAIL("the block is not on the device");
    }
    void pass(uint64_t bytes_per_second = 0) {
        CHECK(scrubber.start(bytes_per_second).ok());
        while (!scrubber.idle() && sim.executor.step()) {
        }
        CHECK(scrubber.idle());
    }
    const store::ScrubProgress& progress() { return scrubber.progress(); }

    SimStore sim{16};
    WrittenBlocks source;
    Told told;
    Reader reader{*make()};
    store::Scrubber scrubber{sim.executor, source, reader, &told};

  private:
    // Members are made in order: the store has to be there before its reader.
    store::Store* make() {
        sim.make();
        return sim.store.get();
    }
};

}  // namespace

TEST_CASE("a pass over nothing ends at once and counts as one") {
    Bench bench;
    CHECK(bench.scrubber.start(0).ok());
    CHECK(bench.progress().running);
    while (bench.sim.executor.step()) {
    }
    CHECK(bench.scrubber.idle());
    CHECK(bench.progress().passes == 1);
    CHECK(bench.progress().blocks_total == 0);
    CHECK(bench.told.times.empty());
}

TEST_CASE("a pass reads every live block of every extent once and tells of nothing") {
    Bench bench;
    bench.write(first_extent, 0, 64);
    bench.write(first_extent, 100, 7);
    bench.write(second_extent, 700, 30);
    std::map<std::pair<base::ExtentId, uint32_t>, uint32_t> reads;
    bench.reader.before = [&](const store::ReadOp& op) {
        for (uint32_t index = 0; index < op.block_count; ++index) {
            ++reads[{op.extent, op.first_block + index}];
        }
    };
    bench.pass();
    for (const auto& block : bench.source.blocks) {
        CHECK(reads[block] == 1);
    }
    CHECK(bench.progress().blocks_read == 101);
    CHECK(bench.progress().blocks_total == 101);
    CHECK(bench.progress().blocks_damaged == 0);
    CHECK(!bench.progress().running);
    CHECK(bench.told.times.empty());
    bench.pass();
    CHECK(bench.progress().passes == 2);
    CHECK(bench.progress().blocks_read == 101);
}

TEST_CASE("every damaged block is told exactly once in a pass, and no other block") {
    Bench bench;
    bench.write(first_extent, 0, 64);
    bench.write(second_extent, 700, 30);
    for (const uint32_t block : {0u, 9u, 10u, 63u}) {
        bench.damage(0, block);
    }
    bench.damage(700, 729);
    bench.pass();
    const std::map<std::pair<base::ExtentId, uint32_t>, uint32_t> once = {
        {{first_extent, 0}, 1},
        {{first_extent, 9}, 1},
        {{first_extent, 10}, 1},
        {{first_extent, 63}, 1},
        {{second_extent, 729}, 1},
    };
    CHECK(bench.told.times == once);
    CHECK(bench.progress().blocks_damaged == 5);
    CHECK(bench.progress().blocks_read == 94);
    CHECK(bench.progress().passes == 1);
}

TEST_CASE("a block that is written anew is whole in the next pass") {
    Bench bench;
    bench.write(first_extent, 5, 3);
    bench.damage(5, 6);
    bench.pass();
    CHECK(bench.progress().blocks_damaged == 1);
    CHECK(bench.sim.write(first_extent, 6, 1, 0x77).ok());
    bench.pass();
    CHECK(bench.progress().blocks_damaged == 0);
    CHECK(bench.told.times.size() == 1);
}

TEST_CASE("the rate holds: a pass takes as long as its bytes need, and no longer") {
    Bench bench;
    for (uint32_t first = 0; first < 512; first += 64) {
        bench.write(first_extent, first, 64);
    }
    const uint64_t begun_ns = bench.sim.executor.now_ns();
    bench.pass(
        uint64_t{1} << 20);  // 2 MiB at 1 MiB/s; what follows the last one is not waited for.
    const uint64_t taken_ns = bench.sim.executor.now_ns() - begun_ns;
    CHECK(taken_ns >= 1500 * ms);
    CHECK(taken_ns < 2100 * ms);
}

TEST_CASE("holes cost nothing of the rate") {
    Bench bench;
    for (uint32_t first = 0; first < 64 * 64; first += 64) {
        bench.write(first_extent, first, 1);
    }
    const uint64_t begun_ns = bench.sim.executor.now_ns();
    bench.pass(uint64_t{1} << 20);  // 64 blocks: 256 KiB at 1 MiB/s.
    CHECK(bench.sim.executor.now_ns() - begun_ns < 260 * ms);
    CHECK(bench.progress().blocks_read == 64);
}

TEST_CASE("a second start is refused while a pass runs") {
    Bench bench;
    bench.write(first_extent, 0, 64);
    CHECK(bench.scrubber.start(1).ok());
    CHECK(bench.scrubber.start(0).code() == Errc::busy);
    bench.scrubber.stop();
}

TEST_CASE("a pass that is stopped does not count, and another one begins anew") {
    Bench bench;
    for (uint32_t first = 0; first < 256; first += 64) {
        bench.write(first_extent, first, 64);
    }
    CHECK(bench.scrubber.start(1 << 20).ok());
    while (bench.progress().blocks_read < 128 && bench.sim.executor.step()) {
    }
    bench.scrubber.stop();
    CHECK(bench.scrubber.idle());
    CHECK(!bench.progress().running);
    CHECK(bench.progress().passes == 0);
    bench.pass();
    CHECK(bench.progress().passes == 1);
    CHECK(bench.progress().blocks_read == 256);
}

TEST_CASE("a pass that is stopped with reads in flight is idle once they are over") {
    Bench bench;
    bench.write(first_extent, 0, 64);
    CHECK(bench.scrubber.start(0).ok());
    while (bench.sim.device->in_flight() == 0 && bench.sim.executor.step()) {
    }
    bench.scrubber.stop();
    CHECK(!bench.scrubber.idle());
    CHECK(bench.scrubber.start(0).code() == Errc::busy);
    while (!bench.scrubber.idle() && bench.sim.executor.step()) {
    }
    CHECK(bench.scrubber.idle());
    CHECK(bench.sim.device->in_flight() == 0);
    CHECK(bench.progress().passes == 0);
}

TEST_CASE("a busy store is asked again, and nothing is left out") {
    Bench bench;
    bench.write(first_extent, 0, 64);
    bench.write(first_extent, 64, 64);
    bench.damage(0, 3);
    bench.reader.refusals.assign(5, Status(Errc::busy));
    bench.pass();
    CHECK(bench.progress().blocks_read == 128);
    CHECK(bench.progress().blocks_damaged == 1);
}

TEST_CASE("a pass that is stopped while the store is busy is idle at once") {
    Bench bench;
    bench.write(first_extent, 0, 64);
    bench.reader.refusals.assign(5, Status(Errc::busy));
    CHECK(bench.scrubber.start(0).ok());
    while (bench.reader.submitted == 0 && bench.sim.executor.step()) {
    }
    bench.scrubber.stop();
    CHECK(bench.scrubber.idle());
}

TEST_CASE("a store that closes ends the pass, which does not count") {
    Bench bench;
    bench.write(first_extent, 0, 64);
    bench.write(first_extent, 64, 64);
    bench.reader.refusals = {Status(Errc::closed), Status()};
    bench.pass();
    CHECK(bench.progress().passes == 0);
    CHECK(!bench.progress().running);
    CHECK(bench.told.times.empty());
}

TEST_CASE("a device that gives nothing any more ends the pass, not a report of every block") {
    Bench bench;
    for (uint32_t first = 0; first < 512; first += 64) {
        bench.write(first_extent, first, 64);
    }
    bench.sim.device->break_down(true);
    bench.pass();
    CHECK(bench.progress().passes == 0);
    CHECK(bench.told.times.size() < 64);
}
