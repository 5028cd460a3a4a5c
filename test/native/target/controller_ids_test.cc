#include "target/controller_ids.h"

#include <doctest/doctest.h>

using target::ControllerIds;

TEST_CASE("ids are handed out in turn from the start, around the range") {
    ControllerIds ids(10, 13, 2);
    for (const uint16_t expected : {12, 13, 10, 11}) {
        CHECK_EQ(ids.take(), expected);
    }
    CHECK_FALSE(ids.take().has_value());
}

TEST_CASE("an id that comes back is the last one handed out again") {
    ControllerIds ids(1, 4, 0);
    CHECK_EQ(ids.take(), uint16_t{1});
    CHECK_EQ(ids.take(), uint16_t{2});
    ids.give_back(1);
    ids.give_back(2);
    for (const uint16_t expected : {3, 4, 1, 2}) {
        CHECK_EQ(ids.take(), expected);
    }
}

TEST_CASE("an id in use is passed over") {
    ControllerIds ids(1, 3, 7);
    CHECK_EQ(ids.take(), uint16_t{2});
    CHECK_EQ(ids.take(), uint16_t{3});
    ids.give_back(3);
    CHECK_EQ(ids.take(), uint16_t{1});
    CHECK_EQ(ids.take(), uint16_t{3});
    CHECK_FALSE(ids.take().has_value());
    ids.give_back(2);
    CHECK_EQ(ids.take(), uint16_t{2});
}

TEST_CASE("a range of one id, and the largest range") {
    ControllerIds one(5, 5, 1);
    CHECK_EQ(one.take(), uint16_t{5});
    CHECK_FALSE(one.take().has_value());
    ControllerIds all(1, 0xffef, 0xffffffff);
    CHECK(all.take().has_value());
}
