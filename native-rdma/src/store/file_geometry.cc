#include "store/file_geometry.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/limits.h"

namespace store {
namespace {

constexpr uint32_t sector_bytes = 512;

base::Status refused() {
    return base::Status(base::Errc::io_error, static_cast<uint32_t>(errno));
}

// The kernel's word for the disk's cache, under its own queue or, for a partition, its disk's.
// When it says nothing the cache is taken for volatile: a needless flush is only slow.
bool has_volatile_cache(dev_t device) {
    for (const char* queue : {"queue", "../queue"}) {
        char path[96];
        static_cast<void>(std::snprintf(path,
                                        sizeof path,
                                        "/sys/dev/block/%u:%u/%s/write_cache",
                                        major(device),
                                        minor(device),
                                        queue));
        std::FILE* file = std::fopen(path, "re");
        if (file == nullptr) {
            continue;
        }
        char word[32] = {};
        const bool read = std::fgets(word, sizeof word, file) != nullptr;
        static_cast<void>(std::fclose(file));
        return !read || std::strncmp(word, "write through", 13) != 0;
    }
    return true;
}

base::Result<DeviceGeometry> read_block_device(int fd, dev_t device) {
    DeviceGeometry geometry;
    int block_bytes = 0;
    if (ioctl(fd, BLKGETSIZE64, &geometry.bytes) != 0 || ioctl(fd, BLKSSZGET, &block_bytes) != 0) {
        return refused();
    }
    geometry.logical_block_bytes = static_cast<uint32_t>(block_bytes);
    geometry.volatile_cache = has_volatile_cache(device);
    return geometry;
}

base::Result<DeviceGeometry> read_file(int fd, uint64_t bytes) {
    DeviceGeometry geometry;
    geometry.bytes = bytes;
    geometry.logical_block_bytes = sector_bytes;
    struct statx extended = {};
    if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &extended) == 0 &&
        (extended.stx_mask & STATX_DIOALIGN) != 0) {
        geometry.logical_block_bytes = std::max(sector_bytes, extended.stx_dio_offset_align);
    }
    struct statfs system = {};
    if (fstatfs(fd, &system) != 0) {
        return refused();
    }
    geometry.volatile_cache = system.f_type != TMPFS_MAGIC && system.f_type != RAMFS_MAGIC;
    return geometry;
}

}  // namespace

base::Result<DeviceGeometry> read_geometry(int fd) {
    struct stat file = {};
    if (fstat(fd, &file) != 0) {
        return refused();
    }
    if (!S_ISBLK(file.st_mode) && !S_ISREG(file.st_mode)) {
        return base::Status(base::Errc::invalid_argument);
    }
    base::Result<DeviceGeometry> geometry =
        S_ISBLK(file.st_mode) ? read_block_device(fd, file.st_rdev)
                              : read_file(fd, static_cast<uint64_t>(file.st_size));
    if (!geometry) {
        return geometry;
    }
    geometry->bytes -= geometry->bytes % base::limits::block_bytes;
    if (geometry->bytes == 0 || geometry->logical_block_bytes > base::limits::block_bytes) {
        return base::Status(base::Errc::invalid_argument);
    }
    // No device here promises more: a power cut may tear a 4 KiB block, its checksum tells.
    geometry->atomic_write_bytes = geometry->logical_block_bytes;
    return geometry;
}

}  // namespace store
