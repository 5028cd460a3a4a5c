#include "engine/device.h"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

#include "engine/bench.h"

namespace {

struct Bench {
    test::Folder folder;
    std::unique_ptr<engine::ReactorThread> home = [] {
        auto thread = engine::ReactorThread::create({}, size_t{4} << 20);
        REQUIRE(thread.has_value());
        return std::move(*thread);
    }();

    engine::Device device(const std::string& path, uint64_t bytes) {
        engine::Device device;
        device.options = {path, bytes, store::Durability::automatic};
        device.home = home.get();
        return device;
    }
};

}  // namespace

TEST_CASE("a missing file is made, sparse, and one that is there is left as it is") {
    Bench bench;
    const std::string path = bench.folder.file("a");
    {
        engine::Device device = bench.device(path, 1u << 20);
        REQUIRE(engine::open_file(device).ok());
        CHECK(device.made);
        CHECK_EQ(device.file->geometry().bytes, 1u << 20);
    }
    engine::Device device = bench.device(path, 4u << 20);
    REQUIRE(engine::open_file(device).ok());
    CHECK_FALSE(device.made);
    CHECK_EQ(device.file->geometry().bytes, 1u << 20);
    engine::remove_made(device);
    CHECK(std::filesystem::exists(path));
}

TEST_CASE("what was made for nothing is removed") {
    Bench bench;
    engine::Device device = bench.device(bench.folder.file("a"), 4096);
    REQUIRE(engine::open_file(device).ok());
    engine::remove_made(device);
    CHECK_FALSE(std::filesystem::exists(device.options.path));
}

TEST_CASE("a device with the backup of a partition table at its end is refused") {
    Bench bench;
    engine::Device device = bench.device(bench.folder.file("a"), 4u << 20);
    REQUIRE(engine::open_file(device).ok());
    CHECK(engine::refuse_foreign(device).ok());
    std::fstream file(device.options.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((4 << 20) - 512);
    file << "EFI PART" << std::flush;
    const engine::Outcome outcome = engine::refuse_foreign(device);
    CHECK_EQ(outcome.status.code(), base::Errc::foreign);
    CHECK(outcome.sentence.find("the backup of a GPT partition table") != std::string::npos);
}

TEST_CASE("a device that cannot be opened is named, with the reason") {
    Bench bench;
    const auto refusal = [&bench](const std::string& path, uint64_t bytes) {
        engine::Device device = bench.device(path, bytes);
        const engine::Outcome outcome = engine::open_file(device);
        CHECK(outcome.sentence.starts_with("device " + path + " "));
        return outcome.status.code();
    };
    CHECK_EQ(refusal(bench.folder.file("a"), 0), base::Errc::invalid_argument);
    CHECK_EQ(refusal(bench.folder.file("none/a"), 4096), base::Errc::not_found);
    CHECK_EQ(refusal("/dev/null", 4096), base::Errc::invalid_argument);
    engine::Device holder = bench.device(bench.folder.file("held"), 4096);
    REQUIRE(engine::open_file(holder).ok());
    CHECK_EQ(refusal(bench.folder.file("held"), 4096), base::Errc::busy);
}
