// What the store promises its callers, on a simulated device.
#include "store/store.h"

#include <vector>

#include "sim_store.h"

namespace {

using base::Errc;
using test::SimStore;

constexpr base::ExtentId extent{base::VolumeId{1}, 0, base::PgId{1}};
constexpr base::ExtentId other{base::VolumeId{2}, 0, base::PgId{1}};

// Many writes at once, answered whenever.
struct Burst {
    struct Op : store::WriteOp {
        Burst* burst = nullptr;
        store::Pages pages;
        uint32_t crc = 0;
    };
    base::Status submit(SimStore& sim, uint32_t at, uint64_t mark) {
        ops.push_back(std::make_unique<Op>());
        Op& op = *ops.back();
        op.burst = this;
        op.pages = test::marked(1, mark);
        op.crc = base::crc32c(op.pages.get(), test::block);
        op.extent = extent;
        op.first_block = at;
        op.block_count = 1;
        op.data = op.pages.get();
        op.block_crcs = &op.crc;
        op.version = {base::Epoch{1}, ++sim.versions};
        op.done = [](store::WriteOp& done, base::Status status) {
            auto& self = static_cast<Op&>(done);
            self.burst->answers.push_back(status);
            self.burst->sequences.push_back(self.log_sequence);
        };
        return sim.store->submit_write(op);
    }
    std::vector<std::unique_ptr<Op>> ops;
    std::vector<base::Status> answers;
    std::vector<uint64_t> sequences;
};

// Writes until the store says it is full; how many blocks it took.
uint32_t fill(SimStore& sim) {
    uint32_t at = 0;
    while (sim.write(extent, at, 8, 1 + at).ok() && at < 100'000) {
        at += 8;
    }
    return at;
}

}  // namespace

TEST_CASE("what was never written reads as zeroes, from inside a read as from outside") {
    SimStore sim;
    sim.make();
    CHECK(sim.read(extent, 0) == 0);
    CHECK(sim.write(extent, 5, 2, 0x77).ok());
    CHECK(sim.read(extent, 4) == 0);
    CHECK(sim.read(extent, 5) == 0x77);
    CHECK(sim.read(extent, 7) == 0);
    CHECK(sim.read(other, 5) == 0);
}

TEST_CASE("the last write of a block is what is read, before and after opening anew") {
    SimStore sim;
    sim.make();
    for (uint64_t mark = 1; mark <= 20; ++mark) {
        CHECK(sim.write(extent, 3, 4, mark).ok());
    }
    CHECK(sim.read(extent, 3) == 20);
    sim.reopen();
    CHECK(sim.read(extent, 6) == 20);
    CHECK((sim.store->last_version() == base::Version{base::Epoch{1}, 20}));
}

TEST_CASE("a deallocated range reads as zeroes and a whole extent can be one") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 0, 10, 1).ok());
    CHECK(sim.write(other, 0, 1, 2).ok());
    CHECK(sim.deallocate(extent, 2, 3).ok());
    CHECK(sim.read(extent, 1) == 1);
    CHECK(sim.read(extent, 2) == 0);
    CHECK(sim.read(extent, 4) == 0);
    CHECK(sim.read(extent, 5) == 1);
    CHECK(sim.deallocate(extent, 0, 1u << 20).ok());
    CHECK(sim.store->stats().live_bytes == test::block);
    sim.reopen();
    CHECK(sim.read(extent, 5) == 0);
    CHECK(sim.read(other, 0) == 2);
}

TEST_CASE("a deleted volume is gone with all its extents, before and after opening anew") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 0, 10, 1).ok());
    CHECK(sim.write({extent.volume, 9, base::PgId{4}}, 0, 10, 1).ok());
    CHECK(sim.write(other, 0, 1, 2).ok());
    CHECK(sim.remove(extent.volume).ok());
    for (int turn = 0; turn < 2; ++turn) {
        CHECK(sim.read(extent, 0) == 0);
        CHECK(sim.read({extent.volume, 9, base::PgId{4}}, 3) == 0);
        CHECK(sim.read(other, 0) == 2);
        CHECK(sim.store->stats().live_bytes == test::block);
        sim.reopen();
    }
}

TEST_CASE("what cannot be in an extent is refused") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 1u << 20, 1, 1).code() == Errc::out_of_range);
    CHECK(sim.write(extent, (1u << 20) - 1, 2, 1).code() == Errc::out_of_range);
    CHECK(sim.deallocate(extent, 0, 0).code() == Errc::out_of_range);
    CHECK(sim.deallocate(extent, 0, (1u << 20) + 1).code() == Errc::out_of_range);
    sim.read(extent, 1u << 20);
    CHECK(sim.status.code() == Errc::out_of_range);
}

