// What the load generator is told to do, and how that is said on its command line.
//
// Thread: any; no state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "initiator/arguments.h"

namespace initiator {

struct LoadOptions {
    std::string address = "127.0.0.1";
    uint64_t port = 4420;
    std::string subsystem_nqn;
    std::string host_nqn = "nqn.2024-01.io.ashlar:load-generator";
    bool header_digest = false;
    bool data_digest = false;

    uint64_t queues = 1;
    uint64_t depth = 32;  // Commands in flight on each queue.
    uint64_t block_bytes = 4096;
    uint64_t read_percent = 0;
    bool sequential = false;
    uint64_t offset_bytes = 0;  // The part of the namespace that is used.
    uint64_t span_bytes = 0;    // 0: up to the end.

    uint64_t seconds = 5;
    uint64_t operations = 0;  // 0: as many as fit into the time.
    uint64_t ramp_ms = 0;     // Before what is measured.
    uint64_t seed = 1;
    bool verify = false;
    uint64_t reconnect_seconds = 0;  // How long to try after a lost connection; 0: not at all.

    bool busy_poll = false;
    uint64_t cpu = no_cpu;
    bool help = false;

    static constexpr uint64_t no_cpu = 1'000'000;
};

[[nodiscard]] std::vector<Argument> load_arguments(LoadOptions& options);
// Fills `options`. A sentence about the first mistake, or empty.
[[nodiscard]] std::string parse_load_options(std::span<const char* const> words,
                                             LoadOptions& options);

}  // namespace initiator
