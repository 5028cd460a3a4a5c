// A block device of a test's own: a loop device on a file, with the sector size that is asked for.
//
// Only root may make one, and only where the kernel has some to give: good() says.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

namespace test {

// What the program printed, without the end of its last line; empty when it failed.
inline std::string output_of(const std::string& command) {
    std::FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
    if (pipe == nullptr) {
        return {};
    }
    std::string output;
    std::array<char, 256> part{};
    while (std::fgets(part.data(), part.size(), pipe) != nullptr) {
        output += part.data();
    }
    if (pclose(pipe) != 0) {
        return {};
    }
    return output.substr(0, output.find_last_not_of('\n') + 1);
}

class LoopDevice {
  public:
    // `image` is a file of whole sectors, and outlives the device.
    LoopDevice(const std::string& image, uint32_t sector_bytes)
        : path_(geteuid() != 0 ? ""
                               : output_of("losetup --find --show --sector-size " +
                                           std::to_string(sector_bytes) + " " + image)) {}
    ~LoopDevice() {
        if (good()) {
            output_of("losetup --detach " + path_);
        }
    }
    LoopDevice(const LoopDevice&) = delete;
    LoopDevice& operator=(const LoopDevice&) = delete;

    [[nodiscard]] bool good() const { return !path_.empty(); }
    [[nodiscard]] const std::string& path() const { return path_; }
    // Whenever a writer has closed it udev looks at what it holds, and locks it meanwhile.
    void settle() const {
        for (int tries = 0; tries < 200; ++tries) {
            const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
            const bool free = flock(fd, LOCK_EX | LOCK_NB) == 0;
            close(fd);
            if (free) {
                return;
            }
            usleep(20'000);
        }
    }

  private:
    std::string path_;
};

}  // namespace test
