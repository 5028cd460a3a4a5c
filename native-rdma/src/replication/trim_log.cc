#include "replication/trim_log.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace replication {

namespace {

constexpr uint32_t in_block = TrimBlock::entries_max;

TrimBlock block_at(const uint8_t* ring, uint64_t place) {
    TrimBlock block;
    std::memcpy(&block, ring + place * sizeof block, sizeof block);
    return block;
}

}  // namespace

// A block that is begun takes the place of the oldest one, with all that is in it.
void TrimLog::add(base::Version version, const Range& range) {
    if (trims_.size() == trims_max) {
        for (uint32_t each = 0; each < in_block; ++each) {
            dropped_ = std::max(dropped_, trims_.front().version);
            trims_.pop_front();
        }
    }
    trims_.push_back({version, range});
    ++next_;
}

std::vector<Range> TrimLog::since(base::Version above) const {
    std::vector<Range> ranges;
    for (const Trim& trim : trims_) {
        if (trim.version > above) {
            ranges.push_back(trim.range);
        }
    }
    return ranges;
}

uint32_t TrimLog::newest_place() const {
    CHECK(next_ > 0, "something was noted");
    return static_cast<uint32_t>((next_ - 1) / in_block % blocks);
}

TrimBlock TrimLog::newest(base::PgId pg) const {
    CHECK(next_ > 0, "something was noted");
    TrimBlock block;
    block.pg = pg.value;
    block.sequence = (next_ - 1) / in_block;
    block.count = static_cast<uint32_t>(next_ - block.sequence * in_block);
    block.dropped_epoch = dropped_.epoch.value;
    block.dropped_counter = dropped_.counter;
    const size_t first = trims_.size() - block.count;
    for (uint32_t each = 0; each < block.count; ++each) {
        const Trim& trim = trims_[first + each];
        block.entries[each] = {trim.range.extent.volume.value,
                               trim.version.counter,
                               trim.version.epoch.value,
                               trim.range.extent.index,
                               trim.range.first_block,
                               trim.range.block_count};
    }
    return block;
}

bool TrimLog::load(base::PgId pg, const uint8_t* ring) {
    uint64_t end = 0;  // One behind the newest block's sequence.
    for (uint32_t place = 0; place < blocks; ++place) {
        const TrimBlock block = block_at(ring, place);
        if (block.magic == 0) {
            continue;  // Not used yet.
        }
        if (block.magic != TrimBlock::expected_magic || block.pg != pg.value ||
            block.sequence % blocks != place) {
            return false;
        }
        end = std::max(end, block.sequence + 1);
    }
    TrimLog found;
    for (uint64_t sequence = end > blocks ? end - blocks : 0; sequence < end; ++sequence) {
        const TrimBlock block = block_at(ring, sequence % blocks);
        const bool whole = block.count == in_block || (sequence + 1 == end && block.count > 0);
        if (block.magic == 0 || block.sequence != sequence || !whole || !found.take(block)) {
            return false;
        }
        found.next_ = sequence * in_block + block.count;
    }
    found.known_above_ = known_above_;
    *this = std::move(found);
    return true;
}

bool TrimLog::take(const TrimBlock& block) {
    if (block.count > in_block) {
        return false;
    }
    dropped_ = {base::Epoch{block.dropped_epoch}, block.dropped_counter};
    for (uint32_t each = 0; each < block.count; ++each) {
        const TrimBlock::Entry& entry = block.entries[each];
        const base::ExtentId extent{
            base::VolumeId{entry.volume}, entry.extent, base::PgId{block.pg}};
        trims_.push_back({{base::Epoch{entry.epoch}, entry.counter},
                          {extent, entry.first_block, entry.block_count}});
    }
    return true;
}

}  // namespace replication
