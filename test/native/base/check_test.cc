#include "base/check.h"

#include <csignal>
#include <doctest/doctest.h>

#include "child.h"

TEST_CASE("a check that holds does nothing, and its condition is evaluated once") {
    int evaluations = 0;
    CHECK(++evaluations == 1, "once");
    CHECK_EQ(evaluations, 1);
}

TEST_CASE("a check that fails says where and why, and ends the process") {
    const test::ChildEnd end = test::run_in_child([] {
        signal(SIGABRT, SIG_DFL);  // The test framework has a handler of its own.
        const bool sky_is_green = false;
        CHECK(sky_is_green, "grass is");
        return 0;
    });
    CHECK_EQ(end.signal, SIGABRT);
    CHECK(end.errors.find("check_test.cc:") != std::string::npos);
    CHECK(end.errors.find("grass is (sky_is_green)") != std::string::npos);
}
