#include "initiator/written_blocks.h"

#include <algorithm>

#include "initiator/json_writer.h"

namespace initiator {

WrittenBlocks::WrittenBlocks(uint64_t seed, uint64_t first_block, uint64_t block_count)
    : seed_(seed), first_block_(first_block), blocks_(block_count), busy_(block_count) {
    losses_.reserve(losses_listed_max);
}

bool WrittenBlocks::busy(uint64_t first_block, uint32_t count) const {
    for (uint32_t i = 0; i < count; ++i) {
        if (busy_[first_block - first_block_ + i]) {
            return true;
        }
    }
    return false;
}

void WrittenBlocks::claim(uint64_t first_block, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        busy_[first_block - first_block_ + i] = true;
    }
}

void WrittenBlocks::release(uint64_t first_block, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        busy_[first_block - first_block_ + i] = false;
    }
}

void WrittenBlocks::prepare_write(uint64_t first_block, uint32_t count, uint8_t* data) {
    for (uint32_t i = 0; i < count; ++i) {
        Block& block = blocks_[first_block - first_block_ + i];
        ++block.issued;
        fill_pattern(data + size_t{i} * pattern_block_bytes,
                     {seed_, first_block + i, block.issued});
    }
}

void WrittenBlocks::acknowledge(uint64_t first_block, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        Block& block = blocks_[first_block - first_block_ + i];
        block.acknowledged = block.issued;
    }
}

bool WrittenBlocks::check(uint64_t first_block, uint32_t count, const uint8_t* data) {
    bool right = true;
    for (uint32_t i = 0; i < count; ++i) {
        right = check_block(first_block + i, data + size_t{i} * pattern_block_bytes) && right;
    }
    return right;
}

bool WrittenBlocks::check_block(uint64_t place, const uint8_t* data) {
    Block& block = blocks_[place - first_block_];
    if (block.issued == 0) {
        return true;  // What was there before the run is not known.
    }
    ++checked_;
    const PatternCheck found = check_pattern(data, seed_, place);
    const bool right =
        found.content == BlockContent::pattern
            ? found.generation >= block.acknowledged && found.generation <= block.issued
            : block.acknowledged == 0 && found.content != BlockContent::damaged;
    if (right) {
        // What was seen once must not go back. A pattern of another run has no generation of this.
        if (found.content == BlockContent::pattern) {
            block.acknowledged = std::max(block.acknowledged, found.generation);
        }
        return true;
    }
    ++wrong_;
    if (losses_.size() < losses_listed_max) {
        losses_.push_back({place, block.acknowledged, block.issued, found});
    }
    return false;
}

void WrittenBlocks::write(JsonWriter& json) const {
    json.begin_object("verify");
    json.number("checkedBlocks", checked_);
    json.number("wrongBlocks", wrong_);
    json.begin_array("wrong");
    for (const Loss& loss : losses_) {
        json.begin_object();
        json.number("block", loss.block);
        json.number("acknowledgedGeneration", loss.acknowledged);
        json.number("issuedGeneration", loss.issued);
        json.text("found", content_name(loss.found.content));
        json.number("foundGeneration", loss.found.generation);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

}  // namespace initiator
