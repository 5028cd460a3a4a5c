// Keeps a number of commands in flight on a volume and measures how they are answered.
//
//   idle ─▶ connecting ─ready─▶ running ─time or count─▶ draining ─┬─────────────▶ closing ─▶
//   finished
//              ▲ │                 │ connection lost               └─(verify)─▶ checking ──▲
//              │ └─gave up─▶ closing                                                │
//           waiting ◀──────────────┴────────────────── connection lost ─────────────┘
//
// A lost connection is tried again for as long as the options say, and the load goes on where it
// was. Split: load_generator.cc (its life), load_jobs.cc (the commands), load_report.cc.
//
// Thread: one reactor. Lifetime: outlives its run. Nothing is allocated while commands run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "initiator/histogram.h"
#include "initiator/host.h"
#include "initiator/load_options.h"
#include "initiator/rate_meter.h"
#include "initiator/written_blocks.h"
#include "reactor/reactor.h"

namespace initiator {

enum class LoadState : uint8_t {
    idle,
    connecting,
    running,
    draining,
    checking,
    waiting,
    closing,
    finished,
};

[[nodiscard]] bool may_move(LoadState from, LoadState to);

class LoadGenerator final : private Host::Owner {
  public:
    LoadGenerator(reactor::Reactor& reactor, const LoadOptions& options);
    ~LoadGenerator() override;
    LoadGenerator(const LoadGenerator&) = delete;
    LoadGenerator& operator=(const LoadGenerator&) = delete;

    // Begins. The reactor is stopped when all is done.
    void start();

    // After the run: whether every command was answered well and, with verify, found as written.
    [[nodiscard]] bool succeeded() const;
    // A sentence about what went wrong first; empty when nothing did.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    // All that was measured, as JSON.
    [[nodiscard]] std::string report() const;

  private:
    // One command in flight, over and over.
    struct Job : Io {
        LoadGenerator* owner = nullptr;
        uint32_t queue = 0;
        bool is_read = false;
        uint64_t unit = 0;
        uint64_t started_ns = 0;
    };
    struct Alarm : reactor::Timer {
        LoadGenerator* owner = nullptr;
    };

    // load_generator.cc
    void host_ready(Host& host) override;
    void host_closed(Host& host, const HostFailure& failure) override;
    void move(LoadState to);
    void connect();
    [[nodiscard]] std::string lay_out();
    void run();
    void on_alarm();
    void arm_alarm(uint64_t deadline_ns);
    void begin_measuring();
    void begin_draining();
    void begin_checking();
    void finish(const std::string& problem);

    // load_jobs.cc
    void make_jobs();
    void start_jobs();
    void issue(Job& job);
    [[nodiscard]] bool choose(Job& job);
    [[nodiscard]] bool choose_written(Job& job);
    [[nodiscard]] uint64_t block_of(uint64_t unit) const {
        return first_block_ + unit * unit_blocks_;
    }
    void on_done(Job& job);
    void on_lost(Job& job);
    void on_answer(Job& job);
    void measure(const Job& job);
    void on_all_idle();
    [[nodiscard]] uint64_t random();

    reactor::Reactor& reactor_;
    LoadOptions options_;
    Host host_;
    LoadState state_ = LoadState::idle;
    LoadState resume_ = LoadState::running;  // What a new connection goes on with.
    std::string problem_;
    Alarm alarm_;

    // The part of the namespace that is used, in 4 KiB blocks; a unit is what one command moves.
    uint64_t first_block_ = 0;
    uint32_t unit_blocks_ = 0;
    uint64_t unit_count_ = 0;
    uint64_t cursor_ = 0;  // The next unit: of a sequential load, and of checking.
    std::vector<Job> jobs_;
    std::unique_ptr<uint8_t[]> memory_;
    uint32_t jobs_busy_ = 0;
    std::unique_ptr<WrittenBlocks> written_;  // With verify only.
    uint64_t random_state_;

    bool measuring_ = false;
    uint64_t measure_from_ns_ = 0;
    uint64_t measured_ns_ = 0;
    uint64_t end_ns_ = UINT64_MAX;
    uint64_t issued_ = 0;  // While measuring.
    uint64_t give_up_ns_ = 0;
    uint64_t last_answer_ns_ = 0;
    uint64_t longest_gap_ns_ = 0;
    uint64_t reconnects_ = 0;
    uint64_t lost_commands_ = 0;  // Without an answer, because their connection was lost.
    Histogram reads_;
    Histogram writes_;
    RateMeter rate_;
};

}  // namespace initiator
