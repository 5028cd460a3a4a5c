#include "base/status.h"

#include <csignal>
#include <doctest/doctest.h>
#include <memory>
#include <set>
#include <string>

#include "child.h"

using base::Errc;
using base::Result;
using base::Status;

TEST_CASE("a status is ok until it is given a code, and carries its detail") {
    CHECK(Status().ok());
    const Status failed(Errc::io_error, 5);
    CHECK_FALSE(failed.ok());
    CHECK_EQ(failed.code(), Errc::io_error);
    CHECK_EQ(failed.detail(), 5u);
    CHECK((failed == Status(Errc::io_error, 5)));
    CHECK_FALSE((failed == Status(Errc::io_error, 6)));
}

TEST_CASE("every code has a name of its own, in capitals") {
    std::set<std::string> names;
    for (uint16_t code = 0; code < base::errc_count; ++code) {
        const std::string name = base::errc_name(static_cast<Errc>(code));
        CHECK(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string::npos);
        names.insert(name);
    }
    CHECK_EQ(names.size(), base::errc_count);
    CHECK_FALSE(names.contains("UNKNOWN"));
    CHECK_EQ(std::string(base::errc_name(static_cast<Errc>(base::errc_count))), "UNKNOWN");
}

TEST_CASE("a result has a value, which may only be moved, or an error") {
    Result<std::unique_ptr<int>> good(std::make_unique<int>(7));
    REQUIRE(good.has_value());
    CHECK(static_cast<bool>(good));
    const std::unique_ptr<int> taken = std::move(*good);
    CHECK_EQ(*taken, 7);
    const Result<int> bad{Status(Errc::not_found)};
    CHECK_FALSE(bad.has_value());
    CHECK_EQ(bad.error().code(), Errc::not_found);
}

TEST_CASE("reading the value of an error, or making an error of ok, ends the process") {
    const auto value_of_error = [] {
        signal(SIGABRT, SIG_DFL);
        return Result<int>(Status(Errc::busy)).value();
    };
    CHECK_EQ(test::run_in_child(value_of_error).signal, SIGABRT);
    const auto error_of_ok = [] {
        signal(SIGABRT, SIG_DFL);
        return Result<int>(Status()).has_value() ? 1 : 0;
    };
    CHECK_EQ(test::run_in_child(error_of_ok).signal, SIGABRT);
}
