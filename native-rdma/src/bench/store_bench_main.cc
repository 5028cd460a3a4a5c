// The store alone: a log-structured store on one file or block device, without target or network.
//
//   store-bench --path FILE --bytes 4g --format --verb write --depth 32 --durability flush
//
// Prints one line of JSON. Exit status: 0, 1 (something failed), 2 (usage).
#include <cstdio>
#include <span>

#include "bench/store_bench.h"

namespace {

struct Start : reactor::Task {
    bench::StoreBench* bench = nullptr;
};

void run(const bench::StoreBenchOptions& options) {
    reactor::Options chosen;
    const bool pinned = options.cpu != bench::StoreBenchOptions::no_cpu;
    chosen.cpu = pinned ? static_cast<int>(options.cpu) : -1;
    chosen.poll_us = static_cast<uint32_t>(options.poll_us);
    auto reactor = reactor::Reactor::create(chosen);
    if (!reactor) {
        bench::die("io_uring is not to be had on this machine.");
    }
    bench::StoreBench bench(**reactor, options);
    Start start;
    start.bench = &bench;
    start.run = [](reactor::Task& task) { static_cast<Start&>(task).bench->start(); };
    (*reactor)->post(start);
    (*reactor)->run();
    static_cast<void>(std::printf("%s\n", bench.report().c_str()));
}

}  // namespace

int main(int count, char** words) {
    bench::StoreBenchOptions options;
    const std::span<const char* const> said(words + 1, static_cast<size_t>(count) - 1);
    std::string problem = initiator::parse_arguments(said, bench::arguments(options));
    if (options.help) {
        const std::string text = initiator::describe_arguments(bench::arguments(options));
        static_cast<void>(
            std::printf("Usage: store-bench --path FILE [options]\n%s", text.c_str()));
        return 0;
    }
    if (problem.empty()) {
        problem = check(options);
    }
    if (!problem.empty()) {
        static_cast<void>(std::fprintf(stderr, "%s\n", problem.c_str()));
        return 2;
    }
    run(options);
    return 0;
}
