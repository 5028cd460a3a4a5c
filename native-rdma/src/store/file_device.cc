#include "store/file_device.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/falloc.h>
#include <new>
#include <sys/file.h>
#include <sys/uio.h>
#include <type_traits>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"
#include "store/file_geometry.h"

namespace store {
namespace {

constexpr uint32_t retries_max = 16;

base::Status status_of(int error) {
    switch (error) {
        case ENOENT:
            return base::Status(base::Errc::not_found);
        case EEXIST:
            return base::Status(base::Errc::already_exists);
        case EBUSY:
        case EWOULDBLOCK:
            return base::Status(base::Errc::busy);
        case ENOSPC:
        case EDQUOT:
            return base::Status(base::Errc::no_space, static_cast<uint32_t>(error));
        default:
            return base::Status(base::Errc::io_error, static_cast<uint32_t>(error));
    }
}

// O_EXCL without O_CREAT: a block device that is mounted or held by another refuses. On a file
// system that cannot pass its page cache by, O_DIRECT is left out.
int open_exclusively(const std::string& path, bool& direct) {
    direct = true;
    int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_EXCL | O_DIRECT);
    if (fd < 0 && errno == EINVAL) {
        direct = false;
        fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_EXCL);
    }
    return fd;
}

}  // namespace

// What the kernel's answer finds its way back by; lives in the operation's scratch.
struct FileDevice::Flight : reactor::Operation {
    FileDevice* device = nullptr;
    DeviceIo* io = nullptr;
    uint32_t transferred = 0;
    uint32_t retries = 0;
};

base::Status FileDevice::create(const std::string& path, uint64_t bytes) {
    if (bytes == 0 || bytes % base::limits::block_bytes != 0) {
        return base::Status(base::Errc::invalid_argument);
    }
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return status_of(errno);
    }
    const bool made = ftruncate(fd, static_cast<off_t>(bytes)) == 0 && fsync(fd) == 0;
    const int error = errno;
    ::close(fd);
    if (!made) {
        unlink(path.c_str());
        return status_of(error);
    }
    return {};
}

