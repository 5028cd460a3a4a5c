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
#include "base/limits.h"
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

// A buddy allocator: a free buffer is split in halves as needed, and halves meet again when both
// are free. Each step costs at most the six sizes between 4 KiB and 256 KiB; nothing is allocated.
class BufferPool {
  public:
    // `bytes` is rounded down to a whole number of largest buffers. Fails with invalid_argument
    // when that is none, or io_error (ENOMEM).
    static base::Result<std::unique_ptr<BufferPool>> create(size_t bytes);
    ~BufferPool();
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    // The buffer, or an empty one when none is free or others wait already.
    // Requires: 0 < bytes <= base::limits::transfer_bytes_max.
    [[nodiscard]] Buffer acquire(uint32_t bytes);
    // Queues `waiter`; its `ready` is called with the buffer from a later release() or cancel(),
    // and may acquire, wait and release itself. Requires: acquire(bytes) has just been empty.
    void wait(Waiter& waiter, uint32_t bytes);
    // Takes `waiter` out of the queue; those behind it may be served by this. Nothing if it is not
    // queued.
    void cancel(Waiter& waiter);
    // Gives a buffer back and serves those who wait. The holder's copy is emptied.
    void release(Buffer& buffer);

    // The whole memory, for registration with io_uring or an RDMA device.
    [[nodiscard]] uint8_t* base() const { return base_; }
    [[nodiscard]] size_t bytes() const { return bytes_; }
    // Buffers acquired from now on carry `index`.
    void set_registered_index(uint16_t index) { registered_index_ = index; }

    [[nodiscard]] size_t free_bytes() const { return free_bytes_; }
    [[nodiscard]] uint32_t waiting() const { return waiters_.count(); }

  private:
    static constexpr uint32_t page_shift = base::limits::block_shift;
    static constexpr uint32_t orders = base::limits::mdts + 1;  // Buffer sizes: 4 KiB << order.
    static constexpr uint32_t none = 0xffffffff;

    enum class PageState : uint8_t { inside, free, held };  // inside: not the first of a buffer.
    struct Page {
        uint32_t next = none;  // Of the free list, as page numbers.
        uint32_t previous = none;
        uint8_t order = 0;
        PageState state = PageState::inside;
    };

    BufferPool(uint8_t* base, size_t bytes);
    [[nodiscard]] Buffer take(uint32_t bytes);
    void put(uint32_t page, uint32_t order);
    void push_free(uint32_t page, uint32_t order);
    void remove_free(uint32_t page);
    void serve();

    uint8_t* base_;
    size_t bytes_;
    size_t free_bytes_ = 0;
    std::unique_ptr<Page[]> pages_;
    uint32_t free_lists_[orders];
    uint32_t orders_free_ = 0;  // Bit k: free_lists_[k] is not empty.
    uint16_t registered_index_ = not_registered;
    bool serving_ = false;
    base::IntrusiveList<Waiter> waiters_;
};

}  // namespace memory
