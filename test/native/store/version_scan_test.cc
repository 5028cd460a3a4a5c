// Scanning a PG: every page once, with what it holds and what of it is newer, whatever goes on.
#include "store/version_scan.h"

#include <array>
#include <map>
#include <set>
#include <vector>

#include "structures.h"

namespace {

using base::Epoch;
using base::Errc;
using base::ExtentId;
using base::PgId;
using base::Version;
using base::VolumeId;
using test::SimStore;

constexpr ExtentId extent{VolumeId{1}, 0, PgId{1}};
constexpr ExtentId neighbour{VolumeId{1}, 1, PgId{2}};
constexpr uint64_t all = ~uint64_t{0};
constexpr Version none{};

struct Scan : store::ScanOp {
    explicit Scan(PgId of = PgId{1}, Version over = none) {
        pg = of;
        above = over;
        ScanOp::done = [](store::ScanOp& op, base::Status status) {
            auto& self = static_cast<Scan&>(op);
            self.status = status;
            ++self.times;
            self.done = true;
        };
    }
    base::Status status;
    uint32_t times = 0;
    bool done = false;
};

struct Page {
    uint64_t held = 0;
    uint64_t newer = 0;
    Version highest;
    Errc error = Errc::ok;
    bool operator==(const Page&) const = default;
};
using PageName = std::pair<ExtentId, uint32_t>;

// False at the end of the walk.
bool step(SimStore& sim, Scan& scan) {
    scan.done = false;
    REQUIRE(sim.store->submit_scan(scan).ok());
    REQUIRE_FALSE(scan.done);
    sim.executor.run_until(scan.done);
    REQUIRE(scan.done);
    return !scan.over;
}

void note(const Scan& scan, std::map<PageName, Page>& pages) {
    REQUIRE(scan.first_block % store::scan_page_blocks == 0);
    const PageName name{scan.extent, scan.first_block / store::scan_page_blocks};
    const Page page{scan.held, scan.newer, scan.highest, scan.status.code()};
    REQUIRE(pages.emplace(name, page).second);  // It is given once.
}

std::map<PageName, Page> walk(SimStore& sim, PgId pg = extent.pg, Version above = none) {
    std::map<PageName, Page> pages;
    Scan scan{pg, above};
    while (step(sim, scan)) {
        note(scan, pages);
    }
    return pages;
}

// The versions of the blocks that a store holds, which changes with it.
struct Model {
    static constexpr uint32_t pages_each = 100;
    static constexpr uint32_t blocks_each = pages_each * store::scan_page_blocks;
    static constexpr uint32_t extents = 12;
    static ExtentId id(uint32_t number) {
        return {VolumeId{1 + number / 6}, number % 6, PgId{number % 3}};
    }

    Model(SimStore& of, uint64_t seed) : sim(of), random(seed) {}

