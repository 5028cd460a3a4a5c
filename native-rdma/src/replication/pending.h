// The blocks that a member holds, or is about to, above its commit point.
//
// More than needs be may be pending, never less: whatever is gets settled by the next primary.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/ids.h"
#include "replication/message.h"

namespace replication {

class Pending {
  public:
    // More are merged, at last with what lies between them.
    static constexpr uint32_t ranges_max = 4096;

    void add(base::Version version, const Range& range);
    // Nobody knows its version: it is pending until something behind `version` is committed.
    void add_unsure(base::Version version, const Range& range);
    // Something up to `version` is pending, and nobody can say what.
    void lose(base::Version version);
    // What is committed is not pending any more.
    void commit(base::Version version);
    void clear();

    [[nodiscard]] bool unknown() const { return unknown_; }
    [[nodiscard]] bool empty() const { return recent_.empty() && merged_.empty() && !unknown_; }
    [[nodiscard]] std::vector<Range> ranges() const;

  private:
    struct Entry {
        base::Version version;
        Range range;
    };

    void merge();

    // In the order in which they came, mostly that of their versions: who stands behind a higher
    // one waits for it.
    std::deque<Entry> recent_;
    std::vector<Range> merged_;
    base::Version merged_highest_;
    bool unknown_ = false;
    base::Version lost_highest_;
};

}  // namespace replication
