// The last deallocations of a group: what a member that comes back has to be told, as blocks that
// are not there have no version.
#pragma once

#include <deque>
#include <vector>

#include "base/ids.h"
#include "replication/message.h"

namespace replication {

class TrimLog {
  public:
    static constexpr uint32_t trims_max = 4096;

    // Nothing is known of those up to here.
    void begin(base::Version known_above) {
        trims_.clear();
        known_above_ = known_above;
    }
    void add(base::Version version, const Range& range) {
        if (trims_.size() == trims_max) {
            known_above_ = trims_.front().version;
            trims_.pop_front();
        }
        trims_.push_back({version, range});
    }
    [[nodiscard]] bool knows(base::Version above) const { return above >= known_above_; }
    [[nodiscard]] std::vector<Range> since(base::Version above) const {
        std::vector<Range> ranges;
        for (const Trim& trim : trims_) {
            if (trim.version > above) {
                ranges.push_back(trim.range);
            }
        }
        return ranges;
    }

  private:
    struct Trim {
        base::Version version;
        Range range;
    };
    std::deque<Trim> trims_;
    base::Version known_above_{base::Epoch{0xffff'ffff}, 0};  // Not before begin().
};

}  // namespace replication
