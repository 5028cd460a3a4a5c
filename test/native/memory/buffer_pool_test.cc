#include "memory/buffer_pool.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <doctest/doctest.h>
#include <random>
#include <vector>

#include "base/limits.h"

namespace {

constexpr uint32_t block = base::limits::block_bytes;
constexpr uint32_t largest = base::limits::transfer_bytes_max;

std::unique_ptr<memory::BufferPool> make_pool(size_t bytes) {
    auto pool = memory::BufferPool::create(bytes);
    REQUIRE(pool.has_value());
    return std::move(*pool);
}

struct TestWaiter : memory::Waiter {
    memory::BufferPool* pool = nullptr;
    memory::Buffer buffer;
    std::vector<TestWaiter*>* served = nullptr;
    bool release_at_once = false;

    explicit TestWaiter(std::vector<TestWaiter*>& order) : served(&order) {
        ready = [](memory::Waiter& waiter, memory::Buffer given) {
            auto& self = static_cast<TestWaiter&>(waiter);
            self.buffer = given;
            self.served->push_back(&self);
            if (self.release_at_once) {
                self.pool->release(self.buffer);
            }
        };
    }
};

}  // namespace

TEST_CASE("hands out aligned buffers of the next power of two, and can be filled to the brim") {
    auto pool = make_pool(2 * largest + 5);
    CHECK(pool->bytes() == 2 * largest);
    CHECK(pool->free_bytes() == pool->bytes());
    for (uint32_t order = 0; order <= base::limits::mdts; ++order) {
        memory::Buffer buffer = pool->acquire((block << order) - 17);
        REQUIRE(!buffer.empty());
        CHECK(buffer.bytes == block << order);
        CHECK((buffer.data - pool->base()) % buffer.bytes == 0);
        CHECK(pool->free_bytes() == pool->bytes() - buffer.bytes);
        pool->release(buffer);
        CHECK(buffer.empty());
        CHECK(pool->free_bytes() == pool->bytes());
    }
    std::vector<memory::Buffer> buffers;
    for (memory::Buffer buffer = pool->acquire(1); !buffer.empty(); buffer = pool->acquire(1)) {
        std::memset(buffer.data, 0x5a, buffer.bytes);
        buffers.push_back(buffer);
    }
    CHECK(buffers.size() == 2 * largest / block);
    CHECK(pool->free_bytes() == 0);
    for (memory::Buffer& buffer : buffers) {
        pool->release(buffer);
    }
}

TEST_CASE("refuses to be smaller than one largest buffer, or larger than the limit") {
    for (const size_t bytes :
         {size_t{largest - 1}, base::limits::buffer_pool_bytes_max + largest}) {
        auto pool = memory::BufferPool::create(bytes);
        REQUIRE(!pool.has_value());
        CHECK(pool.error().code() == base::Errc::invalid_argument);
    }
}

TEST_CASE("halves meet again: after any mix the largest buffers are whole") {
    auto pool = make_pool(8 * largest);
    std::mt19937 random(11);
    std::vector<memory::Buffer> held;
    for (int step = 0; step < 50'000; ++step) {
        if (held.empty() || random() % 2 == 0) {
            const uint32_t order = random() % (base::limits::mdts + 1);
            const memory::Buffer buffer = pool->acquire((block << order) - random() % block);
            if (!buffer.empty()) {
                for (const memory::Buffer& other : held) {
                    REQUIRE((buffer.data + buffer.bytes <= other.data ||
                             other.data + other.bytes <= buffer.data));
                }
                held.push_back(buffer);
                continue;
            }
        }
        if (!held.empty()) {
            std::swap(held[random() % held.size()], held.back());
            pool->release(held.back());
            held.pop_back();
        }
        size_t held_bytes = 0;
        for (const memory::Buffer& buffer : held) {
            held_bytes += buffer.bytes;
        }
        REQUIRE(pool->free_bytes() + held_bytes == pool->bytes());
    }
    for (memory::Buffer& buffer : held) {
        pool->release(buffer);
    }
    held.clear();
    for (int i = 0; i < 8; ++i) {
        held.push_back(pool->acquire(largest));
        REQUIRE(!held.back().empty());
    }
    for (memory::Buffer& buffer : held) {
        pool->release(buffer);
    }
}

TEST_CASE("serves those who wait in order, and nobody before them") {
    auto pool = make_pool(largest);
    memory::Buffer lower = pool->acquire(largest / 2);
    memory::Buffer upper = pool->acquire(largest / 2);
    std::vector<TestWaiter*> served;
    TestWaiter large(served);
    TestWaiter small(served);
    REQUIRE(pool->acquire(largest).empty());
    pool->wait(large, largest);
    pool->wait(small, block);
    CHECK(pool->waiting() == 2);

    pool->release(upper);
    CHECK(served.empty());                // Half is free, but the first needs all.
    CHECK(pool->acquire(block).empty());  // Nor may a newcomer take it.
    pool->release(lower);
    REQUIRE(served == std::vector<TestWaiter*>{&large});
    CHECK(large.buffer.bytes == largest);
    pool->release(large.buffer);
    REQUIRE(served == std::vector<TestWaiter*>{&large, &small});
    pool->release(small.buffer);
    CHECK(pool->free_bytes() == largest);
    CHECK(pool->waiting() == 0);
}

TEST_CASE("one release serves all that fit, also when the served give back at once") {
    auto pool = make_pool(largest);
    memory::Buffer all = pool->acquire(largest);
    std::vector<TestWaiter*> served;
    std::deque<TestWaiter> waiters;
    for (int i = 0; i < 1000; ++i) {
        waiters.emplace_back(served);
        waiters.back().pool = pool.get();
        waiters.back().release_at_once = true;
        pool->wait(waiters.back(), i % 2 == 0 ? largest : block);
    }
    pool->release(all);
    REQUIRE(served.size() == waiters.size());
    for (size_t i = 0; i < waiters.size(); ++i) {
        REQUIRE(served[i] == &waiters[i]);
    }
    CHECK(pool->free_bytes() == pool->bytes());
}

TEST_CASE("a cancelled waiter is not served, and those behind it need not wait for more") {
    auto pool = make_pool(largest);
    memory::Buffer half = pool->acquire(largest / 2);
    std::vector<TestWaiter*> served;
    TestWaiter large(served);
    TestWaiter small(served);
    pool->wait(large, largest);
    pool->wait(small, block);
    pool->cancel(large);
    REQUIRE(served == std::vector<TestWaiter*>{&small});
    pool->cancel(large);  // Not queued any more: nothing.
    pool->release(small.buffer);
    pool->release(half);
    CHECK(served.size() == 1);
}

TEST_CASE("buffers carry the index under which the memory was registered") {
    auto pool = make_pool(largest);
    memory::Buffer before = pool->acquire(block);
    CHECK(before.registered_index == memory::not_registered);
    pool->set_registered_index(3);
    memory::Buffer after = pool->acquire(block);
    CHECK(after.registered_index == 3);
    pool->release(before);
    pool->release(after);
}
