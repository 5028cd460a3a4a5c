// Lays out one batch's header blocks.
//
// Lifetime: writes into the memory it was given, again for every batch.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "store/batch_format.h"
#include "store/store.h"

namespace store {

// What a batch says of its place in the log.
struct BatchStamp {
    base::Uuid store_id{};
    uint64_t log_sequence = 0;
    uint64_t incarnation = 0;
    uint64_t segment_sequence = 0;
    uint64_t durable_through = 0;
    uint32_t segment_block = 0;
    uint32_t flags = 0;
    base::Version last_version;
    uint32_t next_segment = no_segment;
};

class BatchWriter {
  public:
    // `header`: batch_header_blocks_max blocks, aligned.
    explicit BatchWriter(uint8_t* header) : bytes_(header) {}

    void begin();
    // Blocks the batch would take with `data_blocks` more in one more entry; 0: it cannot.
    [[nodiscard]] uint32_t blocks_with(uint32_t data_blocks) const;
    // Requires: blocks_with() of it is not 0.
    void add(const WriteOp& op);
    void add(const Store::DeleteOp& op);
    // The header blocks are ready to be written.
    void finish(const BatchStamp& stamp);

    [[nodiscard]] uint32_t header_blocks() const {
        return header_blocks_for(entry_count_, data_blocks_);
    }
    [[nodiscard]] uint32_t data_blocks() const { return data_blocks_; }
    [[nodiscard]] uint32_t entry_count() const { return entry_count_; }
    [[nodiscard]] uint32_t blocks() const { return header_blocks() + data_blocks_; }

  private:
    void add(const BatchEntry& entry);

    uint8_t* bytes_;
    uint32_t entry_count_ = 0;
    uint32_t data_blocks_ = 0;
    le32 crcs_[batch_data_blocks_max];  // Until it is known where the entries end.
};

}  // namespace store
