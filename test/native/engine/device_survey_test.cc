#include "engine/device_survey.h"

#include <fstream>
#include <sys/stat.h>

#include "engine/bench.h"
#include "loop_device.h"

namespace {

using base::Errc;
using engine::DeviceHolds;
using engine::DeviceUse;

constexpr uint64_t mebi = uint64_t{1} << 20;

}  // namespace

TEST_CASE("a running engine's device is surveyed without disturbing it") {
    const test::Folder folder;
    const std::string path = folder.file("disk");
    test::Bench bench(test::options_for({path}));
    REQUIRE(bench.opened.ok());
    engine::DeviceSurvey survey;
    REQUIRE(engine::survey_device(path, survey).ok());
    CHECK(survey.use == DeviceUse::gateway);
    CHECK(survey.contents.holds == DeviceHolds::store);
    CHECK(survey.contents.store_id == bench.engine.devices()->front().store_id);
    CHECK_FALSE(survey.is_block_device);
    CHECK_EQ(survey.path, path);
    CHECK_EQ(survey.bytes, 64 * mebi);
    REQUIRE(bench.close().ok());
}

TEST_CASE("a block device is surveyed with the size of its sectors") {
    const test::Folder folder;
    const std::string image = folder.file("image");
    const std::ofstream made(image);
    std::filesystem::resize_file(image, 64 * mebi);
    for (const uint32_t sector_bytes : {512u, 4096u}) {
        const test::LoopDevice loop(image, sector_bytes);
        if (!loop.good()) {
            MESSAGE("skipped: no loop device can be made here");
            return;
        }
        engine::DeviceSurvey survey;
        REQUIRE(engine::survey_device(loop.path(), survey).ok());
        CHECK(survey.is_block_device);
        CHECK_EQ(survey.logical_block_bytes, sector_bytes);
        CHECK_EQ(survey.bytes, 64 * mebi);
        CHECK(survey.contents.holds == DeviceHolds::nothing);
        CHECK(survey.use == DeviceUse::free);
    }
}

TEST_CASE("what is not a device is refused, and not waited for") {
    const test::Folder folder;
    engine::DeviceSurvey survey;
    const auto code = [&](const std::string& path) {
        const engine::Outcome outcome = engine::survey_device(path, survey);
        CHECK(outcome.sentence.starts_with("device " + path + " "));
        return outcome.status.code();
    };
    CHECK(code(folder.file("none")) == Errc::not_found);
    CHECK(code("/dev/null") == Errc::invalid_argument);
    CHECK(code(folder.file("")) == Errc::invalid_argument);
    REQUIRE(mkfifo(folder.file("pipe").c_str(), 0600) == 0);
    CHECK(code(folder.file("pipe")) == Errc::invalid_argument);
}