    void change() {
        const ExtentId target = id(random.below(extents));
        const uint32_t lot = random.below(1000);
        if (lot == 0) {
            CHECK(sim.remove(target.volume).ok());
            for (uint32_t number = 0; number < extents; ++number) {
                if (id(number).volume == target.volume) {
                    forget(id(number), 0, blocks_each);
                }
            }
            return;
        }
        const bool whole = random.percent(30);  // Pages.
        const uint32_t count = whole ? 64 * (1 + random.below(8)) : 1 + random.below(16);
        const uint32_t first = whole ? 64 * random.below(pages_each) : random.below(blocks_each);
        const uint32_t held = std::min(count, blocks_each - first);
        if (lot < 200) {
            CHECK(sim.deallocate(target, first, held).ok());
            forget(target, first, held);
        } else {
            write(target, first, std::min(held, 16u));
        }
    }
    void write(const ExtentId& target, uint32_t first, uint32_t count) {
        const Version version{Epoch{1 + random.below(3)}, random.below(1000)};
        const store::Pages data = test::marked(count, 1);
        const base::Status status =
            sim.calls().write(*sim.store, target, first, count, data.get(), version);
        CHECK(status.ok());
        for (uint32_t block = first; block < first + count; ++block) {
            versions[target][block] = version;
            touched.insert({target, block / 64});
        }
    }
    void forget(const ExtentId& target, uint32_t first, uint32_t count) {
        auto& blocks = versions[target];
        blocks.erase(blocks.lower_bound(first), blocks.lower_bound(first + count));
        for (uint32_t page = first / 64; page <= (first + count - 1) / 64; ++page) {
            touched.insert({target, page});
        }
    }
    [[nodiscard]] std::map<PageName, Page> expected(PgId pg, Version above) const {
        std::map<PageName, Page> pages;
        for (const auto& [target, blocks] : versions) {
            for (const auto& [block, version] : blocks) {
                if (target.pg == pg) {
                    Page& page = pages[{target, block / 64}];
                    page.held |= uint64_t{1} << block % 64;
                    page.newer |= uint64_t{version > above} << block % 64;
                    page.highest = std::max(page.highest, version);
                }
            }
        }
        return pages;
    }
    // Walks while every now and then something changes; what did not is given as it is.
    void check_walk(PgId pg, Version above, uint32_t changes_percent) {
        touched.clear();
        Scan scan{pg, above};
        std::map<PageName, Page> given;
        while (step(sim, scan)) {
            const PageName name{scan.extent, scan.first_block / 64};
            if (touched.contains(name)) {
                continue;  // Before or behind the change, and perhaps both.
            }
            note(scan, given);
            if (random.percent(changes_percent)) {
                change();
            }
        }
        std::map<PageName, Page> wanted = expected(pg, above);
        for (const PageName& name : touched) {
            wanted.erase(name);
            given.erase(name);
        }
        CHECK((changes_percent > 0 || touched.empty()));
        CHECK(given == wanted);
    }

    SimStore& sim;
    test::SimRandom random;
    std::map<ExtentId, std::map<uint32_t, Version>> versions;
    std::set<PageName> touched;  // Since the walk began.
};

// A store with blocks on many pages of two PGs, none of them in memory.
struct Bench {
    static constexpr uint32_t pages_each = 40;
    Bench() {
        sim.make();
        for (uint32_t page = 0; page < pages_each; ++page) {
            CHECK(sim.write(extent, page * 64, 2, 1).ok(), "there is room");
            CHECK(sim.write(neighbour, page * 64, 1, 1).ok(), "there is room");
        }
        sim.reopen();
    }
    SimStore sim{48, false};
};

// Scans again and again until it is over or closed.
struct Relentless : Scan {
    Relentless(store::Store& of, PgId pg) : Scan(pg), store(of) {
        ScanOp::done = [](store::ScanOp& op, base::Status status) {
            auto& self = static_cast<Relentless&>(op);
            ++self.times;
            self.status = status;
            self.under_way = status.ok() && !self.over && self.submit();
        };
        under_way = submit();
    }
    bool submit() {
        submitted += 1;
        status = store.submit_scan(*this);
        submitted -= status.ok() ? 0 : 1;
        return status.ok();
    }
    store::Store& store;
    uint32_t submitted = 0;
    bool under_way = false;
};

}  // namespace

