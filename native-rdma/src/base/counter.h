// A number that one thread counts up and any thread reads.
//
// Thread: add() one, get() any; each reading is of some recent moment.
#pragma once

#include <atomic>
#include <cstdint>

namespace base {

// No read-modify-write is needed: nobody else writes.
class Counter {
  public:
    void add(uint64_t amount) {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    [[nodiscard]] uint64_t get() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<uint64_t> value_ = 0;
};

}  // namespace base
