// Whether what control says of a subsystem or of the discovery log is acceptable.
//
// Thread: any; no state.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "target/subsystem.h"
#include "target/target.h"

namespace target {

// invalid_argument: a malformed NQN, a name too long, no blocks, a backing missing.
[[nodiscard]] base::Status check_config(const SubsystemConfig& config, size_t reactor_count);
[[nodiscard]] base::Status check_discovery(const std::vector<DiscoveryEntry>& entries);

[[nodiscard]] std::shared_ptr<Subsystem> make_subsystem(const SubsystemConfig& config);
// Nothing differs but what may change while hosts are connected: its hosts and its size.
[[nodiscard]] bool is_same_volume(const Subsystem& subsystem, const SubsystemConfig& config);

}  // namespace target