TEST_CASE("writes of one turn are spread over the batches a device with a cache can take") {
    SimStore sim;
    sim.make();
    const uint64_t before = sim.store->stats().batches;
    Burst burst;
    for (uint32_t at = 0; at < 50; ++at) {
        CHECK(burst.submit(sim, at, at).ok());
    }
    sim.executor.run();
    CHECK(sim.store->stats().batches == before + sim.options.batches_in_flight_max);
}

TEST_CASE("writes of one turn go out as one batch, and answers come in the log's order") {
    SimStore sim(16, false);
    sim.make();
    const uint64_t before = sim.store->stats().batches;
    Burst burst;
    for (uint32_t at = 0; at < 50; ++at) {
        CHECK(burst.submit(sim, at, at).ok());
    }
    CHECK(burst.answers.empty());
    sim.executor.run();
    CHECK(burst.answers.size() == 50);
    CHECK(sim.store->stats().batches == before + 1);
    for (uint32_t wave = 0; wave < 10; ++wave) {
        CHECK(burst.submit(sim, wave, wave).ok());
        sim.executor.step();
    }
    sim.executor.run();
    CHECK(std::is_sorted(burst.sequences.begin(), burst.sequences.end()));
    CHECK(burst.sequences.size() == 60);
}

TEST_CASE("durability follows the device unless it is chosen") {
    SimStore cached(16, true);
    cached.make();
    CHECK(cached.store->durability() == store::Durability::flush);
    CHECK(cached.write(extent, 0, 1, 1).ok());
    CHECK(cached.store->stats().flushes == cached.store->stats().batches);
    cached.close();
    cached.options.durability = store::Durability::none;
    CHECK(cached.open().ok());
    CHECK(cached.store->durability() == store::Durability::none);

    SimStore plain(16, false);
    plain.make();
    CHECK(plain.store->durability() == store::Durability::none);
    CHECK(plain.store->stats().flushes == 0);
}

TEST_CASE("formatting takes an empty device only") {
    SimStore sim;
    CHECK(sim.open().code() == Errc::not_found);
    const uint8_t byte = 1;
    sim.device->overwrite(5000, &byte, 1);
    CHECK(sim.format().code() == Errc::foreign);
    const uint8_t zero = 0;
    sim.device->overwrite(5000, &zero, 1);
    sim.device->overwrite(510, &byte, 1);
    CHECK(sim.open().code() == Errc::foreign);
    sim.device->overwrite(510, &zero, 1);
    CHECK(sim.format().ok());
    CHECK(sim.format().code() == Errc::already_exists);
    sim.device->flip(100);
    sim.device->flip((uint64_t{1} << 20) + 100);
    CHECK(sim.format().code() == Errc::already_exists);
}

TEST_CASE("options and devices a store cannot be made with are refused with a sentence") {
    SimStore small(3);
    CHECK(small.format().code() == Errc::invalid_argument);
    CHECK(small.problem ==
          "The device is too small: a store takes 2 MiB and 16 segments at least.");
    SimStore sim;
    sim.options.segment_bytes = 3 << 20;
    CHECK(sim.format().code() == Errc::invalid_argument);
    CHECK(sim.problem == "A segment's size is a power of two from 512 KiB to 1 GiB.");
    sim.options = {};
    sim.options.batches_in_flight_max = 0;
    CHECK(sim.open().code() == Errc::invalid_argument);
    sim.options = {};
    sim.options.read_pieces_max = 63;
    CHECK(sim.open().code() == Errc::invalid_argument);
}

TEST_CASE("a full store says so, reads on, and takes deallocations and deletions") {
    SimStore sim;
    sim.make();
    const uint32_t taken = fill(sim);
    CHECK(taken > 5 * 100);
    CHECK(sim.write(other, 0, 8, 1).code() == Errc::no_space);
    CHECK_FALSE(sim.store->stats().failed);
    CHECK(sim.read(extent, 0) == 1);
    CHECK(sim.read(extent, taken - 8) == 1 + taken - 8);
    CHECK(sim.deallocate(extent, 0, taken / 2).ok());
    sim.executor.run();
    CHECK(sim.write(other, 0, 8, 7).ok());
    CHECK(sim.remove(extent.volume).ok());
    sim.executor.run();
    CHECK(fill(sim) > 4 * 100);
    sim.reopen();
    CHECK(sim.read(other, 3) == 7);
}

TEST_CASE("overwriting and restarting for long keeps a store usable") {
    SimStore sim;
    sim.make();
    for (uint64_t turn = 1; turn <= 300; ++turn) {
        CHECK(sim.write(extent, 0, 32, turn).ok());
        if (turn % 10 == 0) {
            CHECK(sim.deallocate(extent, 4, 4).ok());
            sim.reopen();
        }
        CHECK(sim.read(extent, 31) == turn);
        CHECK(sim.read(extent, 4) == (turn % 10 == 0 ? 0 : turn));
    }
}

