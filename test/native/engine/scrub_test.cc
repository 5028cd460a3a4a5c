// A pass over a device of an engine: begun, watched, ended, and what it tells.
#include "engine/scrub.h"

#include <doctest/doctest.h>
#include <fstream>

#include "engine/bench.h"
#include "initiator/commands.h"

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

store::ScrubProgress progress(Bench& bench, size_t device = 0) {
    return bench.engine.devices().value()[device].stats.scrub;
}

// Changes a byte of the block behind everyone's back; it is found by what it holds.
void damage(const std::string& path, const uint8_t* block) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    std::vector<char> there(4096);
    for (uint64_t at = 0;
         file.seekg(static_cast<std::streamoff>(at)), file.read(there.data(), 4096);
         at += 4096) {
        if (std::equal(there.begin(), there.end(), reinterpret_cast<const char*>(block))) {
            file.seekp(static_cast<std::streamoff>(at) + 100);
            file.put(static_cast<char>(~there[100]));
            return;
        }
    }
    FAIL("the block is not in the file");
}

std::vector<engine::Event> damage_told(Bench& bench) {
    std::vector<engine::Event> told;
    for (const engine::Event& event : bench.take_events()) {
        if (event.kind == engine::EventKind::checksum_error) {
            told.push_back(event);
        }
    }
    return told;
}

}  // namespace

TEST_CASE("a scrub finds a block that rotted, tells of it by volume, and a rewrite clears it") {
    const test::Folder folder;
    const std::string path = folder.file("a");
    Bench bench(test::options_for({path}));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach(test::volume_config(9, 4)).ok());
    auto host = bench.connect(9);
    REQUIRE(host != nullptr);
    const auto data = test::pattern(1, 16);
    const uint64_t first = test::extent_blocks - 5;
    REQUIRE(host->write(first, data).ok());
    damage(path, data.data() + 7 * size_t{4096});

    REQUIRE(start(bench, path, 0).ok());
    REQUIRE(test::eventually([&] { return progress(bench).passes == 1; }));
    CHECK_FALSE(progress(bench).running);
    CHECK_GE(progress(bench).blocks_read, 16u);
    CHECK_EQ(progress(bench).blocks_read, progress(bench).blocks_total);
    CHECK_EQ(progress(bench).blocks_damaged, 1u);
    const auto told = damage_told(bench);
    REQUIRE_EQ(told.size(), 1u);
    CHECK_EQ(told[0].volume.value, 9u);
    CHECK_EQ(told[0].block, first + 7);
    CHECK_EQ(bench.counter("store_scrub_passes"), 1u);
    CHECK_EQ(bench.counter("store_scrub_damaged_blocks_now"), 1u);

    const std::vector<uint8_t> block(data.begin(), data.begin() + 4096);
    REQUIRE(host->write(first + 7, block).ok());
    REQUIRE(start(bench, path, 0).ok());
    REQUIRE(test::eventually([&] { return progress(bench).passes == 2; }));
    CHECK_EQ(progress(bench).blocks_damaged, 0u);
    CHECK(damage_told(bench).empty());
    host->disconnect();
}

TEST_CASE("a scrub is of one device, runs once at a time, and ends when told to") {
    const test::Folder folder;
    const std::string path = folder.file("a");
    Bench bench(test::options_for({path, folder.file("b")}, 2));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach(test::volume_config(1, 8)).ok());
    auto host = bench.connect(1);
    REQUIRE(host != nullptr);
    for (uint64_t extent = 0; extent < 8; ++extent) {
        REQUIRE(host->write(extent * test::extent_blocks, test::pattern(2, 64)).ok());
    }
    REQUIRE(start(bench, path, 4096).ok());
    CHECK(progress(bench, 0).running);
    CHECK_FALSE(progress(bench, 1).running);
    const engine::Outcome again = start(bench, path, 4096);
    CHECK_EQ(again.status.code(), base::Errc::busy);
    CHECK_EQ(again.sentence, "device " + path + " is being scrubbed already");
    REQUIRE(stop(bench, path).ok());
    CHECK(test::eventually([&] { return !progress(bench).running; }));
    CHECK_EQ(progress(bench).passes, 0u);
    CHECK(stop(bench, path).ok());
    CHECK_EQ(start(bench, "/elsewhere", 0).status.code(), base::Errc::not_found);
    host->disconnect();
}

TEST_CASE("an engine closes while a scrub waits for its rate") {
    const test::Folder folder;
    const std::string path = folder.file("a");
    Bench bench(test::options_for({path}));
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach(test::volume_config(1, 1)).ok());
    auto host = bench.connect(1);
    REQUIRE(host != nullptr);
    REQUIRE(host->write(0, test::pattern(3, 64)).ok());
    REQUIRE(host->write(64, test::pattern(4, 64)).ok());
    REQUIRE(host->write(128, test::pattern(5, 64)).ok());
    REQUIRE(start(bench, path, 1).ok());
    host->disconnect();
    CHECK(bench.close().ok());
    CHECK_EQ(start(bench, path, 0).status.code(), base::Errc::closed);
}
