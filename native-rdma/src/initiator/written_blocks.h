// What a verifying load knows of every block of its range: which writes were acknowledged, which
// may have happened, and whether a command is at it now.
//
// A block's content must be of a generation from the last acknowledged one to the last issued one:
// a write whose answer was lost with its connection may have happened or not. Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "initiator/pattern.h"

namespace initiator {

class JsonWriter;

class WrittenBlocks {
  public:
    static constexpr uint64_t blocks_max = uint64_t{1} << 26;  // 256 GiB, 576 MiB of memory.
    static constexpr size_t losses_listed_max = 32;

    WrittenBlocks(uint64_t seed, uint64_t first_block, uint64_t block_count);

    // Whether a command on any of the blocks is under way. claim() and release() say so.
    [[nodiscard]] bool busy(uint64_t first_block, uint32_t count) const;
    void claim(uint64_t first_block, uint32_t count);
    void release(uint64_t first_block, uint32_t count);

    // Fills `data` with each block's next generation and counts it as issued.
    void prepare_write(uint64_t first_block, uint32_t count, uint8_t* data);
    // The blocks' last issued generations are acknowledged.
    void acknowledge(uint64_t first_block, uint32_t count);
    // Compares what was read with what must be there. False when some block is wrong.
    bool check(uint64_t first_block, uint32_t count, const uint8_t* data);

    [[nodiscard]] uint64_t first_block() const { return first_block_; }
    [[nodiscard]] uint64_t block_count() const { return blocks_.size(); }
    // Whether anything must be found at the block.
    [[nodiscard]] bool written(uint64_t block) const {
        return blocks_[block - first_block_].issued != 0;
    }
    [[nodiscard]] uint64_t checked() const { return checked_; }
    [[nodiscard]] uint64_t wrong() const { return wrong_; }
    void write(JsonWriter& json) const;

  private:
    struct Block {
        uint32_t issued = 0;
        uint32_t acknowledged = 0;
    };
    // An acknowledged write that is not there, or a block that holds what was never written.
    struct Loss {
        uint64_t block = 0;
        uint32_t acknowledged = 0;
        uint32_t issued = 0;
        PatternCheck found;
    };
    bool check_block(uint64_t block, const uint8_t* data);

    uint64_t seed_;
    uint64_t first_block_;
    std::vector<Block> blocks_;
    std::vector<bool> busy_;
    std::vector<Loss> losses_;
    uint64_t checked_ = 0;
    uint64_t wrong_ = 0;
};

}  // namespace initiator
