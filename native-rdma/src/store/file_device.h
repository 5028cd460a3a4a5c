// A file or a block device as a store::Device: io_uring, past the page cache where it can be.
//
// A file is locked and a block device opened exclusively: two stores never share one. A regular
// file always counts as having a volatile cache, because the file system's own records of where
// its blocks lie must reach the disk too; memory file systems have nothing to make durable.
//
// Thread: open() and create() any; the device belongs to the reactor it was opened for.
// Lifetime: outlives its operations.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "reactor/reactor.h"
#include "store/device.h"

namespace store {

class FileDevice final : public Device {
  public:
    // Makes a sparse file of `bytes`. Fails with already_exists, invalid_argument (not a multiple
    // of 4096, or 0), no_space or io_error, leaving nothing behind.
    static base::Status create(const std::string& path, uint64_t bytes);

    // Fails with not_found, busy (in use by another store or mounted), invalid_argument (neither a
    // regular file nor a block device, or not one block long) or io_error.
    static base::Result<std::unique_ptr<FileDevice>> open(reactor::Reactor& reactor,
                                                          const std::string& path);
    ~FileDevice() override;
    FileDevice(const FileDevice&) = delete;
    FileDevice& operator=(const FileDevice&) = delete;

    [[nodiscard]] const DeviceGeometry& geometry() const override { return geometry_; }
    // Completes with no_space when a sparse file's file system is full, device_failed (detail:
    // errno) for every other refusal.
    void submit(DeviceIo& io) override;

    // Whether the page cache is passed by: false on file systems that cannot.
    [[nodiscard]] bool direct() const { return direct_; }
    // The errno of the first operation that the device refused, or 0.
    [[nodiscard]] uint32_t first_error() const { return first_error_; }

  private:
    struct Flight;

    FileDevice(reactor::Reactor& reactor, int fd, bool direct, const DeviceGeometry& geometry)
        : reactor_(reactor), fd_(fd), direct_(direct), geometry_(geometry) {}
    void transfer(Flight& flight);
    void transfer_rest(Flight& flight);
    void on_result(Flight& flight, int32_t result);
    void finish(Flight& flight, base::Status status);

    reactor::Reactor& reactor_;
    int fd_;
    bool direct_;
    bool discards_ = true;  // Until the file system or device says it cannot.
    uint32_t in_flight_ = 0;
    uint32_t first_error_ = 0;
    DeviceGeometry geometry_;
};

}  // namespace store
