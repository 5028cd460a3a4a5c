// The writes that a member holds, or is about to, above its commit point.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/ids.h"
#include "replication/message.h"

namespace replication {

class Pending {
  public:
    // Of a joining member all is pending that is copied to it: beyond this it is not noted.
    static constexpr uint32_t ranges_max = 4096;

    void add(base::Version version, const Range& range) {
        if (entries_.size() == ranges_max) {
            unknown_ = true;
            return;
        }
        entries_.push_back({version, range});
    }
    // What is committed is not pending any more.
    void commit(base::Version version) {
        std::erase_if(entries_, [version](const Entry& entry) { return entry.version <= version; });
    }
    void clear() {
        entries_.clear();
        unknown_ = false;
    }
    [[nodiscard]] bool unknown() const { return unknown_; }
    [[nodiscard]] bool empty() const { return entries_.empty() && !unknown_; }
    [[nodiscard]] std::vector<Range> ranges() const {
        std::vector<Range> ranges;
        ranges.reserve(entries_.size());
        for (const Entry& entry : entries_) {
            ranges.push_back(entry.range);
        }
        return ranges;
    }

  private:
    struct Entry {
        base::Version version;
        Range range;
    };
    std::deque<Entry> entries_;
    bool unknown_ = false;
};

}  // namespace replication