TEST_CASE("when the file system is full writes fail cleanly, and succeed when it is not") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 0, 8, 1).ok());
    sim.device->room_blocks = 5;
    Burst burst;
    for (uint32_t wave = 0; wave < 20; ++wave) {
        CHECK(burst.submit(sim, wave, 100 + wave).ok());
        if (wave == 0) {
            sim.executor.run();
        }
        sim.executor.step();
    }
    sim.executor.run();
    CHECK(burst.answers.size() == 20);
    CHECK(burst.answers.front().ok());
    CHECK(burst.answers.back().code() == Errc::no_space);
    CHECK_FALSE(sim.store->stats().failed);
    CHECK(sim.read(extent, 7) == 1);
    CHECK(sim.write(extent, 7, 1, 2).code() == Errc::no_space);
    sim.device->room_blocks = test::SimDevice::unlimited;
    CHECK(sim.write(extent, 7, 1, 3).ok());
    sim.reopen();
    CHECK(sim.read(extent, 7) == 3);
}

TEST_CASE("a store on a full file system opens for reading") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 0, 8, 1).ok());
    sim.close();
    sim.device->room_blocks = 0;
    CHECK(sim.open().ok());
    CHECK(sim.read(extent, 3) == 1);
    CHECK(sim.write(extent, 0, 1, 2).code() == Errc::no_space);
    CHECK(sim.read(extent, 0) == 1);
}

TEST_CASE("a failed write latches the store: nothing is accepted, reads are served") {
    SimStore sim;
    sim.make();
    CHECK(sim.write(extent, 0, 1, 1).ok());
    sim.device->break_down(false);
    CHECK(sim.write(extent, 0, 1, 2).code() == Errc::device_failed);
    CHECK(sim.store->stats().failed);
    Burst burst;
    CHECK(burst.submit(sim, 0, 3).code() == Errc::device_failed);
    CHECK(sim.remove(extent.volume).code() == Errc::device_failed);
    CHECK(sim.read(extent, 0) == 1);
}

TEST_CASE("a device that fails while opening is said so and nothing is left behind") {
    SimStore sim;
    sim.make();
    sim.close();
    sim.device->break_down(false);
    CHECK(sim.open().code() == Errc::device_failed);
    CHECK(sim.store == nullptr);
}

TEST_CASE("too many reads in flight are refused as busy") {
    SimStore sim;
    sim.options.read_pieces_max = 64;
    sim.make();
    struct Op : store::ReadOp {
        bool answered = false;
    } ops[2];
    const store::Pages pages = store::make_pages(64);
    CHECK(sim.write(extent, 0, 1, 1).ok());
    for (Op& op : ops) {
        op.extent = extent;
        op.block_count = 64;
        op.data = pages.get();
        op.done = [](store::ReadOp& done, base::Status) { static_cast<Op&>(done).answered = true; };
    }
    CHECK(sim.store->submit_read(ops[0]).ok());
    CHECK(sim.store->submit_read(ops[1]).code() == Errc::busy);
    sim.executor.run();
    CHECK(ops[0].answered);
    CHECK_FALSE(ops[1].answered);
    CHECK(sim.store->submit_read(ops[1]).ok());
    sim.executor.run();
    CHECK(ops[1].answered);
}

TEST_CASE("closing answers what is in flight first, then refuses everything") {
    SimStore sim;
    sim.make();
    Burst burst;
    CHECK(burst.submit(sim, 0, 5).ok());
    CHECK(burst.submit(sim, 1, 6).ok());
    struct Closed : reactor::Task {
        bool done = false;
        Burst* burst = nullptr;
    } closed;
    closed.burst = &burst;
    closed.run = [](reactor::Task& task) {
        auto& self = static_cast<Closed&>(task);
        self.done = self.burst->answers.size() == 2;
    };
    sim.store->close(closed);
    CHECK(burst.submit(sim, 2, 7).code() == Errc::closed);
    sim.executor.run();
    CHECK(closed.done);
    sim.store.reset();
    CHECK(sim.open().ok());
    CHECK(sim.read(extent, 1) == 6);
    CHECK(sim.read(extent, 2) == 0);
}

TEST_CASE("a store that a full file system has stalled closes, and answers what comes before") {
    SimStore sim;
    sim.make();
    for (uint32_t at = 0; at < 60; ++at) {
        CHECK(sim.write(extent, at, 1, 1 + at).ok());
    }
    // What is in flight now ends the first segment and begins another, which is given up.
    sim.device->room_blocks = 0;
    Burst burst;
    for (uint32_t at = 0; at < 8; ++at) {
        CHECK(burst.submit(sim, at, 100 + at).ok());
        sim.executor.step();
    }
    sim.executor.run();
    CHECK(burst.answers.size() == 8);
    CHECK(burst.answers.back().code() == Errc::no_space);
    CHECK(burst.submit(sim, 0, 200).ok());
    struct Closed : reactor::Task {
        bool done = false;
    } closed;
    closed.run = [](reactor::Task& task) { static_cast<Closed&>(task).done = true; };
    sim.store->close(closed);
    sim.executor.run();
    CHECK(burst.answers.size() == 9);
    REQUIRE(closed.done);
    sim.store.reset();
}

