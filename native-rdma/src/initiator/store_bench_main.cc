// The store alone: a log-structured store on one file or block device, without target or network.
//
//   store-bench --path FILE --bytes 4g --format --verb write --depth 32 --durability flush
//
// Prints one line of JSON. Exit status: 0, 1 (something failed), 2 (usage).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "base/limits.h"
#include "initiator/arguments.h"
#include "initiator/histogram.h"
#include "initiator/json_writer.h"
#include "initiator/rate_meter.h"
#include "reactor/reactor.h"
#include "store/file_device.h"
#include "store/pages.h"
#include "store/store.h"

namespace {

using base::limits::block_bytes;

constexpr uint64_t nanoseconds_per_s = 1'000'000'000;
constexpr uint64_t extent_blocks = base::limits::extent_bytes_default / block_bytes;
constexpr uint64_t no_cpu = 1'000'000;
constexpr uint32_t fill_blocks = store::blocks_per_op_max;

struct BenchOptions {
    std::string path;
    uint64_t bytes = uint64_t{4} << 30;  // Of a file that is made.
    bool format = false;
    std::string verb = "write";
    std::string durability = "automatic";
    bool sequential = false;
    bool filled = false;
    uint64_t span_bytes = uint64_t{1} << 30;
    uint64_t io_bytes = block_bytes;
    uint64_t depth = 32;
    uint64_t seconds = 5;
    uint64_t operations = 0;
    uint64_t cpu = no_cpu;
    bool busy_poll = false;
    bool help = false;
};

std::vector<initiator::Argument> arguments(BenchOptions& o) {
    return {
        {.name = "--path", .help = "file or block device", .text = &o.path},
        {.name = "--bytes", .help = "size of a file that is made", .number = &o.bytes},
        {.name = "--format", .help = "make the file, and a store on it", .flag = &o.format},
        {.name = "--verb", .help = "read or write", .text = &o.verb},
        {.name = "--durability", .help = "automatic, flush or none", .text = &o.durability},
        {.name = "--sequential", .help = "in order, not at random", .flag = &o.sequential},
        {.name = "--filled", .help = "read what is there, do not write first", .flag = &o.filled},
        {.name = "--span", .help = "bytes used", .min = block_bytes, .number = &o.span_bytes},
        {.name = "--io-bytes",
         .help = "size of an operation",
         .min = block_bytes,
         .max = base::limits::transfer_bytes_max,
         .number = &o.io_bytes},
        {.name = "--depth",
         .help = "operations in flight",
         .min = 1,
         .max = 1024,
         .number = &o.depth},
        {.name = "--seconds", .help = "run time", .min = 1, .max = 3600, .number = &o.seconds},
        {.name = "--operations", .help = "end after so many; 0: by time", .number = &o.operations},
        {.name = "--cpu", .help = "core to run on", .max = 1023, .number = &o.cpu},
        {.name = "--busy-poll", .help = "never sleep", .flag = &o.busy_poll},
        {.name = "--help", .help = "this text", .flag = &o.help},
    };
}

std::string check(const BenchOptions& o) {
    if (o.path.empty()) {
        return "--path is needed: the file or block device.";
    }
    if (o.verb != "read" && o.verb != "write") {
        return "--verb is read or write, not \"" + o.verb + "\".";
    }
    if (o.durability != "automatic" && o.durability != "flush" && o.durability != "none") {
        return "--durability is automatic, flush or none, not \"" + o.durability + "\".";
    }
    if (o.io_bytes % block_bytes != 0 || o.span_bytes % o.io_bytes != 0) {
        return "--io-bytes is a multiple of 4096, and --span a multiple of it.";
    }
    return {};
}

store::StoreOptions store_options(const BenchOptions& o) {
    store::StoreOptions options;
    options.durability = o.durability == "flush"  ? store::Durability::flush
                         : o.durability == "none" ? store::Durability::none
                                                  : store::Durability::automatic;
    return options;
}

[[noreturn]] void die(const std::string& sentence) {
    static_cast<void>(std::fprintf(stderr, "%s\n", sentence.c_str()));
    std::exit(1);
}

// One operation in flight, over and over.
struct Job {
    struct Write : store::WriteOp {
        Job* job = nullptr;
    } write;
    struct Read : store::ReadOp {
        Job* job = nullptr;
    } read;
    class Bench* bench = nullptr;
    uint8_t* data = nullptr;
    uint64_t started_ns = 0;
    uint32_t crcs[store::blocks_per_op_max] = {};
};

// Opens a store, fills the span when it is to be read, measures, closes.
class Bench {
  public:
    enum class Phase : uint8_t { opening, filling, measuring, closing };

    Bench(reactor::Reactor& reactor, const BenchOptions& options)
        : reactor_(reactor), options_(options) {
        close_.run = [](reactor::Task& task) { static_cast<Close&>(task).bench->reactor_.stop(); };
        close_.bench = opened_.bench = this;
        opened_.done = [](store::Store::Opened& opened,
                          base::Status status,
                          std::unique_ptr<store::Store> store) {
            static_cast<Opened&>(opened).bench->on_opened(status, std::move(store));
        };
    }

