// A load on one store without target or network: opens it, fills it, warms it up, measures, closes.
//
//   opening ──> filling ──> warming ──> measuring ──> closing
//
// Thread: the reactor's. Errors end the process with a sentence: this is a program's main part.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/address_pattern.h"
#include "bench/sparse_device.h"
#include "bench/store_bench_options.h"
#include "initiator/histogram.h"
#include "initiator/rate_meter.h"
#include "reactor/reactor.h"
#include "store/file_device.h"
#include "store/pages.h"
#include "store/store.h"

namespace bench {

[[noreturn]] void die(const std::string& sentence);

// One operation in flight, over and over.
struct Job {
    struct Write : store::WriteOp {
        Job* job = nullptr;
    } write;
    struct Read : store::ReadOp {
        Job* job = nullptr;
    } read;
    class StoreBench* bench = nullptr;
    uint8_t* data = nullptr;
    uint64_t started_ns = 0;
    uint32_t crcs[store::blocks_per_op_max] = {};
};

class StoreBench {
  public:
    enum class Phase : uint8_t { opening, filling, warming, measuring, closing };

    StoreBench(reactor::Reactor& reactor, const StoreBenchOptions& options);

    // On the reactor's thread. Stops the reactor at the end.
    void start();
    // After that: one line of JSON.
    [[nodiscard]] std::string report() const;

  private:
    struct Opened : store::Store::Opened {
        StoreBench* bench = nullptr;
    };
    struct Close : reactor::Task {
        StoreBench* bench = nullptr;
    };
    struct Tick : reactor::Timer {
        StoreBench* bench = nullptr;
    };

    // Where the next operation goes, in blocks.
    struct Range {
        uint64_t block = 0;
        uint32_t count = 0;
    };

    void open_store();
    void on_opened(base::Status status, std::unique_ptr<store::Store> store);
    void make_jobs();
    void begin(Phase phase);
    void begin_measuring();
    void advance();
    void end_phase();
    void pump();
    [[nodiscard]] bool exhausted() const;
    [[nodiscard]] bool paced() const { return phase_ == Phase::measuring && options_.rate != 0; }
    [[nodiscard]] uint64_t due_ns() const;
    [[nodiscard]] Range next_range();
    [[nodiscard]] Range next_fill_range();
    [[nodiscard]] bool issue(Job& job);
    void issue_read(Job& job, const Range& range);
    [[nodiscard]] bool issue_write(Job& job, const Range& range);
    void on_done(Job& job, base::Status status);
    void say_progress();

    reactor::Reactor& reactor_;
    StoreBenchOptions options_;
    std::unique_ptr<store::FileDevice> file_;
    std::unique_ptr<SparseDevice> sparse_;
    store::Device* device_ = nullptr;
    std::unique_ptr<store::Store> store_;
    Opened opened_;
    Close close_;
    Tick due_;
    Tick progress_;
    bool formatting_ = false;
    uint64_t opening_from_ns_ = 0;
    uint64_t opening_ns_ = 0;
    uint64_t opened_tail_bytes_ = 0;

    Phase phase_ = Phase::opening;
    Random random_;
    AddressPattern pattern_;
    uint64_t span_blocks_ = 0;
    uint64_t filled_blocks_ = 0;
    uint64_t issued_ = 0;  // In this phase.
    uint64_t version_ = 0;
    bool full_ = false;
    std::vector<Job> jobs_;
    std::vector<Job*> idle_;
    store::Pages memory_;

    uint64_t from_ns_ = 0;
    uint64_t end_ns_ = 0;
    uint64_t measured_ns_ = 0;
    store::StoreStats before_;
    store::StoreStats after_;
    initiator::Histogram histogram_;
    initiator::RateMeter rate_;
};

}  // namespace bench
