#include "engine/device_stand.h"

#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include "engine/bench.h"

namespace {

using base::Errc;

constexpr uint64_t mebi = uint64_t{1} << 20;

}  // namespace

TEST_CASE("a store is formatted and read by calls that wait") {
    const test::Folder folder;
    const std::string path = folder.file("disk");
    engine::DeviceStand stand;
    REQUIRE(stand.open(path, 16 * mebi).ok());
    CHECK(stand.made());
    CHECK_EQ(stand.bytes(), 16 * mebi);
    uint64_t live_bytes = 1;
    CHECK(stand.read_live_bytes(live_bytes).status.code() == Errc::not_found);
    REQUIRE(stand.format(mebi).ok());
    CHECK(stand.format(mebi).status.code() == Errc::already_exists);
    REQUIRE(stand.read_live_bytes(live_bytes).ok());
    CHECK_EQ(live_bytes, 0);
}

TEST_CASE("a stand waits for one who only looks at its device, as udev does") {
    const test::Folder folder;
    const std::string path = folder.file("disk");
    {
        engine::DeviceStand stand;
        REQUIRE(stand.open(path, 16 * mebi).ok());
    }
    const int fd = open(path.c_str(), O_RDONLY);
    REQUIRE(flock(fd, LOCK_SH) == 0);
    std::thread looker([fd] {
        std::this_thread::sleep_for(std::chrono::milliseconds(120));
        close(fd);
    });
    engine::DeviceStand stand;
    CHECK(stand.open(path, 0).ok());
    looker.join();
}

TEST_CASE("a stand has its device to itself, and gives it back") {
    const test::Folder folder;
    const std::string path = folder.file("disk");
    {
        engine::DeviceStand stand;
        REQUIRE(stand.open(path, 16 * mebi).ok());
        engine::DeviceStand other;
        const engine::Outcome outcome = other.open(path, 16 * mebi);
        CHECK(outcome.status.code() == Errc::busy);
        CHECK(outcome.sentence.starts_with("device " + path + " is open in a gateway"));
    }
    engine::DeviceStand stand;
    CHECK(stand.open(path, 0).ok());
    CHECK_FALSE(stand.made());
    stand.unmake();
    CHECK(std::filesystem::exists(path));
}