    void start();
    void print() const;

  private:
    struct Opened : store::Store::Opened {
        Bench* bench = nullptr;
    };
    struct Close : reactor::Task {
        Bench* bench = nullptr;
    };

    void on_opened(base::Status status, std::unique_ptr<store::Store> store);
    void make_jobs();
    void begin(Phase phase, uint64_t io_bytes, bool writing, bool sequential);
    void issue(Job& job);
    void issue_write(Job& job, uint64_t block);
    void on_done(Job& job, base::Status status);
    void end_phase();
    [[nodiscard]] bool exhausted() const;
    [[nodiscard]] uint64_t random();

    reactor::Reactor& reactor_;
    BenchOptions options_;
    std::unique_ptr<store::FileDevice> device_;
    std::unique_ptr<store::Store> store_;
    Opened opened_;
    Close close_;
    bool formatting_ = false;

    Phase phase_ = Phase::opening;
    uint32_t io_blocks_ = 0;
    uint64_t unit_count_ = 0;
    bool writing_ = false;
    bool sequential_ = false;
    bool full_ = false;
    uint64_t issued_ = 0;
    uint64_t version_ = 0;
    uint64_t random_state_ = 88172645463325252;
    std::vector<Job> jobs_;
    store::Pages memory_;
    uint32_t busy_ = 0;
    uint64_t from_ns_ = 0;
    uint64_t end_ns_ = 0;
    uint64_t measured_ns_ = 0;
    initiator::Histogram histogram_;
    initiator::RateMeter rate_;
};

void Bench::start() {
    if (options_.format) {
        static_cast<void>(store::FileDevice::create(options_.path, options_.bytes));
    }
    auto device = store::FileDevice::open(reactor_, options_.path);
    if (!device) {
        die(options_.path + " cannot be opened: " + base::errc_name(device.error().code()) + ".");
    }
    device_ = std::move(*device);
    formatting_ = options_.format;
    if (formatting_) {
        store::Store::format(*device_, reactor_, store_options(options_), opened_);
    } else {
        store::Store::open(*device_, reactor_, store_options(options_), opened_);
    }
}

void Bench::on_opened(base::Status status, std::unique_ptr<store::Store> store) {
    if (!status.ok()) {
        die("The store cannot be opened: " + opened_.problem);
    }
    if (formatting_) {
        formatting_ = false;
        store::Store::open(*device_, reactor_, store_options(options_), opened_);
        return;
    }
    store_ = std::move(store);
    version_ = store_->last_version().counter;
    make_jobs();
    if (options_.verb == "read" && !options_.filled) {
        begin(Phase::filling, fill_blocks * uint64_t{block_bytes}, true, true);
    } else {
        begin(Phase::measuring, options_.io_bytes, options_.verb == "write", options_.sequential);
    }
}

void Bench::make_jobs() {
    jobs_ = std::vector<Job>(options_.depth);
    const size_t each = base::limits::transfer_bytes_max;
    memory_ = store::make_pages(each / block_bytes * jobs_.size());
    for (size_t at = 0; at < each * jobs_.size(); at += sizeof(uint64_t)) {
        const uint64_t word = random();
        std::memcpy(memory_.get() + at, &word, sizeof(word));
    }
    for (size_t i = 0; i < jobs_.size(); ++i) {
        Job& job = jobs_[i];
        job.bench = this;
        job.data = memory_.get() + i * each;
        job.write.job = job.read.job = &job;
        job.write.done = [](store::WriteOp& op, base::Status status) {
            Job& done = *static_cast<Job::Write&>(op).job;
            done.bench->on_done(done, status);
        };
        job.read.done = [](store::ReadOp& op, base::Status status) {
            Job& done = *static_cast<Job::Read&>(op).job;
            done.bench->on_done(done, status);
        };
    }
}

// NOLINTNEXTLINE(misc-no-recursion): each phase begins the next, and there are few.
void Bench::begin(Phase phase, uint64_t io_bytes, bool writing, bool sequential) {
    phase_ = phase;
    io_blocks_ = static_cast<uint32_t>(io_bytes / block_bytes);
    unit_count_ = options_.span_bytes / io_bytes;
    writing_ = writing;
    sequential_ = sequential;
    issued_ = 0;
    from_ns_ = reactor::Reactor::clock_ns();
    end_ns_ = from_ns_ + options_.seconds * nanoseconds_per_s;
    rate_.start(from_ns_);
    for (Job& job : jobs_) {
        issue(job);
    }
    if (busy_ == 0) {
        end_phase();
    }
}

uint64_t Bench::random() {
    random_state_ ^= random_state_ >> 12;
    random_state_ ^= random_state_ << 25;
    random_state_ ^= random_state_ >> 27;
    return random_state_ * 0x2545f4914f6cdd1d;
}

bool Bench::exhausted() const {
    if (full_) {
        return true;
    }
    if (phase_ == Phase::filling) {
        return issued_ == unit_count_;
    }
    return options_.operations != 0 ? issued_ == options_.operations
                                    : reactor::Reactor::clock_ns() >= end_ns_;
}

void Bench::issue(Job& job) {
    if (exhausted()) {
        return;
    }
    const uint64_t unit = (sequential_ ? issued_ : random()) % unit_count_;
    const uint64_t block = unit * io_blocks_;
    ++issued_;
    job.started_ns = reactor::Reactor::clock_ns();
    if (writing_) {
        issue_write(job, block);
        return;
    }
    job.read.extent = {base::VolumeId(1), static_cast<uint32_t>(block / extent_blocks), {}};
    job.read.first_block = static_cast<uint32_t>(block % extent_blocks);
    job.read.block_count = io_blocks_;
    job.read.data = job.data;
    if (!store_->submit_read(job.read).ok()) {
        die("The store takes no read.");
    }
    ++busy_;
}

void Bench::issue_write(Job& job, uint64_t block) {
    // As the layer above does, for every block it writes.
    for (uint32_t i = 0; i < io_blocks_; ++i) {
        job.crcs[i] = base::crc32c(job.data + size_t{i} * block_bytes, block_bytes);
    }
    job.write.extent = {base::VolumeId(1), static_cast<uint32_t>(block / extent_blocks), {}};
    job.write.first_block = static_cast<uint32_t>(block % extent_blocks);
    job.write.block_count = io_blocks_;
    job.write.data = job.data;
    job.write.block_crcs = job.crcs;
    job.write.version = {base::Epoch(1), ++version_};
    const base::Status status = store_->submit_write(job.write);
    if (status.code() == base::Errc::no_space) {
        full_ = true;
        return;
    }
    if (!status.ok()) {
        die(std::string("The store takes no write: ") + base::errc_name(status.code()) + ".");
    }
    ++busy_;
}

void Bench::on_done(Job& job, base::Status status) {
    --busy_;
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
    issue(job);
    if (busy_ == 0) {
        end_phase();
    }
}

// NOLINTNEXTLINE(misc-no-recursion): as begin().
void Bench::end_phase() {
    if (phase_ == Phase::filling) {
        begin(Phase::measuring, options_.io_bytes, false, options_.sequential);
        return;
    }
    phase_ = Phase::closing;
    store_->close(close_);
}

void Bench::print() const {
    const double seconds = static_cast<double>(measured_ns_) / 1e9;
    const store::StoreStats& stats = store_->stats();
    const double iops = seconds > 0 ? static_cast<double>(histogram_.count()) / seconds : 0;
    initiator::JsonWriter json;
    json.begin_object();
    json.text("verb", options_.verb);
    json.boolean("sequential", options_.sequential);
    json.number("ioBytes", options_.io_bytes);
    json.number("depth", options_.depth);
    json.text("durability", store_->durability() == store::Durability::flush ? "flush" : "none");
    json.boolean("direct", device_->direct());
    json.boolean("full", full_);
    json.real("seconds", seconds);
    json.real("iops", iops);
    json.real("bestIops", rate_.best());
    json.real("bytesPerSecond", iops * static_cast<double>(options_.io_bytes));
    json.number("batches", stats.batches);
    json.number("flushes", stats.flushes);
    json.number("hostBytesWritten", stats.host_bytes_written);
    json.number("deviceBytesWritten", stats.device_bytes_written);
    histogram_.write(json, "latencyUs");
    json.end_object();
    static_cast<void>(std::printf("%s\n", json.str().c_str()));
}

struct Start : reactor::Task {
    Bench* bench = nullptr;
};

void run(const BenchOptions& options) {
    constexpr uint32_t poll_us_default = 50;
    constexpr uint32_t poll_us_always = 60'000'000;
    reactor::Options chosen;
    chosen.cpu = options.cpu == no_cpu ? -1 : static_cast<int>(options.cpu);
    chosen.poll_us = options.busy_poll ? poll_us_always : poll_us_default;
    auto reactor = reactor::Reactor::create(chosen);
    if (!reactor) {
        die("io_uring is not to be had on this machine.");
    }
    Bench bench(**reactor, options);
    Start start;
    start.bench = &bench;
    start.run = [](reactor::Task& task) { static_cast<Start&>(task).bench->start(); };
    (*reactor)->post(start);
    (*reactor)->run();
    bench.print();
}

}  // namespace

int main(int count, char** words) {
    BenchOptions options;
    const std::span<const char* const> said(words + 1, static_cast<size_t>(count) - 1);
    std::string problem = initiator::parse_arguments(said, arguments(options));
    if (options.help) {
        const std::string text = initiator::describe_arguments(arguments(options));
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
