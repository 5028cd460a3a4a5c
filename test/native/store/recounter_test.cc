// What a damaged page of the index named is found to be nobody's, while everything goes on.
#include "store/recounter.h"

#include <map>
#include <set>
#include <vector>

#include "index_fixture.h"
#include "structures.h"

namespace {

using base::Errc;
using store::Index;
using store::PageKey;
using store::Place;
using test::SimStore;

constexpr base::ExtentId extent{base::VolumeId{1}, 0, base::PgId{1}};
constexpr base::ExtentId hot{base::VolumeId{2}, 0, base::PgId{1}};
constexpr uint32_t pages = 600;

// --- The index's part of it, step by step.

// What the recounter does, one page at a time.
class Steps {
  public:
    explicit Steps(test::IndexFixture& fixture) : fixture_(fixture) {}

    void step() {
        Index& index = fixture_.index;
        if (!running_) {
            for (uint32_t slot = 0; slot < index.slot_count(); ++slot) {
                for (uint32_t page = 0; index.used(slot) && page < index.page_end(slot); ++page) {
                    index.uncount({slot, page});
                }
            }
            index.begin_recount();
            running_ = true;
            next_ = {};
        } else if (index.recount_spoiled()) {
            index.give_up_recount();
            running_ = false;
        } else if (next_.slot < index.slot_count()) {
            visit();
        } else if (index.all_counted()) {
            index.end_recount();
            running_ = false;
            ++ended;
        }
    }
    // To the end of one that begins now, or has begun.
    void finish() {
        for (const uint32_t before = ended; ended == before;) {
            step();
        }
    }

    uint32_t ended = 0;

  private:
    void visit() {
        Index& index = fixture_.index;
        if (!index.used(next_.slot) || next_.page >= index.page_end(next_.slot)) {
            next_ = {next_.slot + 1, 0};
            return;
        }
        if (index.uncounted(next_)) {
            if (index.owes(next_)) {
                index.count(next_, fixture_.image(next_));
            } else {
                index.count(next_);
            }
        }
        ++next_.page;
    }

    test::IndexFixture& fixture_;
    bool running_ = false;
    PageKey next_;
};

// Random changes of one extent, with images that are lost, beside a map of what is left.
class Shuffle {
  public:
    explicit Shuffle(uint64_t seed) : random_(seed) {}

    void step() {
        const uint32_t block = random_.below(pages) * 64 + random_.below(4);
        const uint32_t lot = random_.below(100);
        if (lot < 60) {
            model[block] = fixture.set(extent, block);
        } else if (lot < 72) {
            const uint32_t count = 1 + random_.below(random_.percent(10) ? 2000 : 100);
            fixture.index.erase(extent, block, count);
            model.erase(model.lower_bound(block), model.lower_bound(block + count));
        } else if (lot < 77) {
            fixture.write_all();
        } else if (lot < 82) {
            fixture.erase_all(random_.percent(10));
        } else if (lot < 83 && random_.percent(5)) {
            fixture.index.erase_volume(extent.volume);
            model.clear();
        } else if (lot < 85) {
            lose(block / 64);
        } else if (!model.empty()) {
            move(block);
        }
    }
    void rest() {
        fixture.erase_all();
        fixture.write_all();
    }

    test::IndexFixture fixture{1};
    std::map<uint32_t, Place> model;
    uint32_t lost = 0;

  private:
    void lose(uint32_t page) {
        const PageKey key{fixture.index.slot_of(extent), page};
        if (key.slot == Index::no_slot || !fixture.index.owes(key) || fixture.index.erased(key)) {
            return;
        }
        fixture.index.lose(key);
        ++lost;
        for (uint32_t block = page * 64; block < (page + 1) * 64; ++block) {
            if (fixture.place_of(extent, block) == store::lost_place) {
                model.erase(block);
            }
        }
    }
    void move(uint32_t block) {
        const auto found = model.lower_bound(block);
        const auto& [at, from] = found == model.end() ? *model.begin() : *found;
        const PageKey key{fixture.index.slot_of(extent), at / 64};
        if (fixture.index.owes(key)) {
            fixture.load(key);
        }
        const Place to = fixture.next++;
        CHECK(fixture.index.move(extent, at, from, to));
        model[at] = to;
    }

