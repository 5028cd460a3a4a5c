// The commands of a load: which one next, and what its answer means.
#include <algorithm>
#include <cstring>

#include "initiator/load_generator.h"

namespace initiator {

namespace {

constexpr uint32_t namespace_id = 1;

std::string describe_failure(const Io& io, bool is_read, uint64_t block) {
    char text[160];
    static_cast<void>(std::snprintf(text,
                                    sizeof(text),
                                    "A %s at block %llu failed: %s, NVMe status %03xh.",
                                    is_read ? "read" : "write",
                                    static_cast<unsigned long long>(block),
                                    base::errc_name(io.status.code()),
                                    io.nvme_status() & 0x7ffu));
    return text;
}

}  // namespace

// xorshift64*, Vigna 2016: fast, and good enough to scatter blocks.
uint64_t LoadGenerator::random() {
    random_state_ ^= random_state_ >> 12;
    random_state_ ^= random_state_ << 25;
    random_state_ ^= random_state_ >> 27;
    return random_state_ * 0x2545f4914f6cdd1d;
}

void LoadGenerator::make_jobs() {
    random_state_ = random_state_ * 2 + 1;  // Never 0.
    jobs_ = std::vector<Job>(options_.queues * options_.depth);
    const size_t bytes = jobs_.size() * options_.block_bytes;
    memory_ = std::make_unique<uint8_t[]>(bytes);
    for (size_t at = 0; at < bytes; at += sizeof(uint64_t)) {
        const uint64_t word = random();
        std::memcpy(memory_.get() + at, &word, sizeof(word));
    }
    for (size_t i = 0; i < jobs_.size(); ++i) {
        Job& job = jobs_[i];
        job.owner = this;
        job.queue = static_cast<uint32_t>(i / options_.depth);
        job.data = memory_.get() + i * options_.block_bytes;
        job.data_bytes = static_cast<uint32_t>(options_.block_bytes);
        job.done = [](Io& io) {
            auto& self = static_cast<Job&>(io);
            self.owner->on_done(self);
        };
    }
}

void LoadGenerator::start_jobs() {
    for (Job& job : jobs_) {
        // The controller may have granted fewer queues than asked for.
        if (job.queue < host_.io_queue_count()) {
            issue(job);
        }
    }
    if (jobs_busy_ == 0 && host_.state() == HostState::ready) {
        on_all_idle();
    }
}

void LoadGenerator::issue(Job& job) {
    const bool chosen = state_ == LoadState::running    ? choose(job)
                        : state_ == LoadState::checking ? choose_written(job)
                                                        : false;
    if (!chosen) {
        return;
    }
    const uint64_t block = block_of(job.unit);
    job.transfer = job.is_read ? Transfer::to_host : Transfer::to_controller;
    job.command = job.is_read ? read_blocks(namespace_id, block, unit_blocks_)
                              : write_blocks(namespace_id, block, unit_blocks_);
    job.started_ns = reactor::Reactor::clock_ns();
    if (!host_.io_queue(job.queue).submit(job).ok()) {
        return;  // The connection is on its way down.
    }
    ++jobs_busy_;
    issued_ += measuring_ ? 1 : 0;
    if (written_ != nullptr) {
        written_->claim(block, unit_blocks_);
        if (!job.is_read) {
            written_->prepare_write(block, unit_blocks_, job.data);
        }
    }
}

bool LoadGenerator::choose(Job& job) {
    if (options_.operations != 0 && issued_ >= options_.operations) {
        return false;
    }
    job.is_read = options_.read_percent != 0 && random() % 100 < options_.read_percent;
    job.unit = (options_.sequential ? cursor_++ : random()) % unit_count_;
    while (written_ != nullptr && written_->busy(block_of(job.unit), unit_blocks_)) {
        job.unit = (job.unit + 1) % unit_count_;
    }
    return true;
}

// The next unit that something must be found at.
bool LoadGenerator::choose_written(Job& job) {
    job.is_read = true;
    for (; cursor_ < unit_count_; ++cursor_) {
        const uint64_t block = block_of(cursor_);
        for (uint32_t i = 0; i < unit_blocks_; ++i) {
            if (written_->written(block + i)) {
                job.unit = cursor_++;
                return true;
            }
        }
    }
    return false;
}

void LoadGenerator::on_done(Job& job) {
    --jobs_busy_;
    if (written_ != nullptr) {
        written_->release(block_of(job.unit), unit_blocks_);
    }
    if (job.status.code() == base::Errc::closed || job.status.code() == base::Errc::corrupt) {
        on_lost(job);
        return;
    }
    if (!job.succeeded() || (job.is_read && job.received_bytes != job.data_bytes)) {
        finish(describe_failure(job, job.is_read, block_of(job.unit)));
        return;
    }
    on_answer(job);
    issue(job);
    if (jobs_busy_ == 0) {
        on_all_idle();
    }
}

// The connection went before the answer came: a write may have happened or not.
void LoadGenerator::on_lost(Job& job) {
    ++lost_commands_;
    if (state_ == LoadState::checking) {
        cursor_ = std::min(cursor_, job.unit);
    }
}

void LoadGenerator::on_answer(Job& job) {
    if (measuring_) {
        measure(job);
    }
    if (written_ == nullptr) {
        return;
    }
    const uint64_t block = block_of(job.unit);
    if (job.is_read) {
        static_cast<void>(written_->check(block, unit_blocks_, job.data));
    } else {
        written_->acknowledge(block, unit_blocks_);
    }
}

void LoadGenerator::measure(const Job& job) {
    if (job.started_ns < measure_from_ns_) {
        return;  // Of the ramp.
    }
    const uint64_t now_ns = reactor::Reactor::clock_ns();
    longest_gap_ns_ = std::max(longest_gap_ns_, now_ns - last_answer_ns_);
    last_answer_ns_ = now_ns;
    rate_.count(now_ns);
    (job.is_read ? reads_ : writes_).record(now_ns - job.started_ns);
}

// Nothing is in flight and nothing more is to be sent in this state.
void LoadGenerator::on_all_idle() {
    switch (state_) {
        case LoadState::running:
            begin_draining();
            break;
        case LoadState::draining:
            if (written_ != nullptr) {
                begin_checking();
            } else {
                finish({});
            }
            break;
        case LoadState::checking:
            finish({});
            break;
        default:
            break;
    }
}

}  // namespace initiator
