// What a node's disk holds of its groups' blocks: the durable ones, and a log of what is on its
// way.
//
// A crash keeps any beginning of what was not yet acknowledged. It outlives the processes that use
// it.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "sim_random.h"

namespace test {

struct SimBlock {
    base::Version version;
    std::array<uint8_t, base::limits::block_bytes> bytes;
};

// A change of neighbouring blocks, all of it or nothing.
struct SimRecord {
    base::ExtentId extent;
    uint32_t first_block = 0;
    uint32_t block_count = 0;
    std::vector<std::shared_ptr<const SimBlock>> blocks;  // None: deallocates.
};

class SimDisk {
  public:
    static constexpr uint32_t page_blocks = 64;
    struct PageName {
        base::ExtentId extent;
        uint32_t page = 0;
        auto operator<=>(const PageName&) const = default;
    };
    using Page = std::array<std::shared_ptr<const SimBlock>, page_blocks>;

    static constexpr uint64_t capacity_blocks = 16384;
    uint32_t slowness = 1;
    bool failed = false;
    uint64_t others_blocks = 0;  // Taken by what is not simulated.

    [[nodiscard]] const SimBlock* find(const base::ExtentId& extent, uint32_t block) const {
        const auto page = pages_.find({extent, block / page_blocks});
        return page == pages_.end() ? nullptr : page->second[block % page_blocks].get();
    }
    void append(SimRecord&& record) { log_.push_back(std::move(record)); }
    [[nodiscard]] bool appending() const { return !log_.empty(); }
    // The oldest record of the log is durable.
    void land() {
        apply(log_.front());
        log_.pop_front();
    }
    // Whether something on its way is lost.
    bool crash(SimRandom& random) {
        size_t kept = log_.empty() ? 0 : random.below(static_cast<uint32_t>(log_.size()) + 1);
        const bool torn = kept < log_.size();
        for (; kept > 0; --kept) {
            land();
        }
        log_.clear();
        return torn;
    }
    [[nodiscard]] uint64_t live_blocks() const { return live_blocks_; }
    // In the order in which they came to hold something.
    [[nodiscard]] const std::vector<PageName>& names() const { return names_; }
    [[nodiscard]] const Page& page(const PageName& name) const { return pages_.at(name); }
    [[nodiscard]] const std::map<PageName, Page>& pages() const { return pages_; }

  private:
    void apply(const SimRecord& record) {
        if (record.blocks.empty()) {
            erase(record);
            return;
        }
        for (uint32_t each = 0; each < record.block_count; ++each) {
            const uint32_t block = record.first_block + each;
            const PageName name{record.extent, block / page_blocks};
            const auto [page, added] = pages_.try_emplace(name);
            if (added) {
                names_.push_back(name);
            }
            std::shared_ptr<const SimBlock>& slot = page->second[block % page_blocks];
            live_blocks_ += slot == nullptr ? 1 : 0;
            slot = record.blocks[each];
        }
    }
    void erase(const SimRecord& record) {
        const uint32_t end = record.first_block + record.block_count;
        auto page = pages_.lower_bound({record.extent, record.first_block / page_blocks});
        for (; page != pages_.end() && page->first.extent == record.extent; ++page) {
            for (uint32_t each = 0; each < page_blocks; ++each) {
                const uint32_t block = page->first.page * page_blocks + each;
                if (block >= record.first_block && block < end && page->second[each] != nullptr) {
                    page->second[each] = nullptr;
                    --live_blocks_;
                }
            }
        }
    }

    std::map<PageName, Page> pages_;
    std::vector<PageName> names_;
    std::deque<SimRecord> log_;
    uint64_t live_blocks_ = 0;
};

}  // namespace test
