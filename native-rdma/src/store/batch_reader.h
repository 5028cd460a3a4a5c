// Reads one batch's header blocks: whether they are whole, and what they say.
//
// Lifetime: refers to the bytes it was given.
#pragma once

#include <cstdint>
#include <cstring>

#include "store/batch_format.h"

namespace store {

class BatchReader {
  public:
    // `header` begins with a batch's first header block.
    explicit BatchReader(const uint8_t* header) : bytes_(header) {
        std::memcpy(&header_, header, sizeof header_);
    }

    // The first broken rule of sizes; only when null may `header_blocks` be believed.
    [[nodiscard]] const char* invalid_sizes() const { return store::invalid_sizes(header_); }
    // The first broken rule, or null. Requires: all header blocks at hand, invalid_sizes() null.
    [[nodiscard]] const char* invalid() const;
    // Whether the blocks that follow the header are what it says.
    // Requires: invalid() null, data at hand behind the header.
    [[nodiscard]] bool data_whole() const;

    [[nodiscard]] const BatchHeader& header() const { return header_; }
    [[nodiscard]] uint32_t blocks() const { return header_.header_blocks + header_.data_blocks; }
    [[nodiscard]] BatchEntry entry(uint32_t index) const;
    // Of the batch's block `index`, counted over all entries.
    [[nodiscard]] uint32_t block_crc(uint32_t index) const;

  private:
    const uint8_t* bytes_;
    BatchHeader header_;
};

}  // namespace store
