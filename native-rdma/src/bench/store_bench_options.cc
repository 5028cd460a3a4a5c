#include "bench/store_bench_options.h"

#include <bit>

namespace bench {
namespace {

using base::limits::block_bytes;
using base::limits::transfer_bytes_max;
using initiator::Argument;
using Arguments = std::vector<Argument>;

Arguments store_arguments(StoreBenchOptions& o) {
    return {
        {.name = "--path", .help = "file or block device", .text = &o.path},
        {.name = "--bytes", .help = "size of a file that is made", .number = &o.bytes},
        {.name = "--format", .help = "make the file, and a store on it", .flag = &o.format},
        {.name = "--holes", .help = "data of zeroes, left as holes in the file", .flag = &o.holes},
        {.name = "--durability", .help = "automatic, flush or none", .text = &o.durability},
        {.name = "--segment-bytes", .help = "0: the default", .number = &o.segment_bytes},
        {.name = "--checkpoint-bytes",
         .help = "of log behind a checkpoint; 0: the default",
         .number = &o.checkpoint_bytes},
        {.name = "--index-bytes", .help = "ceiling of memory; 0: none", .number = &o.index_bytes},
    };
}

Arguments load_arguments(StoreBenchOptions& o) {
    return {
        {.name = "--verb", .help = "read or write", .text = &o.verb},
        {.name = "--order", .help = "random, sequential or zipfian", .text = &o.order},
        {.name = "--span", .help = "bytes used", .min = block_bytes, .number = &o.span_bytes},
        {.name = "--span-percent",
         .help = "of the capacity instead",
         .max = 99,
         .number = &o.span_percent},
        {.name = "--io-bytes",
         .help = "size of an operation",
         .min = block_bytes,
         .max = transfer_bytes_max,
         .number = &o.io_bytes},
        {.name = "--depth",
         .help = "operations in flight",
         .min = 1,
         .max = 1024,
         .number = &o.depth},
        {.name = "--rate", .help = "operations a second; 0: at once", .number = &o.rate},
        {.name = "--fill", .help = "write the span in order first", .flag = &o.fill},
        {.name = "--fill-bytes-min",
         .help = "size of the smallest write that fills, the largest is 256k",
         .min = block_bytes,
         .max = transfer_bytes_max,
         .number = &o.fill_bytes_min},
        {.name = "--warm-up",
         .help = "bytes written before, as measured",
         .number = &o.warm_up_bytes},
        {.name = "--seconds", .help = "run time", .min = 1, .max = 3600, .number = &o.seconds},
        {.name = "--operations", .help = "end after so many; 0: by time", .number = &o.operations},
    };
}

Arguments run_arguments(StoreBenchOptions& o) {
    return {
        {.name = "--cpu", .help = "core to run on", .max = 1023, .number = &o.cpu},
        {.name = "--poll-us",
         .help = "how long to poll before sleeping",
         .max = 60'000'000,
         .number = &o.poll_us},
        {.name = "--progress", .help = "say what is being done", .flag = &o.progress},
        {.name = "--help", .help = "this text", .flag = &o.help},
    };
}

}  // namespace

Arguments arguments(StoreBenchOptions& options) {
    Arguments all;
    for (const Arguments& part :
         {store_arguments(options), load_arguments(options), run_arguments(options)}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

std::string check(const StoreBenchOptions& o) {
    if (o.path.empty()) {
        return "--path is needed: the file or block device.";
    }
    if (o.verb != "read" && o.verb != "write") {
        return "--verb is read or write, not \"" + o.verb + "\".";
    }
    if (o.order != "random" && o.order != "sequential" && o.order != "zipfian") {
        return "--order is random, sequential or zipfian, not \"" + o.order + "\".";
    }
    if (o.durability != "automatic" && o.durability != "flush" && o.durability != "none") {
        return "--durability is automatic, flush or none, not \"" + o.durability + "\".";
    }
    if (o.io_bytes % block_bytes != 0 || o.span_bytes % o.io_bytes != 0) {
        return "--io-bytes is a multiple of 4096, and --span a multiple of it.";
    }
    if (!std::has_single_bit(o.io_bytes) || !std::has_single_bit(o.fill_bytes_min)) {
        return "--io-bytes and --fill-bytes-min are powers of two.";
    }
    if (o.warm_up_bytes != 0 && o.verb != "write") {
        return "--warm-up is for writing.";
    }
    return {};
}

Order order_of(const StoreBenchOptions& options) {
    if (options.order == "sequential") {
        return Order::sequential;
    }
    return options.order == "zipfian" ? Order::zipfian : Order::random;
}

store::StoreOptions store_options_of(const StoreBenchOptions& options) {
    store::StoreOptions chosen;
    chosen.durability = options.durability == "flush"  ? store::Durability::flush
                        : options.durability == "none" ? store::Durability::none
                                                       : store::Durability::automatic;
    if (options.segment_bytes != 0) {
        chosen.segment_bytes = options.segment_bytes;
    }
    if (options.checkpoint_bytes != 0) {
        chosen.checkpoint_log_bytes = options.checkpoint_bytes;
    }
    chosen.index_bytes_max = options.index_bytes;
    return chosen;
}

}  // namespace bench
