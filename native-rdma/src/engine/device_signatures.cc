#include "engine/device_signatures.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/wire.h"

namespace engine {
namespace {

using std::string_view_literals::operator""sv;

struct Mark {
    const char* what;
    uint64_t offset;
    std::string_view bytes;
};

// From the device's start. The surer ones stand first: a boot sector's two bytes are in many.
constexpr Mark head_marks[] = {
    {"a GPT partition table", 512, "EFI PART"sv},
    {"a GPT partition table", 4096, "EFI PART"sv},
    {"a LUKS volume", 0, "LUKS\xba\xbe"sv},
    {"an LVM physical volume", 24, "LVM2 001"sv},
    {"an LVM physical volume", 512 + 24, "LVM2 001"sv},
    {"an LVM physical volume", 1024 + 24, "LVM2 001"sv},
    {"an LVM physical volume", 1536 + 24, "LVM2 001"sv},
    {"a member of an md array", 0, "\xfc\x4e\x2b\xa9"sv},
    {"a member of an md array", 4096, "\xfc\x4e\x2b\xa9"sv},
    {"an XFS file system", 0, "XFSB"sv},
    {"a Btrfs file system", 65536 + 64, "_BHRfS_M"sv},
    {"an F2FS file system", 1024, "\x10\x20\xf5\xf2"sv},
    {"a bcache device",
     4096 + 24,
     "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"sv},
    {"a Ceph OSD", 0, "bluestore block device"sv},
    {"a swap area", 4096 - 10, "SWAPSPACE2"sv},
    {"a swap area", 65536 - 10, "SWAPSPACE2"sv},
    {"a BitLocker volume", 3, "-FVE-FS-"sv},
    {"an NTFS file system", 3, "NTFS    "sv},
    {"an exFAT file system", 3, "EXFAT   "sv},
    {"a FAT file system", 54, "FAT1"sv},
    {"a FAT file system", 82, "FAT32"sv},
    {"an ISO 9660 image", 32769, "CD001"sv},
};

bool stands_at(std::span<const uint8_t> bytes, uint64_t offset, std::string_view mark) {
    return offset <= bytes.size() && bytes.size() - offset >= mark.size() &&
           std::memcmp(bytes.data() + offset, mark.data(), mark.size()) == 0;
}

template <typename Number>
Number number_at(std::span<const uint8_t> bytes, uint64_t offset) {
    Number number{};
    std::memcpy(&number, bytes.data() + offset, sizeof number);
    return number;
}

// The features tell the generations of the file system apart: extents, then the journal.
const char* name_ext(std::span<const uint8_t> head) {
    constexpr uint64_t superblock = 1024;
    if (!stands_at(head, superblock + 56, "\x53\xef"sv) || head.size() < superblock + 1024) {
        return nullptr;
    }
    const uint32_t compatible = number_at<base::le32>(head, superblock + 92);
    const uint32_t incompatible = number_at<base::le32>(head, superblock + 96);
    if ((incompatible & 0x40) != 0) {
        return "an ext4 file system";
    }
    return (compatible & 0x4) != 0 ? "an ext3 file system" : "an ext2 file system";
}

// A boot sector of four partitions; GPT has been looked for.
const char* name_mbr(std::span<const uint8_t> head) {
    if (!stands_at(head, 510, "\x55\xaa"sv)) {
        return nullptr;
    }
    for (const uint32_t type_offset : {450u, 466u, 482u, 498u}) {
        if (head[type_offset] != 0) {
            return "an MBR partition table";
        }
    }
    return "a boot sector";
}

constexpr uint64_t zfs_label_bytes = uint64_t{256} << 10;

// The second half of each label is a ring of uberblocks.
bool is_zfs_label(std::span<const uint8_t> label) {
    for (uint64_t at = zfs_label_bytes / 2; at + 1024 <= label.size(); at += 1024) {
        const uint64_t magic = number_at<base::le64>(label, at);
        if (magic == 0x00bab10c || magic == 0x0cb1ba0000000000) {
            return true;
        }
    }
    return false;
}

bool holds_zfs(const DeviceEnds& ends) {
    const uint64_t usable = ends.device_bytes - ends.device_bytes % zfs_label_bytes;
    const uint64_t tail_at = ends.device_bytes - ends.tail.size();
    for (uint64_t label = 0; label < 2; ++label) {
        if (ends.head.size() >= (label + 1) * zfs_label_bytes &&
            is_zfs_label(ends.head.subspan(label * zfs_label_bytes, zfs_label_bytes))) {
            return true;
        }
        const uint64_t back = (label + 1) * zfs_label_bytes;
        if (usable >= back + tail_at &&
            is_zfs_label(ends.tail.subspan(usable - back - tail_at, zfs_label_bytes))) {
            return true;
        }
    }
    return false;
}

// What lies at the device's end only, or there too: its first copy may be gone.
const char* name_tail(const DeviceEnds& ends) {
    const uint64_t tail_at = ends.device_bytes - ends.tail.size();
    const auto stands = [&](uint64_t offset, std::string_view mark) {
        return offset >= tail_at && stands_at(ends.tail, offset - tail_at, mark);
    };
    for (const uint64_t sector_bytes : {uint64_t{512}, uint64_t{4096}}) {
        if (ends.device_bytes >= sector_bytes &&
            stands(ends.device_bytes - sector_bytes, "EFI PART"sv)) {
            return "the backup of a GPT partition table";
        }
    }
    // Superblocks of version 1.0 and 0.90, which mdadm puts behind the data.
    const uint64_t sectors = ends.device_bytes / 512;
    const uint64_t recent = sectors < 16 ? 0 : ((sectors - 16) & ~uint64_t{7}) * 512;
    const uint64_t rounded = ends.device_bytes & ~uint64_t{65535};
    const uint64_t old = rounded < 65536 ? 0 : rounded - 65536;
    if (stands(recent, "\xfc\x4e\x2b\xa9"sv) || stands(old, "\xfc\x4e\x2b\xa9"sv)) {
        return "a member of an md array";
    }
    return nullptr;
}

}  // namespace

std::string name_foreign(const DeviceEnds& ends) {
    const auto* known = std::find_if(std::begin(head_marks), std::end(head_marks), [&](auto& mark) {
        return stands_at(ends.head, mark.offset, mark.bytes);
    });
    if (known != std::end(head_marks)) {
        return known->what;
    }
    if (const char* ext = name_ext(ends.head)) {
        return ext;
    }
    if (holds_zfs(ends)) {
        return "a member of a ZFS pool";
    }
    if (const char* table = name_mbr(ends.head)) {
        return table;
    }
    const char* tail = name_tail(ends);
    return tail == nullptr ? "" : tail;
}

}  // namespace engine
