// Makes a device ready for a gateway, and takes a store from one that is no longer wanted.
//
// Neither touches a device that is in use, whatever is forced. Thread: any but a reactor's; blocks.
#pragma once

#include <cstdint>
#include <string>

#include "engine/device_survey.h"
#include "engine/outcome.h"

namespace engine {

struct PrepareOptions {
    std::string path;
    uint64_t bytes = 0;  // Of a file that is made; 0: it must be there.
    uint64_t segment_bytes = uint64_t{64} << 20;
    bool force = false;  // Also over what is not ours. A store is retired first, in any case.
};

struct Prepared {
    DeviceSurvey device;
    bool made = false;   // The file was not there.
    std::string erased;  // What was there before, when that was forced.
};

// Fails with busy (in use), already_exists (holds a store), foreign (holds something else),
// invalid_argument (no size to make it with, too small, another size) or what the device says.
[[nodiscard]] Outcome prepare_device(const PrepareOptions& options, Prepared& prepared);

struct Retired {
    std::string path;
    bool damaged = false;  // The store was not whole; its id is not known.
    base::Uuid store_id{};
};

// Without `force` only a store that holds no live blocks. Fails with busy (in use, or it holds
// some), not_found (nothing is there), foreign (not a store) or corrupt (a damaged one).
[[nodiscard]] Outcome retire_device(const std::string& path, bool force, Retired& retired);

}  // namespace engine
