// The engine's counters: their names, in the order in which they are read, and the reading.
//
// Names that end in `_now` are levels, which may fall; all others only grow while the engine is
// open. Names are part of what operators build dashboards on: add, do not rename.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/reactor_thread.h"
#include "engine/sampler.h"
#include "peer/network.h"
#include "target/target.h"
#include "transport/tcp/server.h"

namespace engine {

[[nodiscard]] const std::vector<std::string>& counter_names();

// Where the numbers come from; each list may be empty.
struct CounterSources {
    std::span<const std::unique_ptr<ReactorThread>> reactors;
    std::span<const std::unique_ptr<Sampler>> samplers;
    transport::tcp::ServerCounters server;
    uint64_t volumes = 0;
    peer::NetworkCounters network;
};

// Fills `counters`, as many as there are names. Allocates nothing.
void read_counters(const CounterSources& sources, std::span<uint64_t> counters);

}  // namespace engine
