#include "replication/pending.h"

#include <algorithm>
#include <tuple>

namespace replication {

namespace {

uint32_t end_of(const Range& range) {
    return range.first_block + range.block_count;
}

// In place. `gap`: blocks between two ranges that are taken in.
void join_neighbours(std::vector<Range>& ranges, uint32_t gap) {
    size_t kept = 0;
    for (size_t each = 1; each < ranges.size(); ++each) {
        Range& last = ranges[kept];
        const Range& next = ranges[each];
        if (last.extent == next.extent && next.first_block <= uint64_t{end_of(last)} + gap) {
            last.block_count = std::max(end_of(last), end_of(next)) - last.first_block;
        } else {
            ranges[++kept] = next;
        }
    }
    ranges.resize(ranges.empty() ? 0 : kept + 1);
}

}  // namespace

void Pending::add(base::Version version, const Range& range) {
    if (recent_.size() == ranges_max) {
        merge();
    }
    recent_.push_back({version, range});
}

void Pending::add_unsure(base::Version version, const Range& range) {
    merged_.push_back(range);
    merged_highest_ = std::max(merged_highest_, version);
    if (merged_.size() > ranges_max) {
        merge();
    }
}

void Pending::lose(base::Version version) {
    unknown_ = true;
    lost_highest_ = std::max(lost_highest_, version);
}

void Pending::merge() {
    for (const Entry& entry : recent_) {
        merged_.push_back(entry.range);
        merged_highest_ = std::max(merged_highest_, entry.version);
    }
    recent_.clear();
    std::ranges::sort(merged_, [](const Range& one, const Range& other) {
        return std::tie(one.extent, one.first_block) < std::tie(other.extent, other.first_block);
    });
    // From neighbours to whole extents: until there is room for as many again.
    for (uint64_t gap = 0; gap <= ~uint32_t{0} && (gap == 0 || merged_.size() > ranges_max / 2);
         gap = gap == 0 ? 64 : gap << 4) {
        join_neighbours(merged_, static_cast<uint32_t>(gap));
    }
    if (merged_.size() > ranges_max / 2) {
        merged_.clear();
        lose(merged_highest_);
    }
}

void Pending::commit(base::Version version) {
    while (!recent_.empty() && recent_.front().version <= version) {
        recent_.pop_front();
    }
    if (merged_highest_ <= version) {
        merged_.clear();
    }
    unknown_ = unknown_ && lost_highest_ > version;
}

void Pending::clear() {
    recent_.clear();
    merged_.clear();
    merged_highest_ = lost_highest_ = {};
    unknown_ = false;
}

std::vector<Range> Pending::ranges() const {
    std::vector<Range> ranges = merged_;
    ranges.reserve(merged_.size() + recent_.size());
    for (const Entry& entry : recent_) {
        ranges.push_back(entry.range);
    }
    return ranges;
}

}  // namespace replication
