// Who uses a device at this moment.
//
// Thread: any. Looking takes the device for an instant: a gateway that starts just then tries
// again.
#pragma once

#include <cstdint>
#include <string>

namespace engine {

enum class DeviceUse : uint8_t {
    free,     // Nobody that can be told.
    gateway,  // An engine has it open, or another program that locks it.
    system,   // Mounted, swapped to, partitioned, part of another device, or behind a loop device.
};

[[nodiscard]] DeviceUse find_device_use(const std::string& path);

// The end of a sentence that begins with the device's name; null when it is free.
[[nodiscard]] const char* describe_use(DeviceUse use);

}  // namespace engine
