// Many objects of one size, named by 32-bit numbers from 1, each with a count of what it holds.
//
// An object whose count falls to zero goes back to the slab. Chunks are kept for reuse. Thread:
// one.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/check.h"

namespace store {

template <typename T>
class Slab {
  public:
    // A zeroed object, held by nobody yet.
    [[nodiscard]] uint32_t take() {
        if (free_.empty()) {
            grow();
        }
        const uint32_t number = free_.back();
        free_.pop_back();
        (*this)[number] = T{};
        return number;
    }
    [[nodiscard]] T& operator[](uint32_t number) {
        return chunks_[number >> chunk_shift][number & (chunk_objects - 1)];
    }
    [[nodiscard]] const T& operator[](uint32_t number) const {
        return chunks_[number >> chunk_shift][number & (chunk_objects - 1)];
    }
    void hold(uint32_t number) { ++counts_[number]; }
    // Takes `count` holds away; true when the object was the last's and is gone.
    bool drop(uint32_t number, uint16_t count) {
        CHECK(counts_[number] >= count, "an object is dropped as often as it is held");
        counts_[number] = static_cast<uint16_t>(counts_[number] - count);
        if (counts_[number] > 0) {
            return false;
        }
        free_.push_back(number);
        return true;
    }
    [[nodiscard]] uint64_t bytes() const {
        return chunks_.size() * sizeof(T) * chunk_objects + counts_.capacity() * sizeof(uint16_t) +
               free_.capacity() * sizeof(uint32_t);
    }

  private:
    static constexpr uint32_t chunk_shift = 5;
    static constexpr uint32_t chunk_objects = 1u << chunk_shift;

    void grow() {
        const auto first = static_cast<uint32_t>(chunks_.size() << chunk_shift);
        chunks_.push_back(std::make_unique_for_overwrite<T[]>(chunk_objects));
        counts_.resize(counts_.size() + chunk_objects);
        for (uint32_t number = first + chunk_objects; number-- > first;) {
            if (number != 0) {
                free_.push_back(number);
            }
        }
    }

    std::vector<std::unique_ptr<T[]>> chunks_;
    std::vector<uint16_t> counts_;
    std::vector<uint32_t> free_;
};

}  // namespace store