TEST_CASE("an index at its ceiling keeps its memory, and reads pages back when they are needed") {
    SimStore sim(64);
    sim.options.index_bytes_max = 1 << 19;
    sim.make();
    constexpr uint32_t pages = 1500;
    for (uint32_t page = 0; page < pages; ++page) {
        CHECK(sim.write(extent, page * 64, 1, 1 + page).ok());
    }
    CHECK(sim.store->stats().index_bytes <= (1 << 19) + (1 << 18));
    for (int turn = 0; turn < 2; ++turn) {
        for (uint32_t page = 0; page < pages; ++page) {
            CHECK(sim.read(extent, page * 64) == 1 + page);
            CHECK(sim.read(extent, page * 64 + 1) == 0);
        }
        CHECK(sim.store->stats().index_misses > pages / 2);
        sim.reopen();
    }
    CHECK(sim.store->stats().live_bytes == uint64_t{pages} * test::block);
}

TEST_CASE("progress tells what recovery has replayed") {
    SimStore sim(128);  // Large enough that there is no checkpoint meanwhile.
    sim.make();
    for (uint32_t at = 0; at < 200; ++at) {
        CHECK(sim.write(extent, at, 1, at).ok());
    }
    sim.crash();
    CHECK(sim.open().ok());
    CHECK(sim.progress.segments_total == 4);
    CHECK(sim.progress.segments_scanned == 4);
    CHECK(sim.progress.batches_replayed > 200);
    CHECK(sim.progress.blocks_live == 200);
}

TEST_CASE("behind a checkpoint little is replayed, however much was written before") {
    SimStore sim(64);
    sim.make();
    for (uint64_t turn = 1; turn <= 40; ++turn) {
        for (uint32_t at = 0; at < 512; at += 64) {
            CHECK(sim.write(extent, at, 64, turn).ok());
        }
    }
    CHECK(sim.store->stats().checkpoints > 3);
    sim.crash();
    CHECK(sim.open().ok());
    CHECK(sim.progress.batches_replayed < 200);
    sim.executor.run();
    CHECK(sim.store->stats().live_bytes == 512 * test::block);
    CHECK(sim.read(extent, 511) == 40);
    sim.reopen();  // A clean close leaves nothing to replay.
    CHECK(sim.progress.batches_replayed == 0);
    CHECK(sim.progress.blocks_live == 512);
    CHECK(sim.read(extent, 0) == 40);
}

TEST_CASE("a store that is overwritten at random for long never fills up with dead blocks") {
    SimStore sim(24, false);
    sim.make();
    const auto blocks = static_cast<uint32_t>(sim.store->stats().capacity_bytes / test::block);
    std::vector<uint64_t> marks(blocks * 3 / 4);
    test::SimRandom random(3);
    for (uint32_t step = 1; step <= 20'000; ++step) {
        const uint32_t at = random.below(static_cast<uint32_t>(marks.size()));
        REQUIRE(sim.write(extent, at, 1, step).ok());
        marks[at] = step;
    }
    CHECK(sim.store->stats().moved_bytes_written > 0);
    for (int turn = 0; turn < 2; ++turn) {
        uint32_t wrong = 0;
        for (uint32_t at = 0; at < marks.size(); ++at) {
            wrong += sim.read(extent, at) != marks[at] ? 1 : 0;
        }
        CHECK(wrong == 0);
        sim.reopen();
    }
}

TEST_CASE("a large volume is deleted at once and its space comes back, also across a restart") {
    SimStore sim(64);
    sim.make();
    for (uint32_t at = 0; at < 4000; at += 8) {
        CHECK(sim.write(extent, at, 8, 1 + at).ok());
    }
    CHECK(sim.write(other, 0, 1, 2).ok());
    sim.reopen();
    CHECK(sim.remove(extent.volume).ok());
    CHECK(sim.read(extent, 0) == 0);
    CHECK(sim.store->stats().erasing_bytes > 0);
    sim.crash();
    CHECK(sim.open().ok());
    CHECK(sim.read(extent, 0) == 0);
    sim.executor.run();
    CHECK(sim.store->stats().erasing_bytes == 0);
    CHECK(sim.store->stats().live_bytes == test::block);
    CHECK(sim.read(other, 0) == 2);
}
