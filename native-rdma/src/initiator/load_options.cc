#include "initiator/load_options.h"

#include "base/limits.h"

namespace initiator {

namespace {

constexpr uint64_t port_max = 65'535;
constexpr uint64_t queues_max = 64;
constexpr uint64_t seconds_max = 86'400;
constexpr uint64_t cpu_max = 1'023;

}  // namespace

std::vector<Argument> load_arguments(LoadOptions& o) {
    const uint64_t transfer_max = base::limits::transfer_bytes_max;
    return {
        {.name = "--address", .help = "numeric address of the target", .text = &o.address},
        {.name = "--port", .help = "its port", .min = 1, .max = port_max, .number = &o.port},
        {.name = "--subsystem", .help = "NQN of the volume", .text = &o.subsystem_nqn},
        {.name = "--host", .help = "NQN to come as", .text = &o.host_nqn},
        {.name = "--header-digest", .help = "with header digests", .flag = &o.header_digest},
        {.name = "--data-digest", .help = "with data digests", .flag = &o.data_digest},
        {.name = "--queues",
         .help = "I/O queues",
         .min = 1,
         .max = queues_max,
         .number = &o.queues},
        {.name = "--depth",
         .help = "commands in flight on each queue",
         .min = 1,
         .max = base::limits::io_queue_entries_max,
         .number = &o.depth},
        {.name = "--block-bytes",
         .help = "size of a command",
         .min = base::limits::block_bytes,
         .max = transfer_max,
         .number = &o.block_bytes},
        {.name = "--read-percent", .help = "share of reads", .max = 100, .number = &o.read_percent},
        {.name = "--sequential", .help = "in order, not at random", .flag = &o.sequential},
        {.name = "--offset", .help = "first byte used", .number = &o.offset_bytes},
        {.name = "--span", .help = "bytes used; 0: up to the end", .number = &o.span_bytes},
        {.name = "--seconds", .help = "run time", .max = seconds_max, .number = &o.seconds},
        {.name = "--operations", .help = "end after so many; 0: by time", .number = &o.operations},
        {.name = "--ramp-ms", .help = "not measured, before", .max = 60'000, .number = &o.ramp_ms},
        {.name = "--seed", .help = "of what is random", .number = &o.seed},
        {.name = "--verify", .help = "write a pattern, check all of it", .flag = &o.verify},
        {.name = "--reconnect-seconds",
         .help = "how long to try after a lost connection",
         .max = seconds_max,
         .number = &o.reconnect_seconds},
        {.name = "--busy-poll", .help = "never sleep", .flag = &o.busy_poll},
        {.name = "--cpu", .help = "core to run on", .max = cpu_max, .number = &o.cpu},
        {.name = "--help", .help = "this text", .flag = &o.help},
    };
}

std::string parse_load_options(std::span<const char* const> words, LoadOptions& options) {
    std::string problem = parse_arguments(words, load_arguments(options));
    if (!problem.empty() || options.help) {
        return problem;
    }
    if (options.subsystem_nqn.empty()) {
        return "--subsystem is needed: the NQN of the volume.";
    }
    for (const uint64_t bytes : {options.block_bytes, options.offset_bytes, options.span_bytes}) {
        if (bytes % base::limits::block_bytes != 0) {
            return "--block-bytes, --offset and --span are multiples of 4096, not " +
                   std::to_string(bytes) + ".";
        }
    }
    if (options.seconds == 0 && options.operations == 0) {
        return "Say when to end: --seconds or --operations.";
    }
    return {};
}

}  // namespace initiator
