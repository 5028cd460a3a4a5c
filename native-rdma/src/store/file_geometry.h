// What the kernel says about an open file or block device: size, block size, volatile cache.
//
// Thread: any; blocks on the kernel, so it is for opening, not for the I/O path.
#pragma once

#include "base/status.h"
#include "store/device.h"

namespace store {

// Fails with invalid_argument (neither a regular file nor a block device, blocks larger than 4096
// bytes, or shorter than one block) or io_error (detail: errno).
base::Result<DeviceGeometry> read_geometry(int fd);

}  // namespace store