    test::SimRandom random_;
};

// How many segments have other counts than the map.
uint32_t wrong_segments(const Shuffle& shuffle) {
    std::map<uint32_t, uint32_t> expected;
    for (const auto& [block, place] : shuffle.model) {
        ++expected[test::index_layout.segment_of(place)];
    }
    const store::Segments& segments = shuffle.fixture.segments;
    uint32_t wrong = 0;
    for (uint32_t segment = 0; segment < segments.count(); ++segment) {
        const uint32_t blocks = expected[segment];
        wrong += segments.live(segment) != blocks || segments.imaged(segment) != blocks ? 1 : 0;
    }
    return wrong;
}

}  // namespace

TEST_CASE("counts that lost images have spoiled agree with a map after a recount among changes") {
    uint32_t lost = 0;
    uint32_t ended = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        Shuffle shuffle(seed);
        Steps recount(shuffle.fixture);
        for (uint32_t step = 0; step < 3000; ++step) {
            shuffle.step();
            for (uint32_t each = 0; each < seed % 8; ++each) {
                recount.step();
            }
        }
        shuffle.rest();
        recount
            .finish();  // One that is under way ends; images were lost since it began, or before.
        if (!shuffle.fixture.index.counts_exact()) {
            recount.finish();
        }
        CHECK(wrong_segments(shuffle) == 0);
        CHECK(shuffle.fixture.segments.live_blocks() == shuffle.model.size());
        lost += shuffle.lost;
        ended += recount.ended;
    }
    CHECK(lost > 100);
    CHECK(ended > 100);
}

TEST_CASE("an image that is lost when it has been counted spoils a recount, one before does not") {
    for (const bool counted : {true, false}) {
        test::IndexFixture fixture(1);
        fixture.set(extent, 0, 64);
        fixture.write_all();
        for (uint32_t page = 1; page < 400; ++page) {
            fixture.set(extent, page * 64);
            fixture.write_all();
        }
        Index& index = fixture.index;
        const PageKey key{index.slot_of(extent), 0};
        REQUIRE(index.owes(key));
        index.begin_recount();
        if (counted) {
            index.count(key, fixture.image(key));
        }
        index.lose(key);
        CHECK(index.recount_spoiled() == counted);
        index.give_up_recount();
        fixture.write_all();
        CHECK(fixture.segments.live_blocks() == 64 + 399);
        CHECK_FALSE(index.counts_exact());
        Steps(fixture).finish();
        CHECK(fixture.segments.live_blocks() == 399);
        CHECK(index.counts_exact());
    }
}

// --- The whole of it.