TEST_CASE("a scan gives the pages of its PG with what they hold and what is above a version") {
    SimStore sim;
    sim.make();
    CHECK(walk(sim).empty());
    CHECK(sim.write(extent, 62, 4, 1).ok());      // Version 1.
    CHECK(sim.write(neighbour, 0, 1, 1).ok());    // 2.
    CHECK(sim.write(extent, 63, 1, 1).ok());      // 3.
    CHECK(sim.write(extent, 64'000, 1, 1).ok());  // 4.
    const std::map<PageName, Page> pages = walk(sim, extent.pg, {Epoch{1}, 1});
    REQUIRE(pages.size() == 3);
    CHECK((pages.at({extent, 0}) == Page{uint64_t{3} << 62, uint64_t{1} << 63, {Epoch{1}, 3}}));
    CHECK((pages.at({extent, 1}) == Page{3, 0, {Epoch{1}, 1}}));
    CHECK((pages.at({extent, 1000}) == Page{1, 1, {Epoch{1}, 4}}));
    const std::map<PageName, Page> others{{{neighbour, 0}, {1, 1, {Epoch{1}, 2}}}};
    CHECK(walk(sim, neighbour.pg) == others);
    CHECK(walk(sim, PgId{3}).empty());
    Scan scan;  // Whoever asks behind the end is told so again.
    while (step(sim, scan)) {
    }
    CHECK_FALSE(step(sim, scan));
}

TEST_CASE("the epoch of a version weighs more than its counter, and both come back whole") {
    constexpr Version low{Epoch{2}, (uint64_t{1} << store::version_counter_bits) - 1};
    constexpr Version high{Epoch{(1u << store::version_epoch_bits) - 1}, 0};
    for (const Version version : {none, low, high}) {
        CHECK(store::PackedVersion::unpack(store::PackedVersion::pack(version)) == version);
    }
    SimStore sim;
    sim.make();
    const store::Pages data = test::marked(1, 1);
    CHECK(sim.calls().write(*sim.store, extent, 0, 1, data.get(), low).ok());
    CHECK(sim.calls().write(*sim.store, extent, 1, 1, data.get(), high).ok());
    CHECK((walk(sim, extent.pg, low).at({extent, 0}) == Page{3, 2, high}));
    CHECK((walk(sim, extent.pg, {Epoch{2}, 7}).at({extent, 0}) == Page{3, 3, high}));
    CHECK((walk(sim, extent.pg, {Epoch{~0u}, ~uint64_t{0}}).at({extent, 0}) == Page{3, 0, high}));
}

TEST_CASE("scans say what a model says, while pages are changed, moved, evicted and recovered") {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
        SimStore sim{128, false};
        sim.options.index_bytes_max = 1;  // As little as there can be.
        sim.make();
        Model model(sim, seed);
        for (uint32_t turn = 0; turn < 16; ++turn) {
            for (uint32_t change = 0; change < 150; ++change) {
                model.change();
            }
            if (turn % 4 == 3) {
                model.random.percent(50) ? sim.reopen() : sim.crash();
                REQUIRE((sim.store != nullptr || sim.open().ok()));
            }
            const Version above{Epoch{1 + model.random.below(3)}, model.random.below(1000)};
            model.check_walk(PgId{turn % 3}, above, 0);
            model.check_walk(PgId{(turn + 1) % 3}, above, 20);
        }
        const uint64_t misses = sim.store->stats().index_misses;
        model.check_walk(PgId{0}, none, 0);
        CHECK(sim.store->stats().index_misses > misses + 50);
    }
}

TEST_CASE("a page that knows only what was written lately is read before it is told of") {
    Bench bench;
    CHECK(bench.sim.write(extent, 7 * 64 + 9, 1, 5).ok());
    const Version last{Epoch{1}, bench.sim.versions};
    const std::map<PageName, Page> pages = walk(bench.sim, extent.pg, {Epoch{1}, last.counter - 1});
    CHECK(pages.size() == Bench::pages_each);
    CHECK((pages.at({extent, 7}) == Page{3 | 1 << 9, 1 << 9, last}));
}

TEST_CASE("what was deallocated or deleted is not given, though it has not been given back") {
    Bench bench;
    CHECK(bench.sim.deallocate(extent, 0, 10 * 64).ok());
    CHECK(bench.sim.deallocate(extent, 10 * 64, 1).ok());
    CHECK(bench.sim.deallocate(extent, 11 * 64, 2).ok());
    CHECK(bench.sim.store->stats().erasing_bytes > 0);
    const std::map<PageName, Page> pages = walk(bench.sim);
    CHECK(pages.size() == Bench::pages_each - 11);
    CHECK(pages.at({extent, 10}).held == 2);
    CHECK(bench.sim.remove(extent.volume).ok());
    CHECK(walk(bench.sim).empty());
    CHECK(bench.sim.write(extent, 64, 1, 1).ok());
    CHECK(walk(bench.sim).size() == 1);
}

TEST_CASE("a page that cannot be read is named, counts as held and newer, and the walk goes on") {
    Bench bench;
    bench.sim.close();
    REQUIRE(test::damage_page(*bench.sim.device, extent, 3) > 0);
    REQUIRE(bench.sim.open().ok());
    std::map<PageName, Page> pages = walk(bench.sim, extent.pg, {Epoch{9}, 0});
    CHECK(pages.size() == Bench::pages_each);
    CHECK((pages.at({extent, 3}) == Page{all, all, none, Errc::checksum_wrong}));
    CHECK(pages.at({extent, 4}).held == 3);
    CHECK(pages.at({extent, 4}).newer == 0);

    // It has been given up by now; what was written since is known again.
    CHECK(bench.sim.write(extent, 3 * 64 + 5, 1, 1).ok());
    const Version last{Epoch{1}, bench.sim.versions};
    bench.sim.reopen();
    pages = walk(bench.sim, extent.pg, {Epoch{9}, 0});
    CHECK((pages.at({extent, 3}) == Page{all, all & ~(1 << 5), last}));

    bench.sim.reopen();
    bench.sim.device->break_down(true);
    pages = walk(bench.sim);
    CHECK(pages.size() == Bench::pages_each);
    CHECK((pages.at({extent, 8}) == Page{all, all, none, Errc::device_failed}));
}

TEST_CASE("a scan that passes thousands of other extents lets others have their turns") {
    constexpr uint32_t extents = 3000;
    SimStore sim{128, false};
    sim.make();
    for (uint32_t number = 0; number < extents; ++number) {
        CHECK(sim.write({VolumeId{1}, number, PgId{1}}, 0, 1, 1).ok());
    }
    struct Other : reactor::Task {
        SimStore* sim = nullptr;
        Scan scan{PgId{2}};
        uint32_t turns = 0;
    } other;
    other.sim = &sim;
    other.run = [](reactor::Task& task) {
        auto& self = static_cast<Other&>(task);
        ++self.turns;
        if (!self.scan.done) {
            self.sim->executor.defer(task);
        }
    };
    REQUIRE(sim.store->submit_scan(other.scan).ok());
    sim.executor.defer(other);
    sim.executor.run_until(other.scan.done);
    CHECK(other.scan.over);
    CHECK(other.turns >= 2);
    CHECK(other.turns < extents / 100);
    sim.executor.run();
}

TEST_CASE("scans under way when the store closes end before it, and further ones are refused") {
    uint32_t closed_scans = 0;
    for (uint32_t steps = 0; steps < 120; steps += 3) {
        Bench bench;
        struct Closed : reactor::Task {
            bool done = false;
        } closed;
        closed.run = [](reactor::Task& task) { static_cast<Closed&>(task).done = true; };
        std::vector<std::unique_ptr<Relentless>> scans;
        for (uint32_t number = 0; number < 8; ++number) {
            const PgId pg = number % 2 == 0 ? extent.pg : neighbour.pg;
            scans.push_back(std::make_unique<Relentless>(*bench.sim.store, pg));
        }
        for (uint32_t number = 0; number < steps && bench.sim.executor.step(); ++number) {
        }
        bench.sim.store->close(closed);
        Scan late;
        CHECK(bench.sim.store->submit_scan(late).code() == Errc::closed);
        bench.sim.executor.run_until(closed.done);
        REQUIRE(closed.done);
        for (const auto& scan : scans) {
            CHECK_FALSE(scan->under_way);
            CHECK(scan->times == scan->submitted);
            CHECK((scan->over || scan->status.code() == Errc::closed));
            closed_scans += scan->status.code() == Errc::closed ? 1 : 0;
        }
        CHECK(late.times == 0);
        bench.sim.store = nullptr;
    }
    CHECK(closed_scans > 20);
}
