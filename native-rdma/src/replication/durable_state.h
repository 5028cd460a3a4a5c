// What a member keeps of a group beside its blocks, in its store, as blocks of a volume of its own:
// what it has promised and lately deallocated (not replicated), and the fences of the group's
// volumes (replicated like any write, so that a new primary knows them).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <unordered_map>

#include "base/crc32c.h"
#include "base/ids.h"
#include "base/limits.h"
#include "replication/message.h"
#include "store/pages.h"

namespace replication {

// No user's volume has it.
inline constexpr base::VolumeId group_volume{0xffff'ffff'ffff'ffff};

[[nodiscard]] constexpr base::ExtentId promise_extent(base::PgId pg) {
    return {group_volume, 0, pg};
}
[[nodiscard]] constexpr base::ExtentId fence_extent(base::PgId pg) {
    return {group_volume, 1, pg};
}

// Of promise_extent: the first block is the promise, some behind it are the TrimLog's ring.
inline constexpr uint32_t trim_ring_block = 1;

struct Promise {
    static constexpr uint64_t expected_magic = 0x31'6d'6f'72'70'68'73'61;  // "ashprom1"
    uint64_t magic = expected_magic;
    uint32_t pg = 0;
    uint32_t epoch = 0;  // Nothing of a lower one is answered.
    uint64_t commit_counter = 0;
    uint32_t commit_epoch = 0;
    uint32_t trims_epoch = 0;  // No deallocation above this is missing in the ring.
    uint64_t trims_counter = 0;
};
static_assert(sizeof(Promise) == 40);

// The fences of a group's volumes, 255 in a block, chosen by the volume's number.
class Fences {
  public:
    static constexpr uint32_t blocks = 64;
    static constexpr uint32_t in_block = 255;

    [[nodiscard]] base::Fence find(base::VolumeId volume) const {
        const auto found = fences_.find(volume);
        return found == fences_.end() ? base::Fence{} : found->second;
    }
    [[nodiscard]] static uint32_t block_of(base::VolumeId volume) {
        return static_cast<uint32_t>(volume.value % blocks);
    }
    // Whether the volume's block has room for it.
    [[nodiscard]] bool has_room(base::VolumeId volume) const {
        return fences_.contains(volume) || used_[block_of(volume)] < in_block;
    }
    void raise(base::VolumeId volume, base::Fence fence) {
        auto [found, added] = fences_.try_emplace(volume, fence);
        used_[block_of(volume)] += added ? 1 : 0;
        if (found->second < fence) {
            found->second = fence;
        }
    }
    void fill(uint32_t block, uint8_t* data) const {
        std::memset(data, 0, base::limits::block_bytes);
        for (const auto& [volume, fence] : fences_) {
            if (block_of(volume) == block) {
                const Entry entry{volume.value, fence.value};
                std::memcpy(data, &entry, sizeof entry);
                data += sizeof entry;
            }
        }
    }
    // What the block holds counts, also where it knows less than was raised: that was not kept.
    // None: it was deallocated.
    void load(uint32_t block, const uint8_t* data) {
        std::erase_if(fences_, [block](const auto& each) { return block_of(each.first) == block; });
        used_[block] = 0;
        if (data == nullptr) {
            return;
        }
        for (uint32_t index = 0; index < in_block; ++index) {
            Entry entry;
            std::memcpy(&entry, data + index * sizeof entry, sizeof entry);
            if (entry.fence != 0) {
                raise(base::VolumeId{entry.volume}, base::Fence{entry.fence});
            }
        }
    }

    void load(const Range& range, const uint8_t* data) {
        const uint32_t end = std::min(blocks, range.first_block + range.block_count);
        for (uint32_t block = range.first_block; block < end; ++block) {
            const size_t at = size_t{block - range.first_block} * base::limits::block_bytes;
            load(block, data == nullptr ? nullptr : data + at);
        }
    }

  private:
    struct Entry {
        uint64_t volume;
        uint64_t fence;
    };
    std::unordered_map<base::VolumeId, base::Fence> fences_;
    std::array<uint32_t, blocks> used_{};
};

}  // namespace replication
