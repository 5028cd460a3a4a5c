// What a store must hold: acknowledged operations, then any number of the pending ones in order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/ids.h"

namespace test {

// A few extents of two volumes, all in one array of blocks.
struct SimSpace {
    static constexpr uint32_t extents = 4;
    static constexpr uint32_t extent_blocks = 64;
    static constexpr uint32_t blocks = extents * extent_blocks;
    static base::ExtentId extent(uint32_t number) {
        return {base::VolumeId{1 + number / 2}, number % 2, base::PgId{number}};
    }
};

// The mark of each block, 0 where it reads as zeroes.
using SimState = std::vector<uint64_t>;

struct SimChange {
    enum class Kind : uint8_t { write, deallocate, delete_volume };
    Kind kind = Kind::write;
    uint64_t number = 0;  // Of the operation, from 1: what its blocks are marked with.
    uint32_t extent = 0;
    uint32_t first_block = 0;
    uint32_t block_count = 0;

    static uint64_t mark(uint64_t number, uint32_t block) {
        return number * SimSpace::blocks + block;
    }
    void apply(SimState& state) const {
        uint32_t first = extent * SimSpace::extent_blocks + first_block;
        uint32_t count = block_count;
        if (kind == Kind::delete_volume) {
            first = extent / 2 * 2 * SimSpace::extent_blocks;
            count = 2 * SimSpace::extent_blocks;
        }
        for (uint32_t block = first; block < first + count; ++block) {
            state[block] = kind == Kind::write ? mark(number, block) : 0;
        }
    }
};

class SimModel {
  public:
    SimModel() : acknowledged_(SimSpace::blocks) {}

    void submitted(const SimChange& change) { pending_.push_back(change); }
    // False when the store acknowledges out of the order of the log.
    [[nodiscard]] bool acknowledged(uint64_t number) {
        if (pending_.empty() || pending_.front().number != number) {
            return false;
        }
        pending_.front().apply(acknowledged_);
        pending_.pop_front();
        doubtful_.clear();
        return true;
    }
    // It failed for want of space. It must not be seen, but the device may have done it all the
    // same, which shows after a power cut as long as nothing was acknowledged since.
    void refused(uint64_t number) {
        const auto found =
            std::find_if(pending_.begin(), pending_.end(), [number](const SimChange& change) {
                return change.number == number;
            });
        doubtful_.push_back(*found);
        pending_.erase(found);
    }

    [[nodiscard]] const SimState& state() const { return acknowledged_; }
    // Whether a store may be in the state `found` after a power cut.
    [[nodiscard]] bool allows(const SimState& found) const {
        SimState state = acknowledged_;
        for (const SimChange& change : pending_) {
            if (state == found) {
                return true;
            }
            change.apply(state);
        }
        return state == found || doubtful(found);
    }
    // The store was opened in the state `found`: what was pending has happened or never will.
    void restarted(const SimState& found) {
        acknowledged_ = found;
        pending_.clear();
        doubtful_.clear();
    }

  private:
    [[nodiscard]] bool doubtful(const SimState& found) const {
        std::vector<bool> explained(SimSpace::blocks);
        for (const SimChange& change : doubtful_) {
            SimState state = acknowledged_;
            change.apply(state);
            for (uint32_t block = 0; block < SimSpace::blocks; ++block) {
                explained[block] = explained[block] || state[block] == found[block];
            }
        }
        return std::find(explained.begin(), explained.end(), false) == explained.end();
    }

    SimState acknowledged_;
    std::deque<SimChange> pending_;
    std::deque<SimChange> doubtful_;
};

}  // namespace test