namespace {

// Sees images being read, and makes reads slow or fail.
struct Fates final : test::SimFates {
    test::SimFate fate(const store::DeviceIo& io) override {
        test::SimFate fate;
        const bool read = io.verb == store::DeviceVerb::read;
        fate.slowness = read ? slowness : 1;
        fate.fails = read && io.bytes == test::block && images_fail;
        return fate;
    }
    void lies(const store::DeviceIo&, const test::SimFate&) override {}
    void landed(const store::DeviceIo&, const test::SimFate&, base::Status) override {}
    uint32_t slowness = 1;
    bool images_fail = false;
};

// A store with one page whose blocks lie in as many segments as there are, closed. Everything else
// is written over and over: without a recount each of those segments is lost.
struct Bench {
    explicit Bench(uint32_t cold_pages = 4) {
        sim.make();
        for (uint32_t at = 0; at < 64; ++at) {
            CHECK(sim.write(extent, at, 1, 1 + at).ok(), "there is room");
            fill(16);
        }
        for (uint32_t page = 1; page <= cold_pages; ++page) {
            CHECK(sim.write(extent, page * 64, 2, 100 + page).ok(), "there is room");
        }
        cold = 2 * cold_pages;
        sim.close();
    }
    ~Bench() { sim.device->fates = nullptr; }
    void open() {
        CHECK(sim.open().ok(), "a damaged page of the index is no harm to the opening");
        sim.device->fates = &fates;
    }
    // Overwrites; false when there was no room.
    bool fill(uint32_t blocks) {
        bool ok = true;
        for (uint32_t each = 0; ok && each < blocks; each += 8) {
            const uint32_t at = turn++ % (hot_blocks / 8) * 8;
            ok = sim.write(hot, at, 8, 1'000'000 + turn).ok();
            marks[at] = ok ? 1'000'000 + turn : marks[at];
        }
        return ok;
    }
    // Until there was a recount, or for long.
    bool fill_until_recounted() {
        for (uint32_t each = 0; each < 2000 && recounts() == 0; ++each) {
            if (!fill(8)) {
                return false;
            }
        }
        return recounts() > 0;
    }
    [[nodiscard]] uint64_t recounts() const { return sim.store->stats().recounts; }
    uint64_t live_blocks() {
        sim.executor.run();
        return sim.store->stats().live_bytes / test::block;
    }
    uint32_t wrong() {
        uint32_t count = 0;
        for (const auto& [at, mark] : marks) {
            count += sim.read(hot, at) != mark || sim.read(hot, at + 7) != mark ? 1 : 0;
        }
        for (uint32_t page = 1; page <= cold / 2; ++page) {
            count += sim.read(extent, page * 64 + 1) != 100 + page ? 1 : 0;
        }
        return count;
    }

    static constexpr uint32_t hot_blocks = 256;
    Fates fates;
    SimStore sim{24, false};
    std::map<uint32_t, uint64_t> marks;
    uint32_t turn = 0;
    uint32_t cold = 0;
};

}  // namespace

