// Log page 70h: the subsystems that the asking host may connect to.
//
// Thread: the admin queue's reactor.
#pragma once

#include <cstdint>

#include "base/limits.h"
#include "nvme/log_page.h"
#include "target/log_pages.h"

namespace target {

class Controller;

// The longest there can be: a host that reads on while the log shrinks gets zeroes, and then sees
// from GENCTR that it must start again.
inline constexpr uint64_t discovery_page_bytes_max =
    sizeof(nvme::DiscoveryLogHeader) +
    sizeof(nvme::DiscoveryLogEntry) * base::limits::discovery_entries_max;

void write_discovery(const Controller& controller, PageWindow& window);

}  // namespace target
