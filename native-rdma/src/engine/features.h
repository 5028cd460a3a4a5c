// What the kernel offers and the engine uses, one sentence each: for the operator's log.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/reactor_thread.h"

namespace engine {

// `registration_error`: the errno of registering the pools, or 0.
[[nodiscard]] std::vector<std::string> describe_features(
    const ReactorThreads& reactors,
    const std::vector<std::unique_ptr<Device>>& devices,
    uint32_t registration_error);

}  // namespace engine
