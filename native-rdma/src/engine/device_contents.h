// What lies on a device: nothing, a store, a damaged one, or something else.
//
// Only the two ends are looked at, where everything that can be told lies: the first 2 MiB, which
// is what a store keeps before its segments, and the last MiB. Thread: any; blocks on the device.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/status.h"

namespace engine {

enum class DeviceHolds : uint8_t { nothing, store, damaged_store, other };

struct DeviceContents {
    DeviceHolds holds = DeviceHolds::nothing;
    // With other: what it looks like, such as "an ext4 file system". With damaged_store: the rule
    // that is broken.
    std::string description;
    // With store:
    base::Uuid store_id{};
    uint64_t segment_bytes = 0;
    uint32_t segment_count = 0;
    uint32_t features = 0;
};

// Fails as open() and read() do: not_found, or io_error with errno as its detail.
[[nodiscard]] base::Result<DeviceContents> read_device_contents(const std::string& path);

// Makes the two ends zeroes, so that nothing is found any more. Durable when it returns.
// Requires: nobody else uses the device.
[[nodiscard]] base::Status erase_device_ends(const std::string& path);

// Tells the device that what lies between its ends is no longer needed. A hint: a device that
// cannot take it is left as it is.
void discard_between_ends(const std::string& path);

}  // namespace engine
