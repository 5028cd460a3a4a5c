// What every simulator's program does with its command line: one run for each seed.
//
// A failing seed prints itself, what was wrong and the last events; --seed N --trace prints all.
#pragma once

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include "sim_trace.h"

namespace test {

struct SimOptions {
    uint64_t first = 1;
    uint64_t seeds = 2000;
    bool trace = false;
    bool forever = false;
    bool covered = false;
};

// The run that is under way.
struct SimSeed {
    const char* program = "";
    uint64_t seed = 0;
    const SimTrace* trace = nullptr;
};
inline SimSeed sim_seed_now;

inline void print_failure(const char* problem) {
    std::printf("seed %" PRIu64 " failed: %s\nThe last events:\n", sim_seed_now.seed, problem);
    sim_seed_now.trace->print_last();
    std::printf(
        "Replay it: %s --seed %" PRIu64 " --trace\n", sim_seed_now.program, sim_seed_now.seed);
    std::fflush(stdout);
}

// A CHECK stops the process: the seed is told first. Nothing can be made worse here.
inline void on_abort(int signal) {
    std::signal(signal, SIG_DFL);
    print_failure(signal == SIGABRT ? "a CHECK failed" : "it crashed");
    std::raise(signal);
}

inline void print_usage(const char* program) {
    std::printf(
        "%s [--first N] [--seeds N]    N seeds from the first on\n"
        "    --seed N [--trace]         one seed, with everything that happens\n"
        "    --forever                  until one fails\n"
        "    --covered                  fails when some kind of event never came up\n",
        program);
}

inline SimOptions parse_options(const char* program, int argc, char** argv) {
    SimOptions options;
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
            print_usage(program);
            std::exit(2);
        }
    }
    return options;
}

// Counts are sums, nothing but uint64_t.
template <typename Counts>
struct SimNamed {
    const char* name;
    uint64_t Counts::* count;
    bool needed = true;  // By --covered.
};

// Run has a constructor of seed and loudness, run(), counts() and trace().
template <typename Run, typename Counts>
class SimSeeds {
  public:
    // Every so many seeds one is run twice: it must do the same again.
    static constexpr uint64_t seeds_per_repetition = 50;

    SimSeeds(const char* program, std::span<const SimNamed<Counts>> names)
        : program_(program), names_(names) {}

    // The program's exit code.
    int main(int argc, char** argv) {
        options_ = parse_options(program_, argc, argv);
        sim_seed_now.program = program_;
        for (const int signal : {SIGABRT, SIGSEGV}) {
            std::signal(signal, on_abort);
        }
        const uint64_t end = options_.first + options_.seeds;
        for (uint64_t seed = options_.first; options_.forever || seed < end; ++seed) {
            if (!check(seed)) {
                return 1;
            }
            if (options_.forever && (seed - options_.first + 1) % 1000 == 0) {
                print_counts(seed - options_.first + 1);
                std::fflush(stdout);
            }
        }
        print_counts(options_.seeds);
        return !options_.covered || all_covered() ? 0 : 1;
    }

  private:
    bool run(uint64_t seed, Counts& counts, uint64_t& hash) {
        Run one(seed, options_.trace);
        sim_seed_now.seed = seed;
        sim_seed_now.trace = &one.trace();
        const std::string problem = one.run();
        for (const SimNamed<Counts>& each : names_) {
            counts.*each.count += one.counts().*each.count;
        }
        hash = one.trace().hash();
        if (!problem.empty()) {
            print_failure(problem.c_str());
        }
        return problem.empty();
    }
    // Once, or twice to compare: a seed that does not do the same again cannot be replayed.
    bool check(uint64_t seed) {
        uint64_t hash = 0;
        if (!run(seed, counts_, hash)) {
            return false;
        }
        if (options_.trace) {
            std::printf("seed %" PRIu64 " is right; its hash: %016" PRIx64 "\n", seed, hash);
            return true;
        }
        if (seed % seeds_per_repetition != 0) {
            return true;
        }
        uint64_t again = 0;
        Counts uncounted;
        if (!run(seed, uncounted, again) || again != hash) {
            std::printf("seed %" PRIu64 " does not do the same when it is run again\n", seed);
            return false;
        }
        return true;
    }
    void print_counts(uint64_t seeds) const {
        std::printf("%" PRIu64 " seeds:", seeds);
        for (const SimNamed<Counts>& each : names_) {
            std::printf(" %" PRIu64 " %s,", counts_.*each.count, each.name);
        }
        std::printf(" none failed\n");
    }
    // The seeds are worth something only as long as everything comes up in them.
    [[nodiscard]] bool all_covered() const {
        bool all = true;
        for (const SimNamed<Counts>& each : names_) {
            if (each.needed && counts_.*each.count == 0) {
                std::printf("no seed has had any: %s\n", each.name);
                all = false;
            }
        }
        return all;
    }

    const char* program_;
    std::span<const SimNamed<Counts>> names_;
    SimOptions options_;
    Counts counts_;
};

}  // namespace test
