#include "bench/store_bench.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/limits.h"
#include "bench/instrumentation.h"

namespace bench {
namespace {

using base::limits::block_bytes;
using base::limits::block_shift;

constexpr uint64_t nanoseconds_per_s = 1'000'000'000;
constexpr uint64_t progress_period_ns = nanoseconds_per_s / 2;
constexpr uint64_t busy_max_ns = 5 * nanoseconds_per_s;
constexpr uint32_t busy_period_us = 10'000;
constexpr uint64_t pattern_seed = 0x9e3779b97f4a7c15;
constexpr uint32_t extent_blocks =
    static_cast<uint32_t>(base::limits::extent_bytes_default >> block_shift);

}  // namespace

void die(const std::string& sentence) {
    static_cast<void>(std::fprintf(stderr, "%s\n", sentence.c_str()));
    std::exit(1);
}

StoreBench::StoreBench(reactor::Reactor& reactor, const StoreBenchOptions& options)
    : reactor_(reactor), options_(options) {
    close_.bench = opened_.bench = due_.bench = progress_.bench = this;
    close_.run = [](reactor::Task& task) { static_cast<Close&>(task).bench->reactor_.stop(); };
    opened_.done =
        [](store::Store::Opened& opened, base::Status status, std::unique_ptr<store::Store> store) {
            static_cast<Opened&>(opened).bench->on_opened(status, std::move(store));
        };
    due_.fire = [](reactor::Timer& timer) { static_cast<Tick&>(timer).bench->advance(); };
    progress_.fire = [](reactor::Timer& timer) {
        StoreBench& bench = *static_cast<Tick&>(timer).bench;
        bench.say_progress();
        bench.reactor_.arm(timer, reactor::Reactor::clock_ns() + progress_period_ns);
    };
}

void StoreBench::start() {
    if (options_.format) {
        const base::Status made = store::FileDevice::create(options_.path, options_.bytes);
        if (!made.ok() && made.code() != base::Errc::already_exists) {
            die(options_.path + " cannot be made: " + base::errc_name(made.code()) + ".");
        }
    }
    opening_from_ns_ = reactor::Reactor::clock_ns();
    auto file = store::FileDevice::open(reactor_, options_.path);
    // The kernel lets go of the file of a killed process a moment after its end.
    const uint64_t give_up_ns = opening_from_ns_ + busy_max_ns;
    while (!file && file.error().code() == base::Errc::busy &&
           reactor::Reactor::clock_ns() < give_up_ns) {
        usleep(busy_period_us);
        file = store::FileDevice::open(reactor_, options_.path);
    }
    if (!file) {
        die(options_.path + " cannot be opened: " + base::errc_name(file.error().code()) + ".");
    }
    file_ = std::move(*file);
    device_ = file_.get();
    if (options_.holes) {
        sparse_ = SparseDevice::open(*file_, reactor_, options_.path);
        device_ = sparse_.get();
    }
    if (options_.progress) {
        reactor_.arm(progress_, reactor::Reactor::clock_ns() + progress_period_ns);
    }
    formatting_ = options_.format;
    if (formatting_) {
        store::Store::format(*device_, reactor_, store_options_of(options_), opened_);
    } else {
        open_store();
    }
}

void StoreBench::open_store() {
    store::Store::open(*device_, reactor_, store_options_of(options_), opened_);
}

void StoreBench::on_opened(base::Status status, std::unique_ptr<store::Store> store) {
    if (!status.ok()) {
        die("The store cannot be opened: " + opened_.problem);
    }
    if (formatting_) {
        formatting_ = false;
        opening_from_ns_ = reactor::Reactor::clock_ns();
        open_store();
        return;
    }
    opening_ns_ = reactor::Reactor::clock_ns() - opening_from_ns_;
    store_ = std::move(store);
    opened_tail_bytes_ = store_->stats().log_tail_bytes;
    version_ = store_->last_version().counter;
    const uint64_t io_blocks = options_.io_bytes >> block_shift;
    const uint64_t bytes = options_.span_percent == 0
                               ? options_.span_bytes
                               : store_->stats().capacity_bytes / 100 * options_.span_percent;
    span_blocks_ = (bytes >> block_shift) / io_blocks * io_blocks;
    if (span_blocks_ == 0) {
        die("The span has no room for an operation.");
    }
    pattern_ = AddressPattern(order_of(options_), span_blocks_ / io_blocks, pattern_seed);
    make_jobs();
    begin(Phase::filling);
}

void StoreBench::make_jobs() {
    jobs_ = std::vector<Job>(options_.depth);
    const size_t each = base::limits::transfer_bytes_max;
    memory_ = store::make_pages(each / block_bytes * jobs_.size());
    // As a gateway does with the memory that hosts' data lies in.
    const auto registered = reactor_.register_buffer(memory_.get(), each * jobs_.size());
    const uint16_t registered_index = registered ? *registered : memory::not_registered;
    for (size_t at = 0; at < each * jobs_.size() && !options_.holes; at += sizeof(uint64_t)) {
        const uint64_t word = random_.next();
        std::memcpy(memory_.get() + at, &word, sizeof(word));
    }
    for (size_t i = 0; i < jobs_.size(); ++i) {
        Job& job = jobs_[i];
        job.bench = this;
        job.data = memory_.get() + i * each;
        job.write.job = job.read.job = &job;
        job.read.registered_index = registered_index;
        for (size_t block = 0; block < store::blocks_per_op_max; ++block) {
            job.crcs[block] = base::crc32c(job.data + block * block_bytes, block_bytes);
        }
        job.write.done = [](store::WriteOp& op, base::Status status) {
            Job& done = *static_cast<Job::Write&>(op).job;
            done.bench->on_done(done, status);
        };
        job.read.done = [](store::ReadOp& op, base::Status status) {
            Job& done = *static_cast<Job::Read&>(op).job;
            done.bench->on_done(done, status);
        };
        idle_.push_back(&job);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): each phase begins the next, and there are few.
void StoreBench::begin(Phase phase) {
    phase_ = phase;
    issued_ = 0;
    if (phase == Phase::measuring) {
        begin_measuring();
    }
    if (phase == Phase::closing) {
        reactor_.disarm(progress_);
        reactor_.disarm(due_);
        store_->close(close_);
        return;
    }
    advance();
}

// NOLINTNEXTLINE(misc-no-recursion): as begin().
void StoreBench::advance() {
    pump();
    if (idle_.size() == jobs_.size() && exhausted()) {
        end_phase();
    }
}

void StoreBench::begin_measuring() {
    if (options_.progress) {
        say_progress();
    }
    before_ = store_->stats();
    from_ns_ = reactor::Reactor::clock_ns();
    end_ns_ = from_ns_ + options_.seconds * nanoseconds_per_s;
    rate_.start(from_ns_);
    start_instrumentation();
}

// NOLINTNEXTLINE(misc-no-recursion): as begin().
void StoreBench::end_phase() {
    if (phase_ == Phase::measuring) {
        stop_instrumentation();
        after_ = store_->stats();
    }
    begin(static_cast<Phase>(static_cast<uint8_t>(phase_) + 1));
}

bool StoreBench::exhausted() const {
    if (full_) {
        return true;
    }
    switch (phase_) {
        case Phase::filling:
            return !options_.fill || filled_blocks_ == span_blocks_;
        case Phase::warming:
            return issued_ * options_.io_bytes >= options_.warm_up_bytes;
        case Phase::measuring:
            return options_.operations != 0 ? issued_ == options_.operations
                                            : reactor::Reactor::clock_ns() >= end_ns_;
        default:
            return true;
    }
}

// When the next operation is to begin, whatever the store does meanwhile.
uint64_t StoreBench::due_ns() const {
    const auto passed = static_cast<double>(issued_) * nanoseconds_per_s;
    return from_ns_ + static_cast<uint64_t>(passed / static_cast<double>(options_.rate));
}

void StoreBench::pump() {
    while (!idle_.empty() && !exhausted()) {
        Job& job = *idle_.back();
        job.started_ns = reactor::Reactor::clock_ns();
        if (paced()) {
            const uint64_t due = due_ns();
            if (due > job.started_ns) {
                reactor_.arm(due_, due);
                return;
            }
            job.started_ns = due;  // Waiting for its turn is part of its latency.
        }
        if (!issue(job)) {
            return;
        }
        ++issued_;
        idle_.pop_back();
    }
}

StoreBench::Range StoreBench::next_range() {
    if (phase_ == Phase::filling) {
        return next_fill_range();
    }
    const auto count = static_cast<uint32_t>(options_.io_bytes >> block_shift);
    return {pattern_.next() * count, count};
}

// Sizes from the smallest to the largest, each power of two as often as another.
StoreBench::Range StoreBench::next_fill_range() {
    const auto smallest = static_cast<uint32_t>(options_.fill_bytes_min >> block_shift);
    const auto sizes = static_cast<uint32_t>(std::bit_width(store::blocks_per_op_max / smallest));
    const uint64_t chosen = uint64_t{smallest} << (random_.next() % sizes);
    const uint64_t to_extents_end = extent_blocks - filled_blocks_ % extent_blocks;
    const uint64_t count = std::min({chosen, to_extents_end, span_blocks_ - filled_blocks_});
    const Range range = {filled_blocks_, static_cast<uint32_t>(count)};
    filled_blocks_ += count;
    return range;
}

bool StoreBench::issue(Job& job) {
    const Range range = next_range();
    const bool writes = phase_ != Phase::measuring || options_.verb == "write";
    if (writes) {
        return issue_write(job, range);
    }
    issue_read(job, range);
    return true;
}

void StoreBench::issue_read(Job& job, const Range& range) {
    job.read.extent = {base::VolumeId(1), static_cast<uint32_t>(range.block / extent_blocks), {}};
    job.read.first_block = static_cast<uint32_t>(range.block % extent_blocks);
    job.read.block_count = range.count;
    job.read.data = job.data;
    if (!store_->submit_read(job.read).ok()) {
        die("The store takes no read.");
    }
}

bool StoreBench::issue_write(Job& job, const Range& range) {
    // As the layer above does, for every block it writes.
    for (uint32_t i = 0; i < range.count && phase_ == Phase::measuring; ++i) {
        job.crcs[i] = base::crc32c(job.data + size_t{i} * block_bytes, block_bytes);
    }
    job.write.extent = {base::VolumeId(1), static_cast<uint32_t>(range.block / extent_blocks), {}};
    job.write.first_block = static_cast<uint32_t>(range.block % extent_blocks);
    job.write.block_count = range.count;
    job.write.data = job.data;
    job.write.block_crcs = job.crcs;
    job.write.version = {base::Epoch(1), ++version_};
    const base::Status status = store_->submit_write(job.write);
    if (status.code() == base::Errc::no_space) {
        full_ = true;
        return false;
    }
    if (!status.ok()) {
        die(std::string("The store takes no write: ") + base::errc_name(status.code()) + ".");
    }
    return true;
}

void StoreBench::on_done(Job& job, base::Status status) {
    idle_.push_back(&job);
    if (status.code() == base::Errc::no_space) {
        full_ = true;
    } else if (!status.ok()) {
        die(std::string("An operation failed: ") + base::errc_name(status.code()) + ".");
    } else if (phase_ == Phase::measuring) {
        const uint64_t now_ns = reactor::Reactor::clock_ns();
        histogram_.record(now_ns - job.started_ns);
        rate_.count(now_ns);
        measured_ns_ = now_ns - from_ns_;
    }
    advance();
}

void StoreBench::say_progress() {
    constexpr uint32_t gib_shift = 30 - block_shift;
    const auto say = [](const std::string& line) {
        static_cast<void>(std::fprintf(stderr, "%s\n", line.c_str()));
    };
    const store::RecoveryProgress& opening = opened_.progress;
    switch (phase_) {
        case Phase::opening:
            say("opening: " + std::to_string(opening.segments_scanned) + " of " +
                std::to_string(opening.segments_total) + " segments, " +
                std::to_string(opening.batches_replayed) + " batches replayed, " +
                std::to_string(opening.blocks_live) + " blocks live");
            return;
        case Phase::filling:
            say("filling: " + std::to_string(filled_blocks_ >> gib_shift) + " of " +
                std::to_string(span_blocks_ >> gib_shift) + " GiB");
            return;
        case Phase::warming:
            say("warming up: " + std::to_string(issued_) + " operations");
            return;
        case Phase::measuring:
            say("measuring: " + std::to_string(issued_) + " operations");
            return;
        case Phase::closing:
            return;
    }
}

}  // namespace bench
