#include "engine/device_contents.h"

#include <fstream>
#include <vector>

#include "engine/bench.h"
#include "loop_device.h"
#include "store/superblocks.h"

namespace {

using base::Errc;
using engine::DeviceHolds;

constexpr uint64_t mebi = uint64_t{1} << 20;
constexpr uint64_t file_bytes = 16 * mebi;

struct Disk {
    test::Folder folder;
    std::string path = folder.file("disk");

    explicit Disk(uint64_t bytes = file_bytes) {
        const std::ofstream made(path);
        std::filesystem::resize_file(path, bytes);
    }
    void put(uint64_t offset, const void* bytes, size_t count) const {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(offset));
        file.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count));
        REQUIRE(file.good());
    }
    void put_superblock(uint64_t offset, uint8_t id = 7, bool good = true) const {
        store::Superblock super{};
        super.store_id[0] = id;
        super.version = store::format_version;
        super.generation = 1;
        super.device_bytes = file_bytes;
        super.segments_offset = store::segments_offset;
        super.segment_bytes = mebi / 2;
        super.segment_count = 28;
        std::vector<uint8_t> block(4096);
        store::write_superblock(block.data(), super);
        block[100] = good ? block[100] : 1;
        put(offset, block.data(), block.size());
    }
    [[nodiscard]] engine::DeviceContents read() const {
        const auto contents = engine::read_device_contents(path);
        REQUIRE(contents.has_value());
        return *contents;
    }
};

}  // namespace

TEST_CASE("zeroes are nothing, and so is what lies between the ends") {
    const Disk disk;
    CHECK(disk.read().holds == DeviceHolds::nothing);
    disk.put(2 * mebi, "x", 1);
    disk.put(15 * mebi - 1, "x", 1);
    CHECK(disk.read().holds == DeviceHolds::nothing);
}

TEST_CASE("one good superblock is a store, whatever became of the other") {
    const Disk disk;
    disk.put_superblock(mebi, 0xab);
    disk.put(0, "XFSB", 4);
    const engine::DeviceContents contents = disk.read();
    CHECK(contents.holds == DeviceHolds::store);
    CHECK_EQ(contents.store_id[0], 0xab);
    CHECK_EQ(contents.segment_bytes, mebi / 2);
    CHECK_EQ(contents.segment_count, 28);
}

TEST_CASE("a store without a good superblock is a damaged one, with the rule that is broken") {
    const Disk disk;
    disk.put_superblock(0, 1, false);
    const engine::DeviceContents contents = disk.read();
    CHECK(contents.holds == DeviceHolds::damaged_store);
    CHECK_EQ(contents.description, "the checksum is wrong");
}

TEST_CASE("what is not ours is named; what has no name is told by its place") {
    for (const uint64_t offset : {uint64_t{3}, 2 * mebi - 1, file_bytes - mebi, file_bytes - 1}) {
        const Disk disk;
        disk.put(offset, "?", 1);
        const engine::DeviceContents contents = disk.read();
        CHECK(contents.holds == DeviceHolds::other);
        CHECK_EQ(contents.description, "something unknown, at byte " + std::to_string(offset));
    }
    const Disk disk;
    disk.put(0, "XFSB", 4);
    CHECK_EQ(disk.read().description, "an XFS file system");
}

TEST_CASE("formatting that was cut short before its superblocks leaves nothing") {
    for (const uint64_t bytes : {file_bytes, file_bytes + 512}) {
        const Disk disk(bytes);
        const uint64_t offset = file_bytes - mebi / 2;
        disk.put(offset, "ASHLsegm and the rest of a header", 33);
        CHECK(disk.read().holds == DeviceHolds::nothing);
        disk.put(offset + 4096, "ASHLbtch", 8);
        CHECK_EQ(disk.read().description,
                 "something unknown, at byte " + std::to_string(offset + 4096));
    }
}

TEST_CASE("what real programs leave is named, where they are installed") {
    const struct {
        const char* command;
        const char* name;
    } programs[] = {
        {"mkfs.ext4 -q -F", "an ext4 file system"},
        {"mkfs.ext2 -q -F", "an ext2 file system"},
        {"mkswap -q", "a swap area"},
        {"echo 'label: gpt' | sfdisk -q", "a GPT partition table"},
        {"echo ';' | sfdisk -q --label dos", "an MBR partition table"},
    };
    for (const auto& [command, name] : programs) {
        const Disk disk;
        // sbin is not in everybody's path.
        test::output_of("export PATH=$PATH:/usr/sbin:/sbin; " + std::string(command) + " " +
                        disk.path);
        const engine::DeviceContents contents = disk.read();
        if (contents.holds == DeviceHolds::nothing) {
            MESSAGE("skipped, not installed: ", command);
            continue;
        }
        CHECK_EQ(contents.description, name);
    }
}

TEST_CASE("erasing the ends leaves nothing to be found, to the last byte of an odd size") {
    for (const uint64_t bytes : {uint64_t{4096}, 2 * mebi + 4096, file_bytes, file_bytes + 512}) {
        const Disk disk(bytes);
        disk.put(0, "XFSB", 4);
        disk.put(bytes - 512, "EFI PART", 8);
        CHECK(disk.read().holds == DeviceHolds::other);
        CHECK(engine::erase_device_ends(disk.path).ok());
        CHECK(disk.read().holds == DeviceHolds::nothing);
        CHECK_EQ(std::filesystem::file_size(disk.path), bytes);
    }
}

TEST_CASE("discarding gives back what lies between the ends, and nothing of them") {
    const Disk disk;
    const std::vector<uint8_t> all(file_bytes, 0x5a);
    disk.put(0, all.data(), all.size());
    engine::discard_between_ends(disk.path);
    std::ifstream file(disk.path, std::ios::binary);
    std::vector<uint8_t> read(file_bytes);
    file.read(reinterpret_cast<char*>(read.data()), static_cast<std::streamsize>(read.size()));
    CHECK_EQ(read[2 * mebi - 1], 0x5a);
    CHECK_EQ(read[2 * mebi], 0);
    CHECK_EQ(read[15 * mebi - 1], 0);
    CHECK_EQ(read[15 * mebi], 0x5a);
}

TEST_CASE("a path without a device is not found") {
    const test::Folder folder;
    const std::string path = folder.file("none");
    CHECK(engine::read_device_contents(path).error().code() == Errc::not_found);
    CHECK(engine::erase_device_ends(path).code() == Errc::not_found);
    engine::discard_between_ends(path);
    CHECK_FALSE(std::filesystem::exists(path));
}
