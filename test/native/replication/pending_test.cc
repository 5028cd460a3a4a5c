// What is pending: never less than it was told, and never without bounds.
#include "replication/pending.h"

#include <algorithm>

namespace {

using base::Epoch;
using base::ExtentId;
using base::PgId;
using base::Version;
using base::VolumeId;
using replication::Pending;
using replication::Range;

constexpr ExtentId extent{VolumeId{1}, 0, PgId{1}};

Version at(uint64_t counter) {
    return {Epoch{1}, counter};
}
Range block(uint32_t number) {
    return {extent, number, 1};
}
bool holds(const Pending& pending, const Range& range) {
    const std::vector<Range> ranges = pending.ranges();
    return std::ranges::any_of(ranges,
                               [&range](const Range& each) { return each.overlaps(range); });
}

}  // namespace

TEST_CASE("what is committed is not pending any more") {
    Pending pending;
    pending.add(at(1), block(1));
    pending.add(at(2), block(2));
    pending.commit(at(1));
    CHECK(!holds(pending, block(1)));
    CHECK(holds(pending, block(2)));
    pending.commit(at(2));
    CHECK(pending.empty());
}

TEST_CASE("what came behind a later version stays pending until that is committed") {
    Pending pending;
    pending.add(at(9), block(9));
    pending.add(at(2), block(2));
    pending.commit(at(5));
    CHECK(holds(pending, block(2)));
    pending.commit(at(9));
    CHECK(pending.empty());
}

TEST_CASE("neighbours are merged when there are too many, and nothing else becomes pending") {
    Pending pending;
    for (uint32_t each = 0; each < 3 * Pending::ranges_max; ++each) {
        pending.add(at(each + 1), block(each));
    }
    CHECK(pending.ranges().size() <= 2 * Pending::ranges_max);
    CHECK(!pending.unknown());
    for (uint32_t each = 0; each < 3 * Pending::ranges_max; ++each) {
        CHECK(holds(pending, block(each)));
    }
    CHECK(!holds(pending, block(3 * Pending::ranges_max)));
}

TEST_CASE("ranges far from each other are merged with what lies between rather than lost") {
    Pending pending;
    for (uint32_t each = 0; each < 3 * Pending::ranges_max; ++each) {
        pending.add(at(each + 1), block(each * 20));
    }
    CHECK(pending.ranges().size() <= 2 * Pending::ranges_max);
    CHECK(!pending.unknown());
    for (uint32_t each = 0; each < 3 * Pending::ranges_max; ++each) {
        CHECK(holds(pending, block(each * 20)));
    }
}

TEST_CASE("ranges of too many extents are unknown until all of them are committed") {
    Pending pending;
    const uint32_t count = 2 * Pending::ranges_max;
    for (uint32_t each = 0; each < count; ++each) {
        pending.add(at(each + 1), {{VolumeId{1}, each, PgId{1}}, 0, 1});
    }
    CHECK(pending.unknown());
    pending.commit(at(1));
    CHECK(pending.unknown());
    pending.commit(at(count));
    CHECK(pending.empty());
}

TEST_CASE("what has no version is pending until a later one is committed") {
    Pending pending;
    pending.add_unsure(at(5), block(1));
    pending.commit(at(4));
    CHECK(holds(pending, block(1)));
    pending.commit({Epoch{2}, 1});
    CHECK(pending.empty());
}
