#include "engine/store_opening.h"

#include <doctest/doctest.h>
#include <fstream>

#include "engine/bench.h"

using test::Bench;

TEST_CASE("a device that holds something else is left alone, and says so") {
    const test::Folder folder;
    const std::string path = folder.file("a");
    std::string content(64u << 20, 'x');
    std::ofstream(path) << content;
    {
        Bench bench(test::options_for({path}));
        CHECK_EQ(bench.opened.status.code(), base::Errc::foreign);
        CHECK(bench.opened.sentence.starts_with("device " + path + ": "));
        CHECK_EQ(bench.attach(test::volume_config(1, 1)).status.code(), base::Errc::closed);
    }
    std::string after(content.size(), '\0');
    std::ifstream(path).read(after.data(), static_cast<std::streamsize>(after.size()));
    CHECK((after == content));
}

TEST_CASE("a device too small for a store is refused, and the file made for it removed") {
    const test::Folder folder;
    engine::Options options = test::options_for({folder.file("good"), folder.file("small")});
    options.devices[1].bytes = 1u << 20;
    const Bench bench(options);
    CHECK_EQ(bench.opened.status.code(), base::Errc::invalid_argument);
    CHECK(bench.opened.sentence.find("small") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(folder.file("good")));
    CHECK_FALSE(std::filesystem::exists(folder.file("small")));
}

TEST_CASE("recovery is told, up to its end; formatting is not recovery") {
    const test::Folder folder;
    const engine::Options options = test::options_for({folder.file("a")});
    {
        Bench bench(options);
        REQUIRE(bench.opened.ok());
        CHECK(bench.take_events().empty());
    }
    Bench bench(options);
    REQUIRE(bench.opened.ok());
    const std::vector<engine::Event> events = bench.take_events();
    REQUIRE_FALSE(events.empty());
    CHECK_EQ(events.back().kind, engine::EventKind::recovery);
    CHECK_EQ(events.back().device, folder.file("a"));
    CHECK_EQ(events.back().segments_done, events.back().segments_total);
}
