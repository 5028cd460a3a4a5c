// Where each block of each extent lies: extent → block → location.
//
// A radix tree per extent, with leaves of 64 locations: 16 bytes a block where blocks are
// neighbours, nothing where nothing was written. Looking up and overwriting allocate nothing.
//
// Thread: the store's.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/ids.h"
#include "store/batch_format.h"
#include "store/layout.h"
#include "store/slab.h"

namespace store {

// A version in eight bytes, in the same order.
struct PackedVersion {
    [[nodiscard]] static bool fits(base::Version version) {
        return version.epoch.value >> version_epoch_bits == 0 &&
               version.counter >> version_counter_bits == 0;
    }
    [[nodiscard]] static uint64_t pack(base::Version version) {
        return uint64_t{version.epoch.value} << version_counter_bits | version.counter;
    }
};

struct Location {
    Place place = 0;  // 0: there is no such block.
    uint32_t crc = 0;
    uint64_t version = 0;  // A PackedVersion.
};
static_assert(sizeof(Location) == 16, "the budget is 16 bytes a block");

struct ExtentHash {
    size_t operator()(const base::ExtentId& id) const noexcept {
        uint64_t mixed = id.volume.value * 0x9e3779b97f4a7c15;
        mixed ^= (uint64_t{id.index} << 32 | id.pg.value) + (mixed >> 29);
        return (mixed ^ mixed >> 32) * 0xbf58476d1ce4e5b9;
    }
};

class Index {
  public:
    // Hears of every location that is no longer any block's.
    struct Observer {
        virtual void forgotten(Place place) = 0;

      protected:
        ~Observer() = default;
    };

    explicit Index(Observer& observer) : observer_(observer) {}

    struct Extent {
        std::vector<uint32_t> nodes;  // Slab numbers; 0: none. As long as its blocks need.
    };
    // Null when the extent holds nothing.
    [[nodiscard]] const Extent* find(const base::ExtentId& id) const;
    [[nodiscard]] Location get(const Extent* extent, uint32_t block) const;

    // The extent, to set blocks of; good until the next open() or erase. Requires: set() follows.
    [[nodiscard]] Extent& open(const base::ExtentId& id) { return extents_[id]; }
    void set(Extent& extent, uint32_t block, const Location& location);
    // Forgets blocks; costs by what is held, not by the range.
    void erase(const base::ExtentId& id, uint32_t first_block, uint32_t block_count);
    void erase_volume(base::VolumeId volume);

    [[nodiscard]] uint64_t block_count() const { return block_count_; }
    // Memory taken, and that part of it which is not free for the next blocks.
    [[nodiscard]] uint64_t bytes() const;
    [[nodiscard]] uint64_t bytes_in_use() const;

  private:
    static constexpr uint32_t leaf_shift = 6;
    static constexpr uint32_t node_shift = 6;
    static constexpr uint32_t leaf_entries = 1u << leaf_shift;
    static constexpr uint32_t node_entries = 1u << node_shift;

    struct Leaf {
        Location at[leaf_entries];
    };
    struct Node {
        uint32_t leaf[node_entries];  // Slab numbers; 0: none.
    };

    [[nodiscard]] static uint32_t extent_blocks_end(const Extent& extent);
    [[nodiscard]] uint64_t extents_bytes() const;
    void erase_in(Extent& extent, uint32_t first_block, uint32_t end_block);
    void erase_in_node(uint32_t& node_number, uint32_t first_block, uint32_t end_block);
    void erase_in_leaf(uint32_t& leaf_number, uint32_t first, uint32_t count);

    Observer& observer_;
    std::unordered_map<base::ExtentId, Extent, ExtentHash> extents_;
    uint64_t root_bytes_ = 0;
    uint64_t block_count_ = 0;
    Slab<Leaf> leaves_;
    Slab<Node> nodes_;
};

}  // namespace store
