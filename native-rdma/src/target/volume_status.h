// The one place where what went wrong below the target becomes a status for the host.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace target {

// A code of nvme/status.h.
[[nodiscard]] uint16_t volume_status(base::Status status);

}  // namespace target
