// One reactor's share of the gateway's I/O memory: page-aligned buffers of 4 KiB to the largest
// transfer.
//
// Sized by configuration, not by connections or depth. When it is exhausted callers wait in order;
// nothing is refused and nobody is starved: while someone waits, nobody is served before them.
//
// Thread: one reactor. Lifetime: outlives every buffer and waiter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/intrusive_list.h"
#include "base/status.h"

namespace memory {

inline constexpr uint16_t not_registered = 0xffff;

// A contiguous, 4 KiB-aligned piece of the pool. Its holder gives it back once.
struct Buffer {
    uint8_t* data = nullptr;
    uint32_t bytes = 0;                          // Its capacity: a power of two of 4 KiB.
    uint16_t registered_index = not_registered;  // For io_uring's fixed operations.
    [[nodiscard]] bool empty() const { return data == nullptr; }
};

// A place in the queue for memory, embedded in what waits.
struct Waiter : base::ListLink {
    using Ready = void (*)(Waiter& waiter, Buffer buffer);
    Ready ready = nullptr;
    uint32_t bytes = 0;
};

class BufferPool {
  public:
    // `bytes` is rounded down to a whole number of largest buffers. Fails with io_error (ENOMEM).
    static base::Result<std::unique_ptr<BufferPool>> create(size_t bytes);
    ~BufferPool();
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    // The buffer, or an empty one when none is free or others wait already.
    // Requires: 0 < bytes <= base::limits::transfer_bytes_max.
    [[nodiscard]] Buffer acquire(uint32_t bytes);
    // Queues `waiter`; its `ready` is called from a later release(), with the buffer.
    void wait(Waiter& waiter, uint32_t bytes);
    void cancel(Waiter& waiter);
    // Gives a buffer back and serves those who wait. The holder's copy is emptied.
    void release(Buffer& buffer);

    // The whole memory, for registration with io_uring or an RDMA device.
    [[nodiscard]] uint8_t* base() const;
    [[nodiscard]] size_t bytes() const;
    void set_registered_index(uint16_t index);

    [[nodiscard]] size_t free_bytes() const;
    [[nodiscard]] uint32_t waiting() const;

  private:
    struct Impl;
    explicit BufferPool(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace memory
