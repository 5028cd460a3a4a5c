// Starts and ends the reading of every live block of one device.
//
// Thread: the control thread; `done` comes there too. Lifetime: the device outlives it.
#pragma once

#include <cstdint>

#include "engine/control_thread.h"
#include "engine/device.h"
#include "engine/outcome.h"

namespace engine {

// Answers once the pass has begun, not when it has ended. Busy while one runs.
void start_scrub(Device& device, uint64_t bytes_per_second, ControlThread& control, Done done);
// Fine when there is none.
void stop_scrub(Device& device, ControlThread& control, const Done& done);

}  // namespace engine
