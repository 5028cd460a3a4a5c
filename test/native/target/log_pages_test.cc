#include <doctest/doctest.h>

#include "target/harness.h"

using nvme::LogPage;
using test::Fixture;
using test::Reply;
using test::Wire;

namespace {

std::vector<target::DiscoveryEntry> volumes(uint32_t count) {
    std::vector<target::DiscoveryEntry> entries;
    for (uint32_t index = 0; index < count; ++index) {
        entries.push_back({test::host_nqn,
                           "nqn.2024-01.org.ashlar:volume:" + std::to_string(100 + index),
                           "10.0.0.1",
                           4420});
    }
    return entries;
}

uint64_t generation(Wire& admin) {
    return admin.run(test::get_log(LogPage::discovery, 1024, 0, true))
        .as<nvme::DiscoveryLogHeader>()
        .generation;
}

}  // namespace

TEST_CASE("every page a host needs is there, of any length up to MDTS") {
    Fixture fixture;
    const auto admin = fixture.connect_volume();
    for (const LogPage page : {LogPage::supported_pages,
                               LogPage::errors,
                               LogPage::smart,
                               LogPage::firmware_slots,
                               LogPage::changed_namespaces,
                               LogPage::command_effects}) {
        for (const uint64_t bytes : {4u, 512u, 4096u, 262144u}) {
            const Reply reply = admin->run(test::get_log(page, bytes));
            CHECK_EQ(reply.status, nvme::success);
            CHECK_EQ(reply.data.size(), bytes);
        }
        CHECK_EQ(admin->run(test::get_log(page, 262148)).status, nvme::invalid_field);
        CHECK_EQ(admin->run(test::get_log(page, 4, 2)).status, nvme::invalid_field);
        CHECK_EQ(admin->run(test::get_log(page, 4, uint64_t{1} << 40)).status, nvme::invalid_field);
    }
    for (const uint32_t page : {0x06u, 0x0cu, 0x70u, 0x80u, 0xffu}) {
        CHECK_EQ(admin->run(test::get_log(static_cast<LogPage>(page), 512)).status,
                 nvme::invalid_log_page);
    }
}

TEST_CASE("a page read in pieces is the page") {
    Fixture fixture;
    const auto admin = fixture.connect_volume();
    const Reply whole = admin->run(test::get_log(LogPage::command_effects, 4096));
    for (const uint64_t piece : {4u, 60u, 1000u}) {
        std::vector<uint8_t> joined;
        for (uint64_t offset = 0; offset < 4096; offset += piece) {
            const uint64_t bytes = std::min<uint64_t>(piece, 4096 - offset);
            const Reply reply = admin->run(test::get_log(LogPage::command_effects, bytes, offset));
            joined.insert(joined.end(), reply.data.begin(), reply.data.end());
        }
        CHECK((joined == whole.data));
    }
    // Beyond its end there is nothing.
    const Reply end = admin->run(test::get_log(LogPage::command_effects, 8, 4096));
    CHECK((end.data == std::vector<uint8_t>(8, 0)));
}

TEST_CASE("the effects log names the commands there are and those that change blocks") {
    Fixture fixture;
    const auto admin = fixture.connect_volume();
    const auto log =
        admin->run(test::get_log(LogPage::command_effects, 4096)).as<nvme::CommandEffectsLog>();
    CHECK_EQ(log.admin[0x06], 1u);
    CHECK_EQ(log.admin[0x0d], 0u);
    CHECK_EQ(log.io[0x02], 1u);
    CHECK_EQ(log.io[0x01], 3u);
    CHECK_EQ(log.io[0x09], 3u);
    CHECK_EQ(log.io[0x0d], 0u);
}

TEST_CASE("the firmware slot log names the gateway's revision") {
    Fixture fixture;
    const auto admin = fixture.connect_volume();
    const auto log =
        admin->run(test::get_log(LogPage::firmware_slots, 512)).as<nvme::FirmwareSlotLog>();
    CHECK_EQ(log.active, 1);
    CHECK_EQ(std::string(log.revisions[0], 8), "1.0     ");
    CHECK_EQ(log.revisions[1][0], 0);
}

TEST_CASE("a host sees its own entries of the discovery log and nobody else's") {
    Fixture fixture;
    REQUIRE(fixture.target->set_discovery(volumes(3)).ok());
    const auto mine = fixture.connect_discovery();
    const auto theirs = fixture.connect_discovery(test::other_host_nqn);
    const auto count = [](Wire& admin) {
        return uint64_t{admin.run(test::get_log(LogPage::discovery, 1024))
                            .as<nvme::DiscoveryLogHeader>()
                            .record_count};
    };
    CHECK_EQ(count(*mine), 3u);
    CHECK_EQ(count(*theirs), 0u);
}

TEST_CASE("a long discovery log is read in pieces of any size") {
    Fixture fixture;
    REQUIRE(fixture.target->set_discovery(volumes(40)).ok());
    const auto admin = fixture.connect_discovery();
    const Reply whole = admin->run(test::get_log(LogPage::discovery, 41 * 1024));
    for (const uint64_t piece : {512u, 1020u, 4096u, 10000u}) {
        std::vector<uint8_t> joined;
        for (uint64_t offset = 0; offset < whole.data.size(); offset += piece) {
            const uint64_t bytes = std::min<uint64_t>(piece, whole.data.size() - offset);
            const Reply reply = admin->run(test::get_log(LogPage::discovery, bytes, offset));
            joined.insert(joined.end(), reply.data.begin(), reply.data.end());
        }
        CHECK((joined == whole.data));
    }
    const auto* last =
        reinterpret_cast<const nvme::DiscoveryLogEntry*>(whole.data.data() + 40 * 1024);
    CHECK_EQ(std::string(last->subsystem_nqn), "nqn.2024-01.org.ashlar:volume:139");
    // A host that reads on while the log shrinks gets zeroes and sees it in GENCTR.
    const uint64_t before = generation(*admin);
    REQUIRE(fixture.target->set_discovery(volumes(1)).ok());
    CHECK_EQ(admin->run(test::get_log(LogPage::discovery, 4096, 30 * 1024)).status, nvme::success);
    CHECK_NE(generation(*admin), before);
    CHECK_EQ(admin->run(test::get_log(LogPage::discovery, 4, ~uint64_t{3})).status,
             nvme::invalid_field);
}

TEST_CASE("GENCTR moves when the host's own entries do, and only then") {
    Fixture fixture;
    REQUIRE(fixture.target->set_discovery(volumes(2)).ok());
    const auto admin = fixture.connect_discovery();
    const uint64_t first = generation(*admin);
    auto entries = volumes(2);
    std::swap(entries[0], entries[1]);
    REQUIRE(fixture.target->set_discovery(entries).ok());
    CHECK_EQ(generation(*admin), first);
    entries.push_back({test::other_host_nqn, test::volume_nqn, "10.0.0.1", 4420});
    REQUIRE(fixture.target->set_discovery(entries).ok());
    CHECK_EQ(generation(*admin), first);
    entries[0].port = 4421;
    REQUIRE(fixture.target->set_discovery(entries).ok());
    const uint64_t second = generation(*admin);
    CHECK_GT(second, first);
    REQUIRE(fixture.target->set_discovery({}).ok());
    CHECK_GT(generation(*admin), second);
}
