// What an operator wants to know of one device, without opening a store: kind, size, contents, use.
//
// Thread: any; blocks on the device. Changes nothing.
#pragma once

#include <cstdint>
#include <string>

#include "engine/device_contents.h"
#include "engine/device_use.h"
#include "engine/outcome.h"

namespace engine {

struct DeviceSurvey {
    std::string path;
    bool is_block_device = false;
    uint64_t bytes = 0;  // Usable: whole 4096-byte blocks.
    uint32_t logical_block_bytes = 0;
    DeviceUse use = DeviceUse::free;
    DeviceContents contents;
};

// The sentence of a failure names the device.
[[nodiscard]] Outcome survey_device(const std::string& path, DeviceSurvey& survey);

}  // namespace engine