TEST_CASE("the segments of blocks that only a damaged index page named come back, also later") {
    for (const bool later : {false, true}) {
        Bench bench;
        REQUIRE(test::damage_page(*bench.sim.device, extent, 0) > 0);
        bench.open();
        CHECK(bench.sim.write(extent, 0, 64, 7).ok());
        if (later) {  // The page has a new image, and nobody knows any more that one was lost.
            bench.sim.reopen();
            bench.sim.device->fates = &bench.fates;
            CHECK(bench.live_blocks() > Bench::hot_blocks + 64 + bench.cold);
        }
        CHECK(bench.fill_until_recounted());
        CHECK(bench.fill(20'000));
        CHECK(bench.recounts() == 1);
        CHECK(bench.live_blocks() == Bench::hot_blocks + 64 + bench.cold);
        bench.sim.reopen();
        CHECK(bench.live_blocks() == Bench::hot_blocks + 64 + bench.cold);
        CHECK(bench.sim.read(extent, 63) == 7);
        CHECK(bench.wrong() == 0);
    }
}

TEST_CASE(
    "what a damaged page named comes back as well when the page is erased, or never changed") {
    for (const bool erase : {false, true}) {
        Bench bench;
        REQUIRE(test::damage_page(*bench.sim.device, extent, 0) > 0);
        REQUIRE(test::damage_page(*bench.sim.device, extent, 2) > 0);
        bench.open();
        const base::Status changed =
            erase ? bench.sim.deallocate(extent, 0, 64) : bench.sim.write(extent, 0, 1, 7);
        CHECK(changed.ok());
        CHECK(bench.fill_until_recounted());
        CHECK(bench.fill(20'000));
        // Nobody has asked for page 2; the recount found that it cannot be read.
        const uint64_t cold = bench.cold - 2 + (erase ? 0 : 1);
        CHECK(bench.live_blocks() == Bench::hot_blocks + cold);
        for (int turn = 0; turn < 3; ++turn) {
            CHECK(bench.sim.read(extent, 1) == (erase ? 0 : ~uint64_t{0}));
            CHECK(bench.sim.read(extent, 2 * 64 + 1) == ~uint64_t{0});
            CHECK(bench.sim.read(extent, 2 * 64 + 9) == ~uint64_t{0});
            CHECK(bench.sim.read(extent, 3 * 64 + 1) == 103);
            bench.sim.crash();
            bench.open();
        }
    }
}

TEST_CASE("a damaged page that a recount finds reads as damage after a crash at any moment") {
    for (uint32_t steps = 0; steps < 400; steps += 7) {
        Bench bench(40);
        REQUIRE(test::damage_page(*bench.sim.device, extent, 0) > 0);
        REQUIRE(test::damage_page(*bench.sim.device, extent, 30) > 0);
        bench.open();
        CHECK(bench.sim.write(extent, 0, 64, 7).ok());
        bench.fates.slowness = 20;
        while (bench.sim.store->stats().checkpoints < 8 && bench.fill(8)) {
        }
        for (uint32_t step = 0; step < steps && bench.sim.executor.step(); ++step) {
        }
        bench.sim.crash();
        bench.open();
        CHECK(bench.sim.read(extent, 30 * 64) == ~uint64_t{0});
        CHECK(bench.sim.read(extent, 0) == 7);
        CHECK(bench.sim.read(extent, 29 * 64 + 1) == 129);
    }
}

TEST_CASE("a store closes while a recount is under way, and the next opening begins anew") {
    Bench bench(40);
    REQUIRE(test::damage_page(*bench.sim.device, extent, 0) > 0);
    bench.open();
    CHECK(bench.sim.write(extent, 0, 64, 7).ok());
    bench.fates.slowness = 100'000;
    for (uint32_t each = 0; each < 300 && bench.recounts() == 0; ++each) {
        CHECK(bench.fill(8));
        if (each % 20 == 0) {
            bench.sim.reopen();
            bench.sim.device->fates = &bench.fates;
        }
    }
    bench.fates.slowness = 1;
    CHECK(bench.fill_until_recounted());
    CHECK(bench.wrong() == 0);
}

TEST_CASE("a segment that damage of a batch keeps is no reason for a second recount") {
    Bench bench;
    const auto places = test::stored_blocks(*bench.sim.device, extent, 64 + 1);
    REQUIRE_FALSE(places.empty());
    for (const test::StoredBlock& place : places) {
        bench.sim.device->flip(place.batch + 40);
    }
    bench.open();
    CHECK(bench.fill(60'000));
    CHECK(bench.recounts() <= 1);
    CHECK(bench.live_blocks() == Bench::hot_blocks + 64 + bench.cold);
    CHECK(bench.wrong() == 0);
}

TEST_CASE("a device that does not give the index's pages for a while loses none of them") {
    Bench bench(60);
    REQUIRE(test::damage_page(*bench.sim.device, extent, 0) > 0);
    bench.open();
    CHECK(bench.sim.write(extent, 0, 64, 7).ok());
    bench.sim.reopen();
    bench.sim.device->fates = &bench.fates;
    // Compaction needs these pages, so that only the recount meets those that are away.
    CHECK(bench.sim.read(extent, 0) == 7);
    for (const auto& [at, mark] : bench.marks) {
        CHECK(bench.sim.read(hot, at) == mark);
    }
    bench.fates.images_fail = true;
    static_cast<void>(bench.fill(4000));
    CHECK(bench.recounts() == 0);
    bench.fates.images_fail = false;
    static_cast<void>(bench.fill(8));  // It may find the store full still, and tries again.
    CHECK(bench.fill_until_recounted());
    CHECK(bench.fill(4000));
    CHECK(bench.wrong() == 0);
    CHECK(bench.live_blocks() == Bench::hot_blocks + 64 + bench.cold);
}
