#include "initiator/load_generator.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"

namespace initiator {

namespace {

constexpr uint64_t nanoseconds_per_ms = 1'000'000;
constexpr uint64_t nanoseconds_per_s = 1'000'000'000;
constexpr uint64_t retry_ms = 50;
// A verified load must find a unit nobody is at without looking far.
constexpr uint64_t units_per_job_min = 2;

}  // namespace

bool may_move(LoadState from, LoadState to) {
    if (to == LoadState::closing) {
        return from != LoadState::idle && from != LoadState::finished;
    }
    switch (from) {
        case LoadState::idle:
        case LoadState::waiting:
            return to == LoadState::connecting;
        case LoadState::connecting:
            return to == LoadState::running || to == LoadState::draining ||
                   to == LoadState::checking || to == LoadState::waiting;
        case LoadState::running:
            return to == LoadState::draining || to == LoadState::waiting;
        case LoadState::draining:
            return to == LoadState::checking || to == LoadState::waiting;
        case LoadState::checking:
            return to == LoadState::waiting;
        case LoadState::closing:
            return to == LoadState::finished;
        case LoadState::finished:
            return false;
    }
    return false;
}

LoadGenerator::LoadGenerator(reactor::Reactor& reactor, const LoadOptions& options)
    : reactor_(reactor),
      options_(options),
      host_(reactor, static_cast<Host::Owner&>(*this)),
      random_state_(options.seed) {
    alarm_.owner = this;
    alarm_.fire = [](reactor::Timer& timer) { static_cast<Alarm&>(timer).owner->on_alarm(); };
}

LoadGenerator::~LoadGenerator() {
    CHECK(state_ == LoadState::idle || state_ == LoadState::finished,
          "a load is at its end before it is destroyed");
}

void LoadGenerator::move(LoadState to) {
    CHECK(may_move(state_, to), "a load goes through its states in order");
    state_ = to;
}

void LoadGenerator::start() {
    give_up_ns_ = reactor_.now_ns() + options_.reconnect_seconds * nanoseconds_per_s;
    connect();
}

void LoadGenerator::connect() {
    move(LoadState::connecting);
    HostOptions host;
    host.address = options_.address;
    host.port = static_cast<uint16_t>(options_.port);
    host.subsystem_nqn = options_.subsystem_nqn;
    host.host_nqn = options_.host_nqn;
    host.io_queues = static_cast<uint16_t>(options_.queues);
    host.queue_entries = static_cast<uint16_t>(std::max<uint64_t>(options_.depth, 2));
    host.header_digest = options_.header_digest;
    host.data_digest = options_.data_digest;
    host_.open(host);
}

void LoadGenerator::host_ready(Host&) {
    if (jobs_.empty()) {
        const std::string problem = lay_out();
        if (!problem.empty()) {
            finish(problem);
            return;
        }
        make_jobs();
    }
    move(resume_);
    run();
}

// What the options mean on this namespace. A sentence when they do not fit it, or empty.
std::string LoadGenerator::lay_out() {
    const HostFacts& facts = host_.facts();
    if (facts.block_bytes != base::limits::block_bytes) {
        return "The namespace has blocks of " + std::to_string(facts.block_bytes) +
               " bytes; this program knows 4096 only.";
    }
    if (facts.transfer_bytes_max != 0 && options_.block_bytes > facts.transfer_bytes_max) {
        return "--block-bytes is more than the " + std::to_string(facts.transfer_bytes_max) +
               " bytes that the controller moves with one command.";
    }
    const uint64_t bytes = facts.block_count * facts.block_bytes;
    const uint64_t offset = std::min(options_.offset_bytes, bytes);
    const uint64_t span = options_.span_bytes == 0 ? bytes - offset : options_.span_bytes;
    if (span > bytes - offset || span < options_.block_bytes) {
        return "--offset and --span do not fit into the namespace of " + std::to_string(bytes) +
               " bytes.";
    }
    first_block_ = offset / facts.block_bytes;
    unit_blocks_ = static_cast<uint32_t>(options_.block_bytes / facts.block_bytes);
    unit_count_ = span / options_.block_bytes;
    if (options_.verify) {
        const uint64_t block_count = unit_count_ * unit_blocks_;
        if (block_count > WrittenBlocks::blocks_max ||
            unit_count_ < options_.queues * options_.depth * units_per_job_min) {
            return "--verify needs a --span of at least two commands for each in flight, and of "
                   "256 GiB at most.";
        }
        written_ = std::make_unique<WrittenBlocks>(options_.seed, first_block_, block_count);
    }
    return {};
}

// Begins or goes on with what the state says, on a new connection.
void LoadGenerator::run() {
    const uint64_t now_ns = reactor_.now_ns();
    if (state_ == LoadState::running && now_ns >= end_ns_) {
        begin_draining();
        return;
    }
    if (state_ == LoadState::running && measuring_) {
        arm_alarm(end_ns_);
    } else if (state_ == LoadState::running && options_.ramp_ms != 0) {
        arm_alarm(now_ns + options_.ramp_ms * nanoseconds_per_ms);
    } else if (state_ == LoadState::running) {
        begin_measuring();
    }
    start_jobs();
}

void LoadGenerator::arm_alarm(uint64_t deadline_ns) {
    if (deadline_ns != UINT64_MAX) {
        reactor_.arm(alarm_, deadline_ns);
    }
}

void LoadGenerator::on_alarm() {
    if (state_ == LoadState::waiting) {
        connect();
    } else if (state_ == LoadState::running && !measuring_) {
        begin_measuring();
    } else if (state_ == LoadState::running) {
        begin_draining();
    }
}

void LoadGenerator::begin_measuring() {
    measuring_ = true;
    measure_from_ns_ = last_answer_ns_ = reactor::Reactor::clock_ns();
    rate_.start(measure_from_ns_);
    if (options_.seconds != 0) {
        end_ns_ = measure_from_ns_ + options_.seconds * nanoseconds_per_s;
        arm_alarm(end_ns_);
    }
}

void LoadGenerator::begin_draining() {
    move(LoadState::draining);
    reactor_.disarm(alarm_);
    measured_ns_ = reactor::Reactor::clock_ns() - measure_from_ns_;
    measuring_ = false;
    if (jobs_busy_ == 0) {
        on_all_idle();
    }
}

void LoadGenerator::begin_checking() {
    move(LoadState::checking);
    cursor_ = 0;
    start_jobs();
}

void LoadGenerator::finish(const std::string& problem) {
    if (state_ == LoadState::closing) {
        return;
    }
    move(LoadState::closing);
    problem_ = problem;
    reactor_.disarm(alarm_);
    host_.close();
}

void LoadGenerator::host_closed(Host&, const HostFailure& failure) {
    reactor_.disarm(alarm_);
    if (state_ != LoadState::closing) {
        const uint64_t now_ns = reactor_.now_ns();
        if (state_ != LoadState::connecting) {
            resume_ = state_;
            give_up_ns_ = now_ns + options_.reconnect_seconds * nanoseconds_per_s;
            ++reconnects_;
        }
        if (now_ns < give_up_ns_) {
            move(LoadState::waiting);
            arm_alarm(now_ns + retry_ms * nanoseconds_per_ms);
            return;
        }
        move(LoadState::closing);
        problem_ = failure.sentence();
    }
    move(LoadState::finished);
    reactor_.stop();
}

}  // namespace initiator
