// The load generator: `load-generator --subsystem NQN ...` prints its report as one line of JSON.
//
// Exit status: 0 when all went well, 1 when something did not, 2 when the command line is wrong.
#include <cstdio>

#include "initiator/load_generator.h"
#include "initiator/load_options.h"
#include "reactor/reactor.h"

namespace {

constexpr uint32_t poll_us_max = 60'000'000;
constexpr uint32_t poll_us_default = 50;

struct Start : reactor::Task {
    initiator::LoadGenerator* load = nullptr;
};

int run(const initiator::LoadOptions& options) {
    reactor::Options chosen;
    chosen.cpu = options.cpu == initiator::LoadOptions::no_cpu ? -1 : static_cast<int>(options.cpu);
    chosen.poll_us = options.busy_poll ? poll_us_max : poll_us_default;
    auto reactor = reactor::Reactor::create(chosen);
    if (!reactor) {
        static_cast<void>(std::fprintf(stderr, "io_uring is not to be had on this machine.\n"));
        return 1;
    }
    initiator::LoadGenerator load(**reactor, options);
    Start start;
    start.load = &load;
    start.run = [](reactor::Task& task) { static_cast<Start&>(task).load->start(); };
    (*reactor)->post(start);
    (*reactor)->run();
    static_cast<void>(std::printf("%s\n", load.report().c_str()));
    if (!load.problem().empty()) {
        static_cast<void>(std::fprintf(stderr, "%s\n", load.problem().c_str()));
    }
    return load.succeeded() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    initiator::LoadOptions options;
    const std::span<const char* const> said(words + 1, static_cast<size_t>(count) - 1);
    const std::string problem = initiator::parse_load_options(said, options);
    if (options.help) {
        initiator::LoadOptions defaults;
        static_cast<void>(std::printf(
            "Usage: load-generator --subsystem NQN [options]\n%s",
            initiator::describe_arguments(initiator::load_arguments(defaults)).c_str()));
        return 0;
    }
    if (!problem.empty()) {
        static_cast<void>(std::fprintf(stderr, "%s\n", problem.c_str()));
        return 2;
    }
    return run(options);
}
