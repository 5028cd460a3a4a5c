#include "store/index.h"

#include <algorithm>

namespace store {
namespace {

constexpr uint32_t extent_shift = 12;  // Blocks below one node.
// What the hash table keeps for an extent besides its node numbers: links and the hash.
constexpr uint64_t extent_overhead_bytes = 2 * sizeof(void*) + sizeof(size_t);

}  // namespace

const Index::Extent* Index::find(const base::ExtentId& id) const {
    const auto found = extents_.find(id);
    return found == extents_.end() ? nullptr : &found->second;
}

Location Index::get(const Extent* extent, uint32_t block) const {
    static_assert(leaf_shift + node_shift == extent_shift);
    const uint32_t root = block >> extent_shift;
    if (extent == nullptr || root >= extent->nodes.size() || extent->nodes[root] == 0) {
        return {};
    }
    const uint32_t leaf =
        nodes_[extent->nodes[root]].leaf[block >> leaf_shift & (node_entries - 1)];
    return leaf == 0 ? Location{} : leaves_[leaf].at[block & (leaf_entries - 1)];
}

void Index::set(Extent& extent, uint32_t block, const Location& location) {
    CHECK(location.place != 0, "a block lies somewhere");
    const uint32_t root = block >> extent_shift;
    if (root >= extent.nodes.size()) {
        const size_t before = extent.nodes.capacity();
        extent.nodes.resize(root + 1);
        root_bytes_ += (extent.nodes.capacity() - before) * sizeof(uint32_t);
    }
    uint32_t& node_number = extent.nodes[root];
    if (node_number == 0) {
        node_number = nodes_.take();
    }
    uint32_t& leaf_number = nodes_[node_number].leaf[block >> leaf_shift & (node_entries - 1)];
    if (leaf_number == 0) {
        leaf_number = leaves_.take();
        nodes_.hold(node_number);
    }
    Location& entry = leaves_[leaf_number].at[block & (leaf_entries - 1)];
    if (entry.place != 0) {
        observer_.forgotten(entry.place);
    } else {
        leaves_.hold(leaf_number);
        ++block_count_;
    }
    entry = location;
}

void Index::erase(const base::ExtentId& id, uint32_t first_block, uint32_t block_count) {
    const auto found = extents_.find(id);
    if (found == extents_.end()) {
        return;
    }
    Extent& extent = found->second;
    erase_in(extent, first_block, first_block + block_count);
    const bool empty = std::all_of(
        extent.nodes.begin(), extent.nodes.end(), [](uint32_t node) { return node == 0; });
    if (empty) {
        root_bytes_ -= extent.nodes.capacity() * sizeof(uint32_t);
        extents_.erase(found);
    }
}

void Index::erase_volume(base::VolumeId volume) {
    for (auto each = extents_.begin(); each != extents_.end();) {
        if (each->first.volume != volume) {
            ++each;
            continue;
        }
        erase_in(each->second, 0, extent_blocks_end(each->second));
        root_bytes_ -= each->second.nodes.capacity() * sizeof(uint32_t);
        each = extents_.erase(each);
    }
}

uint32_t Index::extent_blocks_end(const Extent& extent) {
    return static_cast<uint32_t>(extent.nodes.size()) << extent_shift;
}

void Index::erase_in(Extent& extent, uint32_t first_block, uint32_t end_block) {
    uint32_t block = first_block;
    const uint32_t end = std::min(end_block, extent_blocks_end(extent));
    while (block < end) {
        const uint32_t root = block >> extent_shift;
        const uint32_t next = std::min(end, (root + 1) << extent_shift);
        if (extent.nodes[root] != 0) {
            erase_in_node(extent.nodes[root], block, next);
        }
        block = next;
    }
}

void Index::erase_in_node(uint32_t& node_number, uint32_t first_block, uint32_t end_block) {
    uint16_t gone = 0;
    uint32_t block = first_block;
    while (block < end_block) {
        const uint32_t next = std::min(end_block, (block | (leaf_entries - 1)) + 1);
        uint32_t& leaf_number = nodes_[node_number].leaf[block >> leaf_shift & (node_entries - 1)];
        if (leaf_number != 0) {
            erase_in_leaf(leaf_number, block & (leaf_entries - 1), next - block);
            gone = static_cast<uint16_t>(gone + (leaf_number == 0 ? 1 : 0));
        }
        block = next;
    }
    if (gone > 0 && nodes_.drop(node_number, gone)) {
        node_number = 0;
    }
}

void Index::erase_in_leaf(uint32_t& leaf_number, uint32_t first, uint32_t count) {
    uint16_t gone = 0;
    Leaf& leaf = leaves_[leaf_number];
    for (uint32_t index = first; index < first + count; ++index) {
        if (leaf.at[index].place != 0) {
            observer_.forgotten(leaf.at[index].place);
            leaf.at[index] = {};
            ++gone;
        }
    }
    block_count_ -= gone;
    if (gone > 0 && leaves_.drop(leaf_number, gone)) {
        leaf_number = 0;
    }
}

uint64_t Index::extents_bytes() const {
    const uint64_t per_extent =
        sizeof(std::pair<const base::ExtentId, Extent>) + extent_overhead_bytes;
    return root_bytes_ + extents_.size() * per_extent + extents_.bucket_count() * sizeof(void*);
}

uint64_t Index::bytes() const {
    return leaves_.bytes() + nodes_.bytes() + extents_bytes();
}

uint64_t Index::bytes_in_use() const {
    return leaves_.bytes_in_use() + nodes_.bytes_in_use() + extents_bytes();
}

}  // namespace store
