// What each host may discover, and how often that has changed.
//
// Thread: one at a time; a view may be read by any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "target/target.h"

namespace target {

struct DiscoveryView {
    uint64_t generation = 0;  // GENCTR: moves when the entries do.
    std::vector<DiscoveryEntry> entries;
};

class DiscoveryLog {
  public:
    // Returns the NQNs of the hosts whose view has changed.
    std::vector<std::string> replace(std::vector<DiscoveryEntry> entries);
    [[nodiscard]] std::shared_ptr<const DiscoveryView> view(const std::string& host_nqn) const;

  private:
    uint64_t generation_ = 1;
    std::map<std::string, std::shared_ptr<const DiscoveryView>> views_;
};

}  // namespace target
