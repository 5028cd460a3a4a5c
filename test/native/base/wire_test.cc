#include "base/wire.h"

#include <cstring>
#include <doctest/doctest.h>

namespace {

struct Packed {
    base::le16 small;
    uint8_t bytes[2];
    base::le32 middle;
    base::le64 large;
};

struct Padded {
    uint8_t first;
    base::le32 second;
};

struct Virtual {
    virtual ~Virtual() = default;
};

}  // namespace

TEST_CASE("the low byte lies first, whatever the field's size") {
    Packed packed{};
    packed.small = 0x0102;
    packed.middle = 0x03040506;
    packed.large = 0x0708090a0b0c0d0e;
    const uint8_t expected[] = {2, 1, 0, 0, 6, 5, 4, 3, 14, 13, 12, 11, 10, 9, 8, 7};
    static_assert(sizeof packed == sizeof expected);
    CHECK_EQ(std::memcmp(&packed, expected, sizeof expected), 0);
    CHECK_EQ(packed.large, 0x0708090a0b0c0d0eu);
}

TEST_CASE("only structs without padding or hidden parts are wire formats") {
    CHECK(base::WireFormat<Packed>);
    CHECK_FALSE(base::WireFormat<Padded>);
    CHECK_FALSE(base::WireFormat<Virtual>);
    CHECK_FALSE(base::WireFormat<float>);
}
