#include "base/ids.h"

#include <doctest/doctest.h>
#include <type_traits>
#include <unordered_set>

using base::Epoch;
using base::ExtentId;
using base::PgId;
using base::Version;
using base::VolumeId;

TEST_CASE("one kind of id is no other, and no plain number") {
    CHECK_FALSE(std::is_convertible_v<VolumeId, PgId>);
    CHECK_FALSE(std::is_convertible_v<uint64_t, VolumeId>);
    CHECK_FALSE(std::is_convertible_v<VolumeId, uint64_t>);
    CHECK((VolumeId(7) == VolumeId(7)));
    CHECK((VolumeId(7) < VolumeId(8)));
}

TEST_CASE("versions are ordered by epoch, then by counter") {
    CHECK((Version{Epoch(1), 9} < Version{Epoch(2), 0}));
    CHECK((Version{Epoch(2), 1} < Version{Epoch(2), 2}));
    CHECK((Version{Epoch(2), 2} == Version{Epoch(2), 2}));
}

TEST_CASE("extents are ordered by volume, then by place") {
    const ExtentId first{VolumeId(1), 5, PgId(9)};
    CHECK((first < ExtentId{VolumeId(1), 6, PgId(0)}));
    CHECK((first < ExtentId{VolumeId(2), 0, PgId(0)}));
    CHECK_FALSE((first == ExtentId{VolumeId(1), 5, PgId(8)}));
}

TEST_CASE("ids are found in hash tables") {
    const std::unordered_set<VolumeId> volumes{VolumeId(1), VolumeId(~uint64_t{0})};
    CHECK(volumes.contains(VolumeId(~uint64_t{0})));
    CHECK_FALSE(volumes.contains(VolumeId(0)));
}
