// The part of a log page that a Get Log Page asks for.
//
// Thread: the admin queue's reactor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace target {

class PageWindow {
  public:
    // Shows `bytes` of the page from `offset` on, in `data`, which is all zero.
    PageWindow(uint64_t offset, uint8_t* data, uint32_t bytes)
        : offset_(offset), data_(data), bytes_(bytes) {}

    [[nodiscard]] uint64_t begin() const { return offset_; }
    [[nodiscard]] uint64_t end() const { return offset_ + bytes_; }

    // A piece of the page that begins at `position`; what lies outside is left out.
    void put(uint64_t position, const void* piece, size_t bytes);

  private:
    uint64_t offset_;
    uint8_t* data_;
    uint32_t bytes_;
};

}  // namespace target
