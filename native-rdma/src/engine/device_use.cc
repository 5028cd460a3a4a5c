#include "engine/device_use.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace engine {
namespace {

// A loop device opens its file without a lock. The kernel says which file that is.
bool is_behind_loop(const struct stat& file) {
    struct Closer {
        void operator()(DIR* folder) const { closedir(folder); }
    };
    const std::unique_ptr<DIR, Closer> folder(opendir("/sys/block"));
    while (const dirent* entry = folder == nullptr ? nullptr : readdir(folder.get())) {
        std::ifstream text(std::string("/sys/block/") + entry->d_name + "/loop/backing_file");
        std::string backing;
        struct stat backing_file = {};
        if (std::getline(text, backing) && stat(backing.c_str(), &backing_file) == 0 &&
            backing_file.st_dev == file.st_dev && backing_file.st_ino == file.st_ino) {
            return true;
        }
    }
    return false;
}

bool is_claimed(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_EXCL);
    const bool claimed = fd < 0 && errno == EBUSY;
    if (fd >= 0) {
        ::close(fd);
    }
    return claimed;
}

}  // namespace

DeviceUse find_device_use(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat file = {};
    if (fd < 0 || fstat(fd, &file) != 0) {
        return DeviceUse::free;
    }
    const bool locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(fd);
    if (locked) {
        return DeviceUse::gateway;
    }
    const bool used = S_ISBLK(file.st_mode) ? is_claimed(path) : is_behind_loop(file);
    return used ? DeviceUse::system : DeviceUse::free;
}

const char* describe_use(DeviceUse use) {
    switch (use) {
        case DeviceUse::free:
            return nullptr;
        case DeviceUse::gateway:
            return "is open in a gateway or another program: stop that first";
        case DeviceUse::system:
            return "is in use by the system: mounted, swapped to, or part of another device";
    }
    return nullptr;
}

}  // namespace engine
