// Finds a store's structures on a simulated device, by their magic numbers and by what names them.
//
// Requires: what is looked for is durable; a device's cache is not looked into.
#pragma once

#include <cstring>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "sim_store.h"
#include "store/batch_format.h"
#include "store/checkpoint_format.h"
#include "store/index_page_format.h"
#include "store/segment_format.h"
#include "store/superblock_format.h"

namespace test {

template <typename Structure>
Structure structure_at(const SimDevice& device, uint64_t offset) {
    uint8_t bytes[sizeof(Structure)];
    for (uint64_t at = 0; at < sizeof bytes; ++at) {
        bytes[at] = device.peek(offset + at);
    }
    Structure structure;
    std::memcpy(&structure, bytes, sizeof structure);
    return structure;
}

// Where the copies of the last checkpoint's root and of its first body chunk lie.
struct CheckpointPlaces {
    explicit CheckpointPlaces(const SimDevice& device) {
        const auto super = structure_at<store::Superblock>(device, 0);
        CHECK(super.checkpoint != 0, "there is a checkpoint");
        for (uint32_t copy = 0; copy < 2; ++copy) {
            roots[copy] = uint64_t{super.root_places[copy]} * block;
        }
        root = structure_at<store::CheckpointRoot>(device, roots[0]);
        const auto chunk =
            structure_at<store::CheckpointChunk>(device, roots[0] + sizeof(store::CheckpointRoot));
        for (uint32_t copy = 0; copy < 2; ++copy) {
            chunks[copy] = uint64_t{chunk.places[copy]} * block;
        }
    }
    store::CheckpointRoot root{};
    uint64_t roots[2] = {};
    uint64_t chunks[2] = {};
};

inline uint64_t segment_at(uint32_t segment) {
    return SimStore::segments_at + segment * SimStore::segment_bytes;
}

inline uint32_t segment_of(uint64_t offset) {
    return static_cast<uint32_t>((offset - SimStore::segments_at) / SimStore::segment_bytes);
}

// Damages every image there is of a page, the older ones, too; how many.
inline uint32_t damage_page(SimDevice& device, const base::ExtentId& extent, uint32_t page) {
    uint32_t found = 0;
    for (uint64_t at = SimStore::segments_at; at < device.geometry().bytes;
         at += store::page_bytes) {
        const auto image = structure_at<store::IndexPage>(device, at);
        if (image.magic == store::index_page_magic && image.volume == extent.volume.value &&
            image.extent_index == extent.index && image.page == page) {
            device.flip(at + offsetof(store::IndexPage, crcs) + 5);
            ++found;
        }
    }
    return found;
}

// Every batch that holds a block with data of `extent`: the offset of its first header block, with
// the block's offset. Older ones, too.
struct StoredBlock {
    uint64_t batch = 0;
    uint64_t data = 0;
};
inline std::vector<StoredBlock> stored_blocks(const SimDevice& device,
                                              const base::ExtentId& extent,
                                              uint32_t block_number) {
    std::vector<StoredBlock> found;
    for (uint64_t at = SimStore::segments_at; at < device.geometry().bytes; at += block) {
        const auto header = structure_at<store::BatchHeader>(device, at);
        if (store::invalid_sizes(header) != nullptr) {
            continue;
        }
        uint64_t data = at + uint64_t{header.header_blocks} * block;
        for (uint32_t number = 0; number < header.entry_count; ++number) {
            const auto entry = structure_at<store::BatchEntry>(
                device, at + sizeof header + number * sizeof(store::BatchEntry));
            if (entry.kind != static_cast<uint32_t>(store::EntryKind::blocks)) {
                continue;
            }
            if (entry.volume == extent.volume.value && entry.extent_index == extent.index &&
                block_number - entry.first_block < entry.block_count) {
                found.push_back({at, data + uint64_t{block_number - entry.first_block} * block});
            }
            data += uint64_t{entry.block_count} * block;
        }
    }
    return found;
}

// Hears of the damage that the store finds on its own: how often of each block.
struct Told final : store::StoreObserver {
    void block_damaged(const base::ExtentId& extent, uint32_t number) override {
        ++times[{extent, number}];
    }
    std::map<std::pair<base::ExtentId, uint32_t>, uint32_t> times;
};

}  // namespace test
