// Zeroed memory in whole blocks, aligned for the device.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/check.h"
#include "base/limits.h"

namespace store {

struct FreePages {
    void operator()(uint8_t* pages) const { std::free(pages); }
};
using Pages = std::unique_ptr<uint8_t[], FreePages>;

[[nodiscard]] inline Pages make_pages(size_t blocks) {
    const size_t bytes = blocks * base::limits::block_bytes;
    auto* pages = static_cast<uint8_t*>(std::aligned_alloc(base::limits::block_bytes, bytes));
    CHECK(pages != nullptr, "there is no memory for the store's own buffers");
    std::memset(pages, 0, bytes);
    return Pages(pages);
}

}  // namespace store