base::Result<std::unique_ptr<FileDevice>> FileDevice::open(reactor::Reactor& reactor,
                                                           const std::string& path) {
    bool direct = true;
    const int fd = open_exclusively(path, direct);
    if (fd < 0) {
        return status_of(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const base::Status status = status_of(errno);
        ::close(fd);
        return status;
    }
    const base::Result<DeviceGeometry> geometry = read_geometry(fd);
    if (!geometry) {
        ::close(fd);
        return geometry.error();
    }
    return std::unique_ptr<FileDevice>(new FileDevice(reactor, fd, direct, *geometry));
}

FileDevice::~FileDevice() {
    CHECK(in_flight_ == 0, "a device outlives its operations");
    ::close(fd_);
}

void FileDevice::submit(DeviceIo& io) {
    static_assert(sizeof(Flight) <= sizeof io.implementation);
    static_assert(std::is_trivially_destructible_v<Flight>);
    CHECK(io.offset % base::limits::block_bytes == 0 && io.bytes % base::limits::block_bytes == 0,
          "transfers are of whole blocks");
    CHECK(io.offset <= geometry_.bytes && io.bytes <= geometry_.bytes - io.offset,
          "the store knows where its device ends");
    auto& flight = *new (io.implementation) Flight;
    flight.device = this;
    flight.io = &io;
    flight.done = [](reactor::Operation& operation, int32_t result, uint32_t) {
        auto& landed = static_cast<Flight&>(operation);
        landed.device->on_result(landed, result);
    };
    ++in_flight_;
    reactor_.count_at_device(1);
    transfer(flight);
}

void FileDevice::transfer(Flight& flight) {
    const DeviceIo& io = *flight.io;
    io_uring_sqe* entry = &reactor_.prepare(flight);
    const bool single = io.vector_count == 1;
    const bool known = single && io.registered_index != 0xffff;
    switch (io.verb) {
        case DeviceVerb::read:
            if (known) {
                io_uring_prep_read_fixed(
                    entry, fd_, io.vector->iov_base, io.bytes, io.offset, io.registered_index);
            } else if (single) {
                io_uring_prep_read(entry, fd_, io.vector->iov_base, io.bytes, io.offset);
            } else {
                io_uring_prep_readv(entry, fd_, io.vector, io.vector_count, io.offset);
            }
            return;
        case DeviceVerb::write:
        case DeviceVerb::write_durable:
            if (known) {
                io_uring_prep_write_fixed(
                    entry, fd_, io.vector->iov_base, io.bytes, io.offset, io.registered_index);
            } else if (single) {
                io_uring_prep_write(entry, fd_, io.vector->iov_base, io.bytes, io.offset);
            } else {
                io_uring_prep_writev(entry, fd_, io.vector, io.vector_count, io.offset);
            }
            entry->rw_flags = io.verb == DeviceVerb::write_durable ? RWF_DSYNC : 0;
            return;
        case DeviceVerb::flush:
            io_uring_prep_fsync(entry, fd_, IORING_FSYNC_DATASYNC);
            return;
        case DeviceVerb::discard:
            if (discards_) {
                io_uring_prep_fallocate(entry,
                                        fd_,
                                        FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                        static_cast<off_t>(io.offset),
                                        io.bytes);
            } else {
                io_uring_prep_nop(entry);
            }
            return;
    }
}

// After a short transfer, what is left goes one vector entry at a time.
void FileDevice::transfer_rest(Flight& flight) {
    const DeviceIo& io = *flight.io;
    uint64_t skip = flight.transferred;
    const iovec* part = io.vector;
    while (skip >= part->iov_len) {
        skip -= part->iov_len;
        ++part;
    }
    auto* data = static_cast<uint8_t*>(part->iov_base) + skip;
    const auto bytes = static_cast<uint32_t>(part->iov_len - skip);
    const uint64_t offset = io.offset + flight.transferred;
    io_uring_sqe* entry = &reactor_.prepare(flight);
    if (io.verb == DeviceVerb::read) {
        io_uring_prep_read(entry, fd_, data, bytes, offset);
    } else {
        io_uring_prep_write(entry, fd_, data, bytes, offset);
        entry->rw_flags = io.verb == DeviceVerb::write_durable ? RWF_DSYNC : 0;
    }
}

void FileDevice::on_result(Flight& flight, int32_t result) {
    const DeviceIo& io = *flight.io;
    const bool again = (result == -EAGAIN || result == -EINTR) && flight.retries < retries_max;
    if (again) {
        ++flight.retries;
        flight.transferred == 0 ? transfer(flight) : transfer_rest(flight);
        return;
    }
    if (io.verb == DeviceVerb::discard && result == -EOPNOTSUPP) {
        discards_ = false;  // A hint that cannot be taken is not a failure.
        return finish(flight, {});
    }
    if (result == -ENOSPC || result == -EDQUOT) {
        return finish(flight, status_of(-result));
    }
    if (result < 0) {
        return finish(flight,
                      base::Status(base::Errc::device_failed, static_cast<uint32_t>(-result)));
    }
    if (io.verb == DeviceVerb::flush || io.verb == DeviceVerb::discard) {
        return finish(flight, {});
    }
    flight.transferred += static_cast<uint32_t>(result);
    if (flight.transferred == io.bytes) {
        return finish(flight, {});
    }
    // Nothing more comes: the file was cut short behind our back.
    if (result == 0 || result % static_cast<int32_t>(geometry_.logical_block_bytes) != 0) {
        return finish(flight, base::Status(base::Errc::device_failed, EIO));
    }
    transfer_rest(flight);
}

void FileDevice::finish(Flight& flight, base::Status status) {
    --in_flight_;
    reactor_.count_at_device(-1);
    if (status.code() == base::Errc::device_failed && first_error_ == 0) {
        first_error_ = status.detail();
    }
    DeviceIo& io = *flight.io;
    io.done(io, status);
}

}  // namespace store
