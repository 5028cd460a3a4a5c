#include "engine/device_contents.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/limits.h"
#include "engine/device_signatures.h"
#include "store/superblocks.h"

namespace engine {
namespace {

using base::limits::block_bytes;
using store::segments_offset;
using store::superblock_offsets;

constexpr uint64_t head_bytes_max = segments_offset;
constexpr uint64_t tail_bytes_max = uint64_t{1} << 20;

base::Status failed() {
    return errno == ENOENT ? base::Status(base::Errc::not_found)
                           : base::Status(base::Errc::io_error, static_cast<uint32_t>(errno));
}

// An open file or block device and its size to the byte.
class Ends {
  public:
    Ends(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
        struct stat file = {};
        if (fd_ < 0 || fstat(fd_, &file) != 0) {
            return;
        }
        if (S_ISBLK(file.st_mode)) {
            good_ = ioctl(fd_, BLKGETSIZE64, &bytes_) == 0;
        } else {
            bytes_ = static_cast<uint64_t>(file.st_size);
            good_ = true;
        }
    }
    ~Ends() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] uint64_t bytes() const { return bytes_; }
    [[nodiscard]] uint64_t head_bytes() const { return std::min(head_bytes_max, bytes_); }
    [[nodiscard]] uint64_t tail_at() const { return bytes_ - std::min(tail_bytes_max, bytes_); }

  private:
    int fd_;
    bool good_ = false;
    uint64_t bytes_ = 0;
};

bool read_all(int fd, uint64_t offset, std::vector<uint8_t>& bytes) {
    for (size_t done = 0; done < bytes.size();) {
        const ssize_t count =
            pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (count == 0) {
            errno = EIO;  // It became shorter meanwhile.
        }
        if (count <= 0) {
            return false;
        }
        done += static_cast<size_t>(count);
    }
    return true;
}

bool write_zeroes(int fd, uint64_t offset, uint64_t end) {
    const std::vector<uint8_t> zeroes(size_t{64} << 10);
    while (offset < end) {
        const size_t bytes = std::min<uint64_t>(zeroes.size(), end - offset);
        const ssize_t count = pwrite(fd, zeroes.data(), bytes, static_cast<off_t>(offset));
        if (count <= 0) {
            return false;
        }
        offset += static_cast<uint64_t>(count);
    }
    return fsync(fd) == 0;
}

// The first byte that is not zero, or the size.
size_t zeroes_before(const std::vector<uint8_t>& bytes) {
    const auto found = std::find_if(bytes.begin(), bytes.end(), [](uint8_t b) { return b != 0; });
    return static_cast<size_t>(found - bytes.begin());
}

// Segments' headers are the first that formatting writes, and the superblocks the last: cut short,
// it leaves a device that is empty but for them.
void forget_segment_headers(std::vector<uint8_t>& tail, uint64_t tail_at) {
    for (size_t at = (block_bytes - tail_at % block_bytes) % block_bytes;
         at + block_bytes <= tail.size();
         at += block_bytes) {
        base::le64 magic{};
        std::memcpy(&magic, tail.data() + at, sizeof magic);
        if (magic == store::segment_magic) {
            std::fill_n(tail.data() + at, block_bytes, uint8_t{0});
        }
    }
}

store::Superblocks read_copies(const std::vector<uint8_t>& head) {
    uint8_t copies[2][block_bytes] = {};
    for (uint32_t copy = 0; copy < 2; ++copy) {
        if (superblock_offsets[copy] + block_bytes <= head.size()) {
            std::memcpy(copies[copy], head.data() + superblock_offsets[copy], block_bytes);
        }
    }
    return store::read_superblocks(copies[0], copies[1]);
}

DeviceContents contents_of_store(const store::Superblock& super) {
    DeviceContents contents;
    contents.holds = DeviceHolds::store;
    std::memcpy(contents.store_id.data(), super.store_id, contents.store_id.size());
    contents.segment_bytes = super.segment_bytes;
    contents.segment_count = super.segment_count;
    contents.features = super.features;
    return contents;
}

DeviceContents damaged(const char* problem) {
    DeviceContents contents;
    contents.holds = DeviceHolds::damaged_store;
    contents.description = problem;
    return contents;
}

}  // namespace

base::Result<DeviceContents> read_device_contents(const std::string& path) {
    const Ends ends(path, O_RDONLY);
    if (!ends.good()) {
        return failed();
    }
    std::vector<uint8_t> head(ends.head_bytes());
    std::vector<uint8_t> tail(ends.bytes() - ends.tail_at());
    if (!read_all(ends.fd(), 0, head) || !read_all(ends.fd(), ends.tail_at(), tail)) {
        return failed();
    }
    const store::Superblocks found = read_copies(head);
    if (found.holds == store::Holds::store) {
        return contents_of_store(found.super);
    }
    if (found.holds == store::Holds::damaged) {
        return damaged(found.problem);
    }
    forget_segment_headers(tail, ends.tail_at());
    const size_t in_head = zeroes_before(head);
    const size_t in_tail = zeroes_before(tail);
    if (in_head == head.size() && in_tail == tail.size()) {
        return DeviceContents{};
    }
    DeviceContents contents;
    contents.holds = DeviceHolds::other;
    contents.description = name_foreign({head, tail, ends.bytes()});
    if (contents.description.empty()) {
        const uint64_t at = in_head < head.size() ? in_head : ends.tail_at() + in_tail;
        contents.description = "something unknown, at byte " + std::to_string(at);
    }
    return contents;
}

base::Status erase_device_ends(const std::string& path) {
    const Ends ends(path, O_WRONLY);
    if (!ends.good() || !write_zeroes(ends.fd(), 0, ends.head_bytes()) ||
        !write_zeroes(ends.fd(), std::max(ends.tail_at(), ends.head_bytes()), ends.bytes())) {
        return failed();
    }
    return {};
}

void discard_between_ends(const std::string& path) {
    const Ends ends(path, O_WRONLY);
    const uint64_t end = ends.tail_at() - ends.tail_at() % block_bytes;
    if (ends.good() && end > ends.head_bytes()) {
        // The result is left alone: see the header.
        static_cast<void>(fallocate(ends.fd(),
                                    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                    static_cast<off_t>(ends.head_bytes()),
                                    static_cast<off_t>(end - ends.head_bytes())));
    }
}

}  // namespace engine
