#include "engine/assembly.h"

#include <cerrno>
#include <csignal>
#include <doctest/doctest.h>
#include <sys/resource.h>

#include "engine/bench.h"

namespace {

// Files may not be written beyond `bytes` while this lives: the devices' writes fail with EFBIG.
class FileLimit {
  public:
    explicit FileLimit(uint64_t bytes) {
        signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("what is used of the kernel and of each device is said in sentences") {
    const test::Folder folder;
    engine::Options options = test::options_for({folder.file("a"), folder.file("b")}, 2);
    options.devices[1].durability = store::Durability::flush;
    test::Bench bench(options);
    REQUIRE(bench.opened.ok());
    const std::vector<std::string> features = bench.engine.features().value();
    REQUIRE_EQ(features.size(), 4u);
    CHECK(features[0].starts_with("io_uring"));
    CHECK(features[1].find("16 MiB") != std::string::npos);
    CHECK(features[2].find(folder.file("a")) != std::string::npos);
    CHECK(features[2].find("without a flush, as configured") != std::string::npos);
    CHECK(features[3].find("flushed") != std::string::npos);
}

TEST_CASE("devices are listed in the order given, each with its store's numbers") {
    const test::Folder folder;
    engine::Options options =
        test::options_for({folder.file("a"), folder.file("b"), folder.file("c")}, 2);
    options.devices[1].bytes *= 2;
    options.devices[2].durability = store::Durability::flush;
    test::Bench bench(options);
    REQUIRE(bench.opened.ok());
    const std::vector<engine::DeviceStatus> devices = bench.engine.devices().value();
    REQUIRE_EQ(devices.size(), 3u);
    for (size_t index = 0; index < 3; ++index) {
        CHECK_EQ(devices[index].path, options.devices[index].path);
        CHECK_FALSE(devices[index].stats.failed);
    }
    CHECK_EQ(devices[0].stats.capacity_bytes, devices[2].stats.capacity_bytes);
    CHECK(devices[1].stats.capacity_bytes > devices[0].stats.capacity_bytes);
    CHECK_FALSE(devices[1].flushes);
    CHECK(devices[2].flushes);
    CHECK_FALSE((devices[0].store_id == devices[2].store_id));
}

TEST_CASE("a device that fails is told once and stops alone; closing goes on as ever") {
    const test::Folder folder;
    test::Bench bench(test::options_for({folder.file("a")}, 2));
    REQUIRE(bench.opened.ok());
    REQUIRE(bench.listen().ok());
    REQUIRE(bench.attach(test::volume_config(1, 2)).ok());
    REQUIRE(bench.attach_ram(test::shown(2, 1024)).ok());
    auto host = bench.connect(1);
    auto other = bench.connect(2);
    REQUIRE((host != nullptr && other != nullptr));
    const auto data = test::pattern(1, 8);
    REQUIRE(host->write(0, data).ok());
    bench.take_events();
    {
        const FileLimit limit(4096);
        CHECK_FALSE(host->write(8, data).ok());
        CHECK_FALSE(host->write(16, data).ok());
    }
    CHECK_FALSE(host->write(24, data).ok());
    std::vector<engine::Event> events = bench.take_events();
    // Control hears of the group again and again.
    std::erase_if(events, [](const engine::Event& event) {
        return event.kind == engine::EventKind::group_suspect;
    });
    REQUIRE_EQ(events.size(), 1u);
    CHECK_EQ(events[0].kind, engine::EventKind::device_failed);
    CHECK_EQ(events[0].device, folder.file("a"));
    CHECK_EQ(events[0].error, static_cast<uint32_t>(EFBIG));
    const std::vector<engine::DeviceStatus> devices = bench.engine.devices().value();
    CHECK(devices[0].stats.failed);
    std::vector<uint8_t> back(data.size());
    CHECK_FALSE(host->read(0, back).ok());  // Such a member serves no more.
    CHECK(other->write(0, data).ok());
    CHECK(bench.close().ok());
}
