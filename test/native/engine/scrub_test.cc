// A pass over a device of an engine: begun, watched, ended, and what it tells.
#include "engine/scrub.h"

#include <doctest/doctest.h>

#include "engine/bench.h"

namespace {

using test::Bench;
using test::wait_for;

engine::Outcome start(Bench& bench, const std::string& path, uint64_t bytes_per_second) {
    return wait_for([&](engine::Done done) {
        bench.engine.start_scrub(path, bytes_per_second, std::move(done));
    });
}

engine::Outcome stop(Bench& bench, const std::string& path) {
    return wait_for([&](engine::Done done) { bench.engine.stop_scrub(path, std::move(done)); });
}

}  // namespace

TEST_CASE("a scrub is of a device that there is, and of an engine that is open") {
    const test::Folder folder;
    Bench bench(test::options_for({folder.file("a")}));
    REQUIRE(bench.opened.ok());
    CHECK_EQ(start(bench, "/elsewhere", 0).status.code(), base::Errc::not_found);
    CHECK_EQ(stop(bench, "/elsewhere").sentence, "there is no device /elsewhere");
    CHECK(stop(bench, folder.file("a")).ok());
    CHECK(bench.close().ok());
    CHECK_EQ(start(bench, folder.file("a"), 0).status.code(), base::Errc::closed);
}
