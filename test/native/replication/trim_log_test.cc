// The list of deallocations, in memory and as a ring of blocks.
#include "replication/trim_log.h"

#include <cstring>
#include <vector>

#include "replication/durable_state.h"

namespace {

using base::Epoch;
using base::PgId;
using base::Version;
using base::VolumeId;
using replication::Range;
using replication::TrimBlock;
using replication::TrimLog;

constexpr PgId pg{7};

Version at(uint64_t counter) {
    return {Epoch{3}, counter};
}
Range range(uint32_t first) {
    return {{VolumeId{5}, 1, pg}, first, 2};
}

// A ring as the store keeps it.
struct Ring {
    std::vector<uint8_t> bytes = std::vector<uint8_t>(TrimLog::blocks * sizeof(TrimBlock));
    void write(const TrimLog& log) {
        const TrimBlock block = log.newest(pg);
        std::memcpy(bytes.data() + log.newest_place() * sizeof block, &block, sizeof block);
    }
    void damage(uint32_t block, uint32_t byte) { bytes[block * sizeof(TrimBlock) + byte] ^= 1; }
};

void add(TrimLog& log, Ring& ring, uint64_t count) {
    for (uint64_t each = 1; each <= count; ++each) {
        log.add(at(each), range(static_cast<uint32_t>(each)));
        ring.write(log);
    }
}

}  // namespace

TEST_CASE("nothing is known before the list has begun") {
    TrimLog log;
    CHECK(!log.knows(at(1)));
    log.begin(at(4));
    CHECK(log.knows(at(4)));
    CHECK(!log.knows(at(3)));
}

TEST_CASE("the list tells the deallocations above a version") {
    TrimLog log;
    log.begin({});
    log.add(at(1), range(1));
    log.add(at(2), range(2));
    const std::vector<Range> since = log.since(at(1));
    REQUIRE(since.size() == 1);
    CHECK(since[0].first_block == 2);
}

TEST_CASE("what falls out of the list is not known any more") {
    TrimLog log;
    log.begin({});
    Ring ring;
    add(log, ring, TrimLog::trims_max);
    CHECK(log.knows({}));
    log.add(at(TrimLog::trims_max + 1), range(1));
    CHECK(log.dropped() == at(TrimBlock::entries_max));
    CHECK(!log.knows(at(TrimBlock::entries_max - 1)));
    CHECK(log.knows(at(TrimBlock::entries_max)));
}

TEST_CASE("the ring gives back what was noted, at every fill") {
    for (const uint64_t count : {0u, 1u, 125u, 126u, 127u, 4032u, 4033u, 9000u}) {
        TrimLog log;
        Ring ring;
        add(log, ring, count);
        TrimLog found;
        REQUIRE(found.load(pg, ring.bytes.data()));
        REQUIRE(found.trims().size() == log.trims().size());
        CHECK(found.dropped() == log.dropped());
        for (size_t each = 0; each < log.trims().size(); ++each) {
            CHECK(found.trims()[each].version == log.trims()[each].version);
            CHECK(found.trims()[each].range.first_block == log.trims()[each].range.first_block);
            CHECK(found.trims()[each].range.extent == log.trims()[each].range.extent);
        }
        // It goes on where the other one ended.
        found.add(at(99'999), range(1));
        log.add(at(99'999), range(1));
        CHECK(found.newest_place() == log.newest_place());
    }
}

TEST_CASE("a ring of another group, or with a block missing, is refused") {
    TrimLog log;
    Ring ring;
    add(log, ring, 300);
    TrimLog found;
    CHECK(!found.load(PgId{8}, ring.bytes.data()));
    Ring other_magic = ring;
    other_magic.damage(1, 0);
    CHECK(!found.load(pg, other_magic.bytes.data()));
    Ring other_place = ring;
    other_place.damage(1, 16);
    CHECK(!found.load(pg, other_place.bytes.data()));
    Ring missing = ring;
    std::memset(missing.bytes.data(), 0, sizeof(TrimBlock));
    CHECK(!found.load(pg, missing.bytes.data()));
    CHECK(found.trims().empty());
}

TEST_CASE("the ring lies behind the promise in one page of the index") {
    CHECK(replication::trim_ring_block > 0);
    CHECK(replication::trim_ring_block + TrimLog::blocks <= store::scan_page_blocks);
}
