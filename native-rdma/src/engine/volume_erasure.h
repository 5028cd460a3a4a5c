// Makes every store of the gateway forget a volume's blocks.
//
// Thread: the control thread; `done` comes there too. Lifetime: the shards outlive it.
#pragma once

#include <span>

#include "base/ids.h"
#include "engine/control_thread.h"
#include "engine/outcome.h"
#include "router/shard.h"

namespace engine {

// Requires: the volume is not served. Every store is asked, also when one of them fails; done is
// told the first failure.
void erase_volume(std::span<router::Shard* const> shards,
                  base::VolumeId id,
                  ControlThread& control,
                  Done done);

}  // namespace engine
