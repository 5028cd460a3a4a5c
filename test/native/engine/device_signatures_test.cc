#include "engine/device_signatures.h"

#include <cstring>
#include <string_view>
#include <vector>

namespace {

using std::string_view_literals::operator""sv;

constexpr uint64_t mebi = uint64_t{1} << 20;
constexpr uint64_t device_bytes = 64 * mebi;

// The ends of a device of which everything else is zero.
struct Ends {
    std::vector<uint8_t> head = std::vector<uint8_t>(2 * mebi);
    std::vector<uint8_t> tail = std::vector<uint8_t>(mebi);

    Ends& put(uint64_t offset, std::string_view bytes) {
        uint8_t* at = offset < head.size() ? head.data() + offset
                                           : tail.data() + offset - (device_bytes - tail.size());
        std::memcpy(at, bytes.data(), bytes.size());
        return *this;
    }
    [[nodiscard]] std::string name() const {
        return engine::name_foreign({head, tail, device_bytes});
    }
};

}  // namespace

TEST_CASE("zeroes and bytes of no known meaning have no name") {
    CHECK_EQ(Ends().name(), "");
    CHECK_EQ(Ends().put(0, "hello").put(device_bytes - 5, "world").name(), "");
}

TEST_CASE("partition tables are known, also by the backup alone") {
    CHECK_EQ(Ends().put(510, "\x55\xaa"sv).put(450, "\x83").name(), "an MBR partition table");
    CHECK_EQ(Ends().put(510, "\x55\xaa"sv).name(), "a boot sector");
    Ends protective;
    protective.put(510, "\x55\xaa"sv).put(450, "\xee");
    CHECK_EQ(protective.put(512, "EFI PART").name(), "a GPT partition table");
    CHECK_EQ(Ends().put(4096, "EFI PART").name(), "a GPT partition table");
    for (const uint64_t sector_bytes : {512u, 4096u}) {
        CHECK_EQ(Ends().put(device_bytes - sector_bytes, "EFI PART").name(),
                 "the backup of a GPT partition table");
    }
}

TEST_CASE("a GPT backup is found where the disk ends, between two blocks of 4096 bytes") {
    const std::vector<uint8_t> head(2 * mebi);
    std::vector<uint8_t> tail(mebi + 512);
    std::memcpy(tail.data() + mebi, "EFI PART", 8);
    CHECK_EQ(engine::name_foreign({head, tail, device_bytes + 512}),
             "the backup of a GPT partition table");
}

TEST_CASE("the generations of ext are told apart by their features") {
    const auto ext = [](uint64_t feature_at, const char* feature) {
        return Ends().put(1080, "\x53\xef").put(feature_at, feature).name();
    };
    CHECK_EQ(ext(1024 + 96, "\x42"), "an ext4 file system");
    CHECK_EQ(ext(1024 + 92, "\x04"), "an ext3 file system");
    CHECK_EQ(ext(1024 + 92, ""), "an ext2 file system");
}

TEST_CASE("other file systems, volume managers and swap are known by their marks") {
    const struct {
        uint64_t offset;
        std::string_view bytes;
        const char* name;
    } marks[] = {
        {0, "XFSB"sv, "an XFS file system"},
        {0x10040, "_BHRfS_M"sv, "a Btrfs file system"},
        {1024, "\x10\x20\xf5\xf2"sv, "an F2FS file system"},
        {3, "NTFS    "sv, "an NTFS file system"},
        {3, "EXFAT   "sv, "an exFAT file system"},
        {54, "FAT16   "sv, "a FAT file system"},
        {82, "FAT32   "sv, "a FAT file system"},
        {32769, "CD001"sv, "an ISO 9660 image"},
        {4086, "SWAPSPACE2"sv, "a swap area"},
        {0, "LUKS\xba\xbe"sv, "a LUKS volume"},
        {3, "-FVE-FS-"sv, "a BitLocker volume"},
        {536, "LVM2 001"sv, "an LVM physical volume"},
        {0, "bluestore block device\n"sv, "a Ceph OSD"},
        {4120,
         "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"sv,
         "a bcache device"},
    };
    for (const auto& mark : marks) {
        CHECK_EQ(Ends().put(mark.offset, mark.bytes).name(), mark.name);
    }
}

TEST_CASE("a member of an md array is known by each of its superblock's four places") {
    const uint64_t recent = device_bytes - 16 * 512;
    const uint64_t old = device_bytes - 65536;
    for (const uint64_t offset : {uint64_t{0}, uint64_t{4096}, recent, old}) {
        CHECK_EQ(Ends().put(offset, "\xfc\x4e\x2b\xa9"sv).name(), "a member of an md array");
    }
}

TEST_CASE("a member of a ZFS pool is known by each of its four labels, of either byte order") {
    const uint64_t label = uint64_t{256} << 10;
    const uint64_t ring = label / 2;
    for (const uint64_t at : {uint64_t{0}, label, device_bytes - 2 * label, device_bytes - label}) {
        CHECK_EQ(Ends().put(at + ring + 8192, "\x0c\xb1\xba\0\0\0\0\0"sv).name(),
                 "a member of a ZFS pool");
    }
    CHECK_EQ(Ends().put(ring, "\0\0\0\0\0\xba\xb1\x0c"sv).name(), "a member of a ZFS pool");
}

TEST_CASE("a device too short for a mark's place has not got it") {
    for (const size_t bytes : {size_t{0}, size_t{512}, size_t{4096}, size_t{8192}}) {
        const std::vector<uint8_t> all(bytes);
        CHECK_EQ(engine::name_foreign({all, all, bytes}), "");
    }
}
