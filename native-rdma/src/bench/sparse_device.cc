#include "bench/sparse_device.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"

namespace bench {
namespace {

using base::limits::block_bytes;
using base::limits::block_shift;

bool is_zero(const uint8_t* block) {
    static constexpr uint8_t zeroes[block_bytes] = {};
    return std::memcmp(block, zeroes, block_bytes) == 0;
}

}  // namespace

// One write, as its runs of blocks that are written for real.
struct SparseDevice::Split : reactor::Task {
    struct Part : store::DeviceIo {
        Split* split = nullptr;
    };

    void begin(SparseDevice& owner, store::DeviceIo& write);
    void add(uint64_t offset, uint8_t* block);
    void submit();

    SparseDevice* device = nullptr;
    store::DeviceIo* io = nullptr;
    std::vector<iovec> memory;
    std::vector<Part> parts;
    size_t left = 0;
    base::Status status;
};

void SparseDevice::Split::begin(SparseDevice& owner, store::DeviceIo& write) {
    device = &owner;
    io = &write;
    memory.clear();
    parts.clear();
    status = {};
}

// Joins what lies side by side on the device, and in memory too where it does.
void SparseDevice::Split::add(uint64_t offset, uint8_t* block) {
    const bool joins = !parts.empty() && parts.back().offset + parts.back().bytes == offset;
    if (!joins) {
        Part& part = parts.emplace_back();
        part.verb = io->verb;
        part.offset = offset;
        part.split = this;
    }
    Part& part = parts.back();
    part.bytes += block_bytes;
    const bool follows =
        part.vector_count > 0 &&
        static_cast<uint8_t*>(memory.back().iov_base) + memory.back().iov_len == block;
    if (follows) {
        memory.back().iov_len += block_bytes;
        return;
    }
    memory.push_back({block, block_bytes});
    ++part.vector_count;
}

void SparseDevice::Split::submit() {
    left = parts.size();
    const iovec* vector = memory.data();
    for (Part& part : parts) {
        part.vector = vector;
        vector += part.vector_count;
        part.done = [](store::DeviceIo& done, base::Status result) {
            Split& split = *static_cast<Part&>(done).split;
            split.status = split.status.ok() ? result : split.status;
            if (--split.left == 0) {
                split.device->finish(split);
            }
        };
    }
    for (Part& part : parts) {
        device->file_.submit(part);
    }
}

SparseDevice::SparseDevice(store::FileDevice& file, reactor::Executor& executor)
    : file_(file), executor_(executor), written_(file.geometry().bytes >> block_shift) {}

SparseDevice::~SparseDevice() {
    CHECK(unused_.size() == splits_.size(), "a device outlives its operations");
}

std::unique_ptr<SparseDevice> SparseDevice::open(store::FileDevice& file,
                                                 reactor::Executor& executor,
                                                 const std::string& path) {
    std::unique_ptr<SparseDevice> device(new SparseDevice(file, executor));
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0, "the file is open already");
    const auto bytes = static_cast<off_t>(file.geometry().bytes);
    off_t at = lseek(fd, 0, SEEK_DATA);
    while (at >= 0 && at < bytes) {
        const off_t hole = lseek(fd, at, SEEK_HOLE);
        const off_t end = hole < 0 ? bytes : std::min(hole, bytes);
        device->mark_written(static_cast<uint64_t>(at), static_cast<uint64_t>(end));
        at = lseek(fd, end, SEEK_DATA);
    }
    ::close(fd);
    return device;
}

void SparseDevice::mark_written(uint64_t from_bytes, uint64_t to_bytes) {
    const uint64_t end = (to_bytes + block_bytes - 1) >> block_shift;
    for (uint64_t block = from_bytes >> block_shift; block < end && block < written_.size();
         ++block) {
        written_[block] = true;
    }
}

SparseDevice::Split& SparseDevice::take_split() {
    if (unused_.empty()) {
        splits_.push_back(std::make_unique<Split>());
        return *splits_.back();
    }
    Split& split = *unused_.back();
    unused_.pop_back();
    return split;
}

void SparseDevice::submit(store::DeviceIo& io) {
    const bool writes =
        io.verb == store::DeviceVerb::write || io.verb == store::DeviceVerb::write_durable;
    if (!writes) {
        file_.submit(io);
        return;
    }
    Split& split = take_split();
    split.begin(*this, io);
    uint64_t offset = io.offset;
    for (uint32_t i = 0; i < io.vector_count; ++i) {
        auto* block = static_cast<uint8_t*>(io.vector[i].iov_base);
        for (const uint8_t* end = block + io.vector[i].iov_len; block < end; block += block_bytes) {
            const uint64_t number = offset >> block_shift;
            if (written_[number] || !is_zero(block)) {
                written_[number] = true;
                split.add(offset, block);
            }
            offset += block_bytes;
        }
    }
    if (split.parts.empty()) {
        split.run = [](reactor::Task& task) {
            auto& whole = static_cast<Split&>(task);
            whole.device->finish(whole);
        };
        executor_.defer(split);
        return;
    }
    split.submit();
}

void SparseDevice::finish(Split& split) {
    store::DeviceIo& io = *split.io;
    const base::Status status = split.status;
    unused_.push_back(&split);
    io.done(io, status);
}

}  // namespace bench
