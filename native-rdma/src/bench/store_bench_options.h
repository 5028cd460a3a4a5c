// What the store's measurement is told to do, and how that is said on its command line.
//
// Thread: any; no state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "bench/address_pattern.h"
#include "initiator/arguments.h"
#include "store/store.h"

namespace bench {

struct StoreBenchOptions {
    static constexpr uint64_t no_cpu = 1'000'000;

    std::string path;
    uint64_t bytes = uint64_t{4} << 30;  // Of a file that is made.
    bool format = false;
    bool holes = false;
    std::string durability = "automatic";
    uint64_t segment_bytes = 0;  // This and the next two: 0 is the store's own default.
    uint64_t checkpoint_bytes = 0;
    uint64_t index_bytes = 0;

    std::string verb = "write";
    std::string order = "random";
    uint64_t span_bytes = uint64_t{1} << 30;
    uint64_t span_percent = 0;  // Of the store's capacity; 0: span_bytes.
    uint64_t io_bytes = base::limits::block_bytes;
    uint64_t depth = 32;
    uint64_t rate = 0;  // Operations a second; 0: as many as it takes.
    bool fill = false;
    uint64_t fill_bytes_min = base::limits::block_bytes * store::blocks_per_op_max;
    uint64_t warm_up_bytes = 0;
    uint64_t seconds = 5;
    uint64_t operations = 0;

    uint64_t cpu = no_cpu;
    uint64_t poll_us = 50;
    bool progress = false;
    bool help = false;
};

[[nodiscard]] std::vector<initiator::Argument> arguments(StoreBenchOptions& options);

// A sentence about what cannot be, or empty.
[[nodiscard]] std::string check(const StoreBenchOptions& options);

[[nodiscard]] Order order_of(const StoreBenchOptions& options);
[[nodiscard]] store::StoreOptions store_options_of(const StoreBenchOptions& options);

}  // namespace bench
