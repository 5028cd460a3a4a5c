// Runs the store's simulator over seeds, or over one.
//
// A failing seed prints itself, what was wrong and the last events; --seed N --trace prints all.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unistd.h>

#include "sim_run.h"

namespace {

using test::SimCounts;
using test::SimRun;

struct Options {
    uint64_t first = 1;
    uint64_t seeds = 2000;
    bool trace = false;
    bool forever = false;
    bool covered = false;
};

constexpr const char* usage =
    "sim_store [--first N] [--seeds N]    N seeds from the first on\n"
    "          --seed N [--trace]         one seed, with everything that happens\n"
    "          --forever                  until one fails\n"
    "          --covered                  fails when some kind of event never came up\n";
// Every so many seeds one is run twice: it must do the same again.
constexpr uint64_t seeds_per_repetition = 50;

uint64_t seed_now = 0;
const SimRun* run_now = nullptr;

void print_failure(const char* problem) {
    std::printf("seed %" PRIu64 " failed: %s\nThe last events:\n", seed_now, problem);
    run_now->trace().print_last();
    std::printf("Replay it: sim_store --seed %" PRIu64 " --trace\n", seed_now);
    std::fflush(stdout);
}

// A CHECK of the store stops the process: the seed is told first. Nothing can be made worse here.
void on_abort(int signal) {
    std::signal(signal, SIG_DFL);
    print_failure(signal == SIGABRT ? "a CHECK failed" : "it crashed");
    std::raise(signal);
}

// Adds what one run did to what all have done.
void add(SimCounts& all, const SimCounts& one) {
    static_assert(sizeof(SimCounts) % sizeof(uint64_t) == 0);
    uint64_t sums[sizeof(SimCounts) / sizeof(uint64_t)];
    uint64_t parts[sizeof(SimCounts) / sizeof(uint64_t)];
    std::memcpy(sums, &all, sizeof all);
    std::memcpy(parts, &one, sizeof one);
    for (size_t each = 0; each < std::size(sums); ++each) {
        sums[each] += parts[each];
    }
    std::memcpy(&all, sums, sizeof all);
}

bool run_seed(uint64_t seed, bool aloud, SimCounts& counts, uint64_t& hash) {
    SimRun run(seed, aloud);
    seed_now = seed;
    run_now = &run;
    const std::string problem = run.run();
    add(counts, run.counts());
    hash = run.trace().hash();
    if (!problem.empty()) {
        print_failure(problem.c_str());
    }
    return problem.empty();
}

// Once, or twice to compare: a seed that does not do the same again cannot be replayed.
bool check_seed(uint64_t seed, const Options& options, SimCounts& counts) {
    uint64_t hash = 0;
    if (!run_seed(seed, options.trace, counts, hash)) {
        return false;
    }
    if (options.trace) {
        std::printf("seed %" PRIu64 " is right; its hash: %016" PRIx64 "\n", seed, hash);
        return true;
    }
    if (seed % seeds_per_repetition != 0) {
        return true;
    }
    uint64_t again = 0;
    SimCounts uncounted;
    if (!run_seed(seed, false, uncounted, again) || again != hash) {
        std::printf("seed %" PRIu64 " does not do the same when it is run again\n", seed);
        return false;
    }
    return true;
}

struct Named {
    const char* name;
    uint64_t SimCounts::* count;
    bool needed;  // By --covered.
};
constexpr Named named_counts[] = {
    {"lives", &SimCounts::lives, true},
    {"changes", &SimCounts::changes, true},
    {"reads", &SimCounts::reads, true},
    {"power cuts", &SimCounts::power_cuts, true},
    {"kills", &SimCounts::kills, true},
    {"of them while opening", &SimCounts::cuts_while_opening, true},
    {"clean closes", &SimCounts::clean_closes, true},
    {"times without space", &SimCounts::no_space, true},
    {"device errors", &SimCounts::device_errors, true},
    {"lies", &SimCounts::lies, true},
    {"reads of damage", &SimCounts::damaged_reads, true},
    {"stores refused", &SimCounts::refusals, true},
    {"ends of the log lost to a lie", &SimCounts::rollbacks, false},
    {"checkpoints", &SimCounts::checkpoints, true},
    {"blocks moved", &SimCounts::moved_blocks, true},
    {"index pages missed", &SimCounts::index_misses, true},
    {"scrubs", &SimCounts::scrubs, true},
};

void print_counts(const SimCounts& counts, uint64_t seeds) {
    std::printf("%" PRIu64 " seeds:", seeds);
    for (const Named& each : named_counts) {
        std::printf(" %" PRIu64 " %s,", counts.*each.count, each.name);
    }
    std::printf(" none failed\n");
}

// The seeds are worth something only as long as everything comes up in them.
bool all_covered(const SimCounts& counts) {
    bool all = true;
    for (const Named& each : named_counts) {
        if (each.needed && counts.*each.count == 0) {
            std::printf("no seed has had any: %s\n", each.name);
            all = false;
        }
    }
    return all;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int each = 1; each < argc; ++each) {
        const std::string word = argv[each];
        const bool number =
            each + 1 < argc && (word == "--first" || word == "--seeds" || word == "--seed");
        const uint64_t value = number ? std::strtoull(argv[each + 1], nullptr, 10) : 0;
        each += number ? 1 : 0;
        if (word == "--trace") {
            options.trace = true;
        } else if (word == "--covered") {
            options.covered = true;
        } else if (word == "--forever") {
            options.forever = true;
        } else if (number && word == "--first") {
            options.first = value;
        } else if (number && word == "--seeds") {
            options.seeds = value;
        } else if (number) {
            options.first = value;
            options.seeds = 1;
        } else {
            std::printf("%s", usage);
            std::exit(2);
        }
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    for (const int signal : {SIGABRT, SIGSEGV}) {
        std::signal(signal, on_abort);
    }
    SimCounts counts;
    for (uint64_t seed = options.first; options.forever || seed < options.first + options.seeds;
         ++seed) {
        if (!check_seed(seed, options, counts)) {
            return 1;
        }
        if (options.forever && (seed - options.first + 1) % 1000 == 0) {
            print_counts(counts, seed - options.first + 1);
            std::fflush(stdout);
        }
    }
    print_counts(counts, options.seeds);
    return !options.covered || all_covered(counts) ? 0 : 1;
}
