#include "engine/device_preparing.h"

#include <cstring>
#include <fstream>
#include <initializer_list>

#include "engine/bench.h"
#include "loop_device.h"

namespace {

using base::Errc;
using engine::DeviceHolds;

constexpr uint64_t mebi = uint64_t{1} << 20;
constexpr uint64_t disk_bytes = 64 * mebi;

struct Tools {
    test::Folder folder;
    std::string path = folder.file("disk");
    engine::Prepared prepared;
    engine::Retired retired;
    std::string sentence;

    Errc prepare(uint64_t bytes, bool force = false) { return prepare_at(path, bytes, force); }
    Errc prepare_at(const std::string& at, uint64_t bytes, bool force = false) {
        prepared = {};
        return told(at, engine::prepare_device({at, bytes, mebi, force}, prepared));
    }
    Errc retire(bool force = false) { return retire_at(path, force); }
    Errc retire_at(const std::string& at, bool force = false) {
        retired = {};
        return told(at, engine::retire_device(at, force, retired));
    }
    Errc told(const std::string& at, const engine::Outcome& outcome) {
        sentence = outcome.sentence;
        CHECK(outcome.ok() == sentence.empty());
        CHECK((outcome.ok() || sentence.starts_with("device " + at + " ")));
        return outcome.status.code();
    }
    DeviceHolds holds() const {
        engine::DeviceSurvey survey;
        REQUIRE(engine::survey_device(path, survey).ok());
        return survey.contents.holds;
    }
    void put(const std::string& at, uint64_t offset, const char* text) const {
        std::fstream file(at, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(offset));
        file.write(text, static_cast<std::streamsize>(std::strlen(text)));
        REQUIRE(file.good());
    }
    void make_file(uint64_t bytes) const {
        const std::ofstream made(path);
        std::filesystem::resize_file(path, bytes);
    }
    // A gateway writes a block there, and leaves.
    void write_block() const {
        test::Bench bench(test::options_for({path}));
        REQUIRE(bench.opened.ok());
        REQUIRE(bench.attach(test::volume_config(1, 1)).ok());
        REQUIRE(bench.listen().ok());
        const auto host = bench.connect(1);
        REQUIRE(host != nullptr);
        CHECK(host->write(0, test::pattern(1, 1)).ok());
        REQUIRE(bench.close().ok());
    }
};

}  // namespace

TEST_CASE("a file is made and prepared, and a gateway takes it as its store") {
    Tools tools;
    REQUIRE(tools.prepare(disk_bytes) == Errc::ok);
    CHECK(tools.prepared.made);
    CHECK(tools.prepared.erased.empty());
    CHECK(tools.prepared.device.contents.holds == DeviceHolds::store);
    CHECK(tools.prepared.device.use == engine::DeviceUse::free);
    CHECK_EQ(tools.prepared.device.contents.segment_bytes, mebi);
    test::Bench bench(test::options_for({tools.path}));
    REQUIRE(bench.opened.ok());
    CHECK(bench.engine.devices()->front().store_id == tools.prepared.device.contents.store_id);
    REQUIRE(bench.close().ok());
}

TEST_CASE("preparing refuses a store that is there, forced or not") {
    Tools tools;
    REQUIRE(tools.prepare(disk_bytes) == Errc::ok);
    const base::Uuid id = tools.prepared.device.contents.store_id;
    CHECK(tools.prepare(0) == Errc::already_exists);
    CHECK(tools.prepare(0, true) == Errc::already_exists);
    engine::DeviceSurvey survey;
    REQUIRE(engine::survey_device(tools.path, survey).ok());
    CHECK(survey.contents.store_id == id);
}

TEST_CASE("preparing names what is not ours and leaves it; forced, it is erased") {
    for (const uint64_t offset : {uint64_t{0}, disk_bytes - 512}) {
        Tools tools;
        tools.make_file(disk_bytes);
        const bool head = offset == 0;
        tools.put(tools.path, offset, head ? "XFSB" : "EFI PART");
        const std::string name =
            head ? "an XFS file system" : "the backup of a GPT partition table";
        CHECK(tools.prepare(0) == Errc::foreign);
        CHECK(tools.sentence.find(name) != std::string::npos);
        CHECK(tools.holds() == DeviceHolds::other);
        {
            const test::Bench gateway(test::options_for({tools.path}));
            CHECK_EQ(gateway.opened.status.code(), Errc::foreign);
            CHECK(gateway.opened.sentence.find(name) != std::string::npos);
        }
        REQUIRE(tools.prepare(0, true) == Errc::ok);
        CHECK_EQ(tools.prepared.erased, name);
        CHECK_FALSE(tools.prepared.made);
        CHECK(tools.holds() == DeviceHolds::store);
    }
}

TEST_CASE("a device that is too small keeps its content even when forced") {
    Tools tools;
    tools.make_file(5 * mebi);
    tools.put(tools.path, 0, "XFSB");
    CHECK(tools.prepare(0, true) == Errc::invalid_argument);
    CHECK(tools.holds() == DeviceHolds::other);
}

