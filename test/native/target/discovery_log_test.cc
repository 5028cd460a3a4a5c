#include "target/discovery_log.h"

#include <doctest/doctest.h>

using target::DiscoveryEntry;
using target::DiscoveryLog;
using Names = std::vector<std::string>;

namespace {

const DiscoveryEntry a1{"host-a", "volume-1", "10.0.0.1", 4420};
const DiscoveryEntry a2{"host-a", "volume-2", "10.0.0.1", 4420};
const DiscoveryEntry b1{"host-b", "volume-1", "10.0.0.1", 4420};

}  // namespace

TEST_CASE("each host has its own view, in one order and without doubles") {
    DiscoveryLog log;
    CHECK((log.replace({a2, b1, a1, a2}) == Names{"host-a", "host-b"}));
    const auto view = log.view("host-a");
    REQUIRE_EQ(view->entries.size(), 2u);
    CHECK_EQ(view->entries[0].subsystem_nqn, "volume-1");
    CHECK_EQ(log.view("host-b")->entries.size(), 1u);
    CHECK(log.view("host-c")->entries.empty());
}

TEST_CASE("a replacement tells whose view has changed, and only theirs has a new generation") {
    DiscoveryLog log;
    log.replace({a1, b1});
    const uint64_t of_a = log.view("host-a")->generation;
    const uint64_t of_b = log.view("host-b")->generation;
    CHECK(log.replace({b1, a1}).empty());
    CHECK((log.replace({a1, a2, b1}) == Names{"host-a"}));
    CHECK_GT(log.view("host-a")->generation, of_a);
    CHECK_EQ(log.view("host-b")->generation, of_b);
}

TEST_CASE("a host that loses its last entry sees a new generation, and another when it returns") {
    DiscoveryLog log;
    log.replace({a1, b1});
    const uint64_t before = log.view("host-a")->generation;
    CHECK((log.replace({b1}) == Names{"host-a"}));
    const uint64_t empty = log.view("host-a")->generation;
    CHECK_GT(empty, before);
    CHECK((log.replace({a1, b1}) == Names{"host-a"}));
    CHECK_GT(log.view("host-a")->generation, empty);
}

TEST_CASE("a view that a reader holds does not change under it") {
    DiscoveryLog log;
    log.replace({a1});
    const auto view = log.view("host-a");
    log.replace({});
    CHECK_EQ(view->entries.size(), 1u);
}
