#include "memory/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <sys/mman.h>

#include "base/check.h"

namespace memory {
namespace {

constexpr size_t huge_page_bytes = size_t{2} << 20;
constexpr uint32_t largest = base::limits::transfer_bytes_max;

// Address space aligned so that huge pages fit, or null.
uint8_t* map_aligned(size_t bytes) {
    const size_t reserved = bytes + huge_page_bytes;
    void* mapping = mmap(nullptr,
                         reserved,
                         PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                         -1,
                         0);
    if (mapping == MAP_FAILED) {
        return nullptr;
    }
    auto* start = static_cast<uint8_t*>(mapping);
    const size_t head = -reinterpret_cast<uintptr_t>(start) & (huge_page_bytes - 1);
    if (head != 0) {
        munmap(start, head);
    }
    munmap(start + head + bytes, reserved - head - bytes);
    return start + head;
}

}  // namespace

base::Result<std::unique_ptr<BufferPool>> BufferPool::create(size_t bytes) {
    bytes -= bytes % largest;
    if (bytes == 0 || bytes > base::limits::buffer_pool_bytes_max) {
        return base::Status(base::Errc::invalid_argument);
    }
    uint8_t* start = map_aligned(bytes);
    if (start == nullptr) {
        return base::Status(base::Errc::io_error, static_cast<uint32_t>(errno));
    }
    // Both are only asked for: fewer page faults, and no copy of pinned memory in a child process.
    madvise(start, bytes, MADV_HUGEPAGE);
    madvise(start, bytes, MADV_DONTFORK);
    return std::unique_ptr<BufferPool>(new BufferPool(start, bytes));
}

BufferPool::BufferPool(uint8_t* base, size_t bytes)
    : base_(base), bytes_(bytes), pages_(std::make_unique<Page[]>(bytes >> page_shift)) {
    std::fill_n(free_lists_, orders, none);
    // The last first, so that the first buffers handed out are the lowest.
    for (size_t offset = bytes; offset != 0; offset -= largest) {
        push_free(static_cast<uint32_t>((offset - largest) >> page_shift), orders - 1);
    }
    free_bytes_ = bytes;
}

BufferPool::~BufferPool() {
    CHECK(free_bytes_ == bytes_, "buffers outlive their pool");
    munmap(base_, bytes_);
}

Buffer BufferPool::acquire(uint32_t bytes) {
    CHECK(bytes > 0 && bytes <= largest, "no buffer has this size");
    return waiters_.empty() ? take(bytes) : Buffer{};
}

void BufferPool::wait(Waiter& waiter, uint32_t bytes) {
    CHECK(bytes > 0 && bytes <= largest, "no buffer has this size");
    CHECK(free_bytes_ != bytes_ || serving_, "nobody holds a buffer that could be waited for");
    waiter.bytes = bytes;
    waiters_.push_back(waiter);
}

void BufferPool::cancel(Waiter& waiter) {
    if (waiter.linked()) {
        waiters_.remove(waiter);
        serve();
    }
}

void BufferPool::release(Buffer& buffer) {
    const auto offset = static_cast<size_t>(buffer.data - base_);
    CHECK(buffer.data >= base_ && offset < bytes_, "the buffer is not of this pool");
    const auto index = static_cast<uint32_t>(offset >> page_shift);
    const Page& page = pages_[index];
    CHECK(page.state == PageState::held, "the buffer is not held: released twice");
    CHECK(buffer.bytes == base::limits::block_bytes << page.order && offset % buffer.bytes == 0,
          "the buffer is not as it was acquired");
    buffer = Buffer{};
    put(index, page.order);
    serve();
}

Buffer BufferPool::take(uint32_t bytes) {
    const uint32_t block_count = (bytes + base::limits::block_bytes - 1) >> page_shift;
    const auto order = static_cast<uint32_t>(std::bit_width(block_count - 1));
    const uint32_t usable = orders_free_ >> order << order;
    if (usable == 0) {
        return {};
    }
    auto found = static_cast<uint32_t>(std::countr_zero(usable));
    const uint32_t index = free_lists_[found];
    remove_free(index);
    while (found > order) {
        --found;
        push_free(index + (1u << found), found);
    }
    pages_[index].order = static_cast<uint8_t>(order);
    pages_[index].state = PageState::held;
    const uint32_t capacity = base::limits::block_bytes << order;
    free_bytes_ -= capacity;
    return {base_ + (static_cast<size_t>(index) << page_shift), capacity, registered_index_};
}

void BufferPool::put(uint32_t page, uint32_t order) {
    free_bytes_ += size_t{base::limits::block_bytes} << order;
    pages_[page].state = PageState::inside;
    for (; order + 1 < orders; ++order) {
        const uint32_t buddy = page ^ (1u << order);
        if (pages_[buddy].state != PageState::free || pages_[buddy].order != order) {
            break;
        }
        remove_free(buddy);
        page &= ~(1u << order);
    }
    push_free(page, order);
}

void BufferPool::push_free(uint32_t page, uint32_t order) {
    const uint32_t next = free_lists_[order];
    pages_[page] = {next, none, static_cast<uint8_t>(order), PageState::free};
    if (next != none) {
        pages_[next].previous = page;
    }
    free_lists_[order] = page;
    orders_free_ |= 1u << order;
}

void BufferPool::remove_free(uint32_t page) {
    Page& removed = pages_[page];
    if (removed.previous != none) {
        pages_[removed.previous].next = removed.next;
    } else {
        free_lists_[removed.order] = removed.next;
        if (removed.next == none) {
            orders_free_ &= ~(1u << removed.order);
        }
    }
    if (removed.next != none) {
        pages_[removed.next].previous = removed.previous;
    }
    removed.state = PageState::inside;
}

// The first in the queue is served or nobody is: a large request is not overtaken by small ones.
void BufferPool::serve() {
    if (serving_) {
        return;
    }
    serving_ = true;
    while (Waiter* waiter = waiters_.front()) {
        const Buffer buffer = take(waiter->bytes);
        if (buffer.empty()) {
            break;
        }
        waiters_.remove(*waiter);
        waiter->ready(*waiter, buffer);
    }
    serving_ = false;
}

}  // namespace memory