TEST_CASE("a file is made only with a size, never among the devices, and not left behind") {
    Tools tools;
    CHECK(tools.prepare(0) == Errc::invalid_argument);
    CHECK(tools.prepare(mebi) == Errc::invalid_argument);
    CHECK_FALSE(std::filesystem::exists(tools.path));
    CHECK(tools.prepare_at("/dev/ashlar-no-such-disk", disk_bytes) == Errc::not_found);
    CHECK_FALSE(std::filesystem::exists("/dev/ashlar-no-such-disk"));
    tools.make_file(disk_bytes);
    CHECK(tools.prepare(2 * disk_bytes) == Errc::invalid_argument);
    CHECK(tools.prepare(disk_bytes) == Errc::ok);
}

TEST_CASE("neither tool touches a device that is in use, forced or not") {
    Tools tools;
    test::Bench bench(test::options_for({tools.path}));
    REQUIRE(bench.opened.ok());
    for (const bool force : {false, true}) {
        CHECK(tools.prepare(0, force) == Errc::busy);
        CHECK(tools.retire(force) == Errc::busy);
    }
    CHECK(tools.holds() == DeviceHolds::store);
    REQUIRE(bench.close().ok());
}

TEST_CASE("a retired device is empty and can be prepared anew") {
    Tools tools;
    REQUIRE(tools.prepare(disk_bytes) == Errc::ok);
    const base::Uuid first = tools.prepared.device.contents.store_id;
    REQUIRE(tools.retire() == Errc::ok);
    CHECK(tools.retired.store_id == first);
    CHECK_FALSE(tools.retired.damaged);
    CHECK(tools.holds() == DeviceHolds::nothing);
    CHECK(tools.retire() == Errc::not_found);
    REQUIRE(tools.prepare(0) == Errc::ok);
    CHECK(tools.prepared.device.contents.store_id != first);
}

TEST_CASE("a store with live blocks is retired by force only") {
    Tools tools;
    REQUIRE(tools.prepare(disk_bytes) == Errc::ok);
    tools.write_block();
    CHECK(tools.retire() == Errc::busy);
    CHECK(tools.sentence.find("bytes of volumes") != std::string::npos);
    CHECK(tools.holds() == DeviceHolds::store);
    REQUIRE(tools.retire(true) == Errc::ok);
    CHECK(tools.holds() == DeviceHolds::nothing);
    // What it held is not to be seen in the next store either.
    REQUIRE(tools.prepare(0) == Errc::ok);
    CHECK(tools.retire() == Errc::ok);
}

TEST_CASE("retiring refuses what is not a store, forced or not, and what is not there") {
    Tools tools;
    CHECK(tools.retire(true) == Errc::not_found);
    CHECK_FALSE(std::filesystem::exists(tools.path));
    tools.make_file(disk_bytes);
    tools.put(tools.path, 0, "XFSB");
    for (const bool force : {false, true}) {
        CHECK(tools.retire(force) == Errc::foreign);
        CHECK(tools.sentence.find("an XFS file system") != std::string::npos);
    }
    CHECK(tools.holds() == DeviceHolds::other);
}

TEST_CASE("a damaged store is neither prepared over nor retired, but by force") {
    Tools tools;
    REQUIRE(tools.prepare(disk_bytes) == Errc::ok);
    for (const uint64_t copy : {uint64_t{0}, mebi}) {
        tools.put(tools.path, copy + 40, "damage");
    }
    REQUIRE(tools.holds() == DeviceHolds::damaged_store);
    CHECK(tools.prepare(0, true) == Errc::already_exists);
    CHECK(tools.retire() == Errc::corrupt);
    REQUIRE(tools.retire(true) == Errc::ok);
    CHECK(tools.retired.damaged);
    CHECK(tools.holds() == DeviceHolds::nothing);
}

TEST_CASE("block devices of either sector size are prepared, used and retired") {
    for (const uint32_t sector_bytes : {512u, 4096u}) {
        Tools tools;
        tools.make_file(disk_bytes);
        const test::LoopDevice loop(tools.path, sector_bytes);
        if (!loop.good()) {
            MESSAGE("skipped: no loop device can be made here");
            return;
        }
        CHECK(tools.prepare(0) == Errc::busy);
        CHECK(tools.prepare_at(loop.path(), disk_bytes) == Errc::invalid_argument);
        tools.put(loop.path(), disk_bytes - sector_bytes, "EFI PART");
        CHECK(tools.prepare_at(loop.path(), 0) == Errc::foreign);
        REQUIRE(tools.prepare_at(loop.path(), 0, true) == Errc::ok);
        CHECK(tools.prepared.device.is_block_device);
        CHECK_EQ(tools.prepared.device.logical_block_bytes, sector_bytes);
        loop.settle();
        {
            test::Bench bench(test::options_for({loop.path()}));
            REQUIRE(bench.opened.ok());
            CHECK(tools.retire_at(loop.path(), true) == Errc::busy);
            REQUIRE(bench.close().ok());
        }
        CHECK(tools.retire_at(loop.path()) == Errc::ok);
        CHECK(tools.prepare_at(loop.path(), 0) == Errc::ok);
    }
}
