#include "bench/store_bench_options.h"

#include <initializer_list>

namespace {

using bench::StoreBenchOptions;

// The first sentence about `words`, or empty.
std::string problem_of(std::initializer_list<const char*> words, StoreBenchOptions& options) {
    const std::string problem =
        initiator::parse_arguments({words.begin(), words.size()}, bench::arguments(options));
    return problem.empty() ? check(options) : problem;
}

std::string problem_of(std::initializer_list<const char*> words) {
    StoreBenchOptions options;
    return problem_of(words, options);
}

}  // namespace

TEST_CASE("what the store is told comes from the command line, and defaults from the store") {
    StoreBenchOptions options;
    CHECK(problem_of({"--path", "x", "--segment-bytes", "4m", "--index-bytes", "1m"}, options)
              .empty());
    const store::StoreOptions chosen = store_options_of(options);
    CHECK(chosen.segment_bytes == 4u << 20);
    CHECK(chosen.index_bytes_max == 1u << 20);
    CHECK(chosen.checkpoint_log_bytes == store::StoreOptions().checkpoint_log_bytes);
    CHECK(chosen.durability == store::Durability::automatic);
}

TEST_CASE("each mistake has its sentence") {
    CHECK(problem_of({}) == "--path is needed: the file or block device.");
    CHECK(problem_of({"--path", "x", "--verb", "erase"}) ==
          "--verb is read or write, not \"erase\".");
    CHECK(problem_of({"--path", "x", "--order", "odd"}) ==
          "--order is random, sequential or zipfian, not \"odd\".");
    CHECK(problem_of({"--path", "x", "--durability", "much"}) ==
          "--durability is automatic, flush or none, not \"much\".");
    CHECK(problem_of({"--path", "x", "--io-bytes", "5000"}) ==
          "--io-bytes is a multiple of 4096, and --span a multiple of it.");
    CHECK(problem_of({"--path", "x", "--span", "12k", "--io-bytes", "12k"}) ==
          "--io-bytes and --fill-bytes-min are powers of two.");
    CHECK(problem_of({"--path", "x", "--verb", "read", "--warm-up", "1m"}) ==
          "--warm-up is for writing.");
}
