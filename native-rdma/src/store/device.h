// The port to one block device or file, declared by its only caller, the store.
//
// Implementations: FileDevice (io_uring on a file or block device), the simulator's device in
// tests; an SPDK bdev fits here. Thread: the store's reactor. A submit completes exactly once,
// never inside submit(); operations in flight have no order among them.
#pragma once

#include <cstdint>
#include <sys/uio.h>

#include "base/status.h"

namespace store {

struct DeviceGeometry {
    uint64_t bytes = 0;                // Usable size, a multiple of 4096.
    uint32_t logical_block_bytes = 0;  // Smallest unit of a transfer: 512 or 4096.
    uint32_t atomic_write_bytes = 0;   // What a power cut cannot tear.
    bool volatile_cache = false;       // A completed write may be lost until flushed.
};

enum class DeviceVerb : uint8_t {
    read,
    write,
    write_durable,  // Complete only when the data would survive a power cut (FUA, RWF_DSYNC).
    flush,          // Every write completed before it was submitted becomes durable.
    discard,        // The range's content is no longer needed; it may read as anything.
};

// One operation, embedded in what waits for it. Memory and offsets are multiples of 4096.
struct DeviceIo {
    using Done = void (*)(DeviceIo& io, base::Status status);
    DeviceVerb verb = DeviceVerb::read;
    uint64_t offset = 0;
    uint32_t bytes = 0;             // Sum of the vector, or the length of a discard.
    const iovec* vector = nullptr;  // Stays valid until done.
    uint32_t vector_count = 0;
    uint16_t registered_index = 0xffff;  // With one vector entry: memory known to io_uring.
    Done done = nullptr;
    void* implementation[12] = {};  // Scratch of the device, so that it allocates nothing.
};

class Device {
  public:
    virtual ~Device() = default;
    [[nodiscard]] virtual const DeviceGeometry& geometry() const = 0;
    virtual void submit(DeviceIo& io) = 0;
};

}  // namespace store
