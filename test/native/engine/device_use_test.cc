#include "engine/device_use.h"

#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

#include "engine/bench.h"
#include "loop_device.h"

namespace {

using engine::DeviceUse;
using engine::find_device_use;

std::string make_image(const test::Folder& folder) {
    std::string path = folder.file("image");
    const std::ofstream made(path);
    std::filesystem::resize_file(path, uint64_t{64} << 20);
    return path;
}

}  // namespace

TEST_CASE("a file that a gateway has open is told apart from one that nobody uses") {
    const test::Folder folder;
    const std::string path = make_image(folder);
    CHECK(find_device_use(path) == DeviceUse::free);
    const int fd = ::open(path.c_str(), O_RDWR);
    REQUIRE(flock(fd, LOCK_EX | LOCK_NB) == 0);
    CHECK(find_device_use(path) == DeviceUse::gateway);
    ::close(fd);
    CHECK(find_device_use(path) == DeviceUse::free);
}

TEST_CASE("an engine's devices are in a gateway's use") {
    const test::Folder folder;
    const std::string path = folder.file("disk");
    test::Bench bench(test::options_for({path}));
    REQUIRE(bench.opened.ok());
    CHECK(find_device_use(path) == DeviceUse::gateway);
    REQUIRE(bench.close().ok());
    CHECK(find_device_use(path) == DeviceUse::free);
}

TEST_CASE("a loop device's file, and a block device that is claimed, are in the system's use") {
    const test::Folder folder;
    const std::string image = make_image(folder);
    {
        const test::LoopDevice loop(image, 512);
        if (!loop.good()) {
            MESSAGE("skipped: no loop device can be made here");
            return;
        }
        CHECK(find_device_use(image) == DeviceUse::system);
        CHECK(find_device_use(loop.path()) == DeviceUse::free);
        // As a mount does.
        const int claim = ::open(loop.path().c_str(), O_RDONLY | O_EXCL);
        REQUIRE(claim >= 0);
        CHECK(find_device_use(loop.path()) == DeviceUse::system);
        ::close(claim);
        CHECK(find_device_use(loop.path()) == DeviceUse::free);
    }
    CHECK(find_device_use(image) == DeviceUse::free);
}

TEST_CASE("every use but none is said") {
    CHECK(engine::describe_use(DeviceUse::free) == nullptr);
    CHECK(engine::describe_use(DeviceUse::gateway) != nullptr);
    CHECK(engine::describe_use(DeviceUse::system) != nullptr);
}
