#include "replication/catch_up.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"

namespace replication {

using base::Status;
using base::limits::block_bytes;

namespace {

constexpr uint32_t page_shift = 6;

bool is_zero(const uint8_t* block) {
    return block[0] == 0 && std::memcmp(block, block + 1, block_bytes - 1) == 0;
}

}  // namespace

uint64_t page_mask(uint32_t page, const Range& range) {
    const uint32_t begin = page << page_shift;
    const uint32_t end = begin + 64;
    const uint32_t first = std::max(begin, range.first_block);
    const uint32_t last = std::min(end, range.first_block + range.block_count);
    if (first >= last) {
        return 0;
    }
    const uint64_t bits = last - first == 64 ? ~uint64_t{0} : (uint64_t{1} << (last - first)) - 1;
    return bits << (first - begin);
}

CatchUp::CatchUp(
    store::Store& store, Channel& channel, Client& client, const Settings& settings, base::PgId pg)
    : store_(store), channel_(channel), client_(client), settings_(settings) {
    scan_.owner = this;
    scan_.pg = pg;
    scan_.done = [](store::ScanOp& op, Status status) {
        static_cast<Scan&>(op).owner->scanned(status);
    };
    for (uint32_t index = 0; index < settings.copies_in_flight; ++index) {
        auto job = std::make_unique<Job>();
        job->owner = this;
        job->reading.job = job.get();
        job->data = store::make_pages(page_blocks);
        job->reading.done = [](store::ReadOp& op, Status status) {
            Job& landed = *static_cast<Job::Reading&>(op).job;
            landed.owner->was_read(landed, status);
        };
        jobs_.push_back(std::move(job));
    }
}

CatchUp::~CatchUp() {
    CHECK(idle(), "catching up ends before its group");
}

void CatchUp::start(base::Version above, const std::vector<Range>& ranges) {
    scan_.above = above;
    scan_.cursor = 0;
    for (const Range& range : ranges) {
        add(range, {});
    }
    scan();
}

void CatchUp::add(const Range& range, base::Version version) {
    const uint32_t end = range.first_block + range.block_count;
    for (uint32_t page = range.first_block >> page_shift; page << page_shift < end; ++page) {
        Blocks& blocks = todo_[{range.extent, page}];
        blocks.mask |= page_mask(page, range);
        blocks.version = version;
    }
}

// One page at a time, and not too many ahead of the copies.
void CatchUp::scan() {
    if (!scanning_ && !scanned_ && !stopped_ && todo_.size() < few_pages) {
        scanning_ = true;
        if (!store_.submit_scan(scan_).ok()) {
            scanning_ = false;
        }
    }
}

// A page that cannot be read is copied block by block, and what fails then is never level.
void CatchUp::scanned(Status status) {
    scanning_ = false;
    if (stopped_) {
        client_.catch_up_rests();
        return;
    }
    if (status.code() == base::Errc::closed) {
        return;
    }
    if (scan_.over) {
        scanned_ = true;
    } else if (scan_.extent != promise_extent(scan_.pg)) {
        const uint64_t newer = status.ok() ? scan_.newer : ~uint64_t{0};
        if (newer != 0) {
            const Page page{scan_.extent, scan_.first_block >> page_shift};
            const auto [found, added] = todo_.try_emplace(page);
            found->second.version = added ? scan_.highest : base::Version{};
            found->second.mask |= newer;
        }
    }
    scan();
    pump(now_ns_);
}

void CatchUp::changed(const Range& range) {
    // What is being read is older: it must not go out behind what is read, or sent, after this.
    for (const auto& job : jobs_) {
        if (job->step == Job::Step::reading && job->page.extent == range.extent) {
            job->blocks.mask &= ~page_mask(job->page.page, range);
        }
    }
    if (state_ == State::copying) {
        add(range, {});
        return;
    }
    // The write, which is sent next, takes the place of copies.
    overtaken_before_ = channel_.next_sequence() + 1;
    for (auto each = todo_.begin(); each != todo_.end();) {
        if (each->first.extent == range.extent) {
            each->second.mask &= ~page_mask(each->first.page, range);
        }
        each = each->second.mask == 0 ? todo_.erase(each) : std::next(each);
    }
}

void CatchUp::pump(uint64_t now_ns) {
    now_ns_ = now_ns;
    if (stopped_ || !channel_.open()) {
        return;
    }
    if (now_ns >= retried_ns_ + settings_.report_ns) {
        retried_ns_ = now_ns;
        todo_.merge(unreadable_);
    }
    for (const auto& job : jobs_) {
        while (job->step == Job::Step::free && !todo_.empty() && begin(*job)) {
        }
    }
    scan();
    consider_state();
}

bool CatchUp::begin(Job& job) {
    const auto first = todo_.begin();
    job.page = first->first;
    job.blocks = first->second;
    todo_.erase(first);
    if (state_ != State::copying) {
        // Those writes have been sent to the member, or will be, ahead of this.
        job.blocks.mask &= ~client_.unsettled(job.page.extent, job.page.page);
        overtaken_before_ = channel_.next_sequence();
    }
    if (job.blocks.mask == 0) {
        return true;
    }
    job.step = Job::Step::reading;
    job.unreadable = 0;
    job.one_by_one = false;
    const auto low = static_cast<uint32_t>(std::countr_zero(job.blocks.mask));
    const uint32_t high = page_blocks - static_cast<uint32_t>(std::countl_zero(job.blocks.mask));
    return read(job, low, high - low);
}

bool CatchUp::read(Job& job, uint32_t first, uint32_t count) {
    job.reading.extent = job.page.extent;
    job.reading.first_block = (job.page.page << page_shift) + first;
    job.reading.block_count = count;
    job.reading.data = job.data.get() + size_t{first} * block_bytes;
    const bool taken = store_.submit_read(job.reading).ok();
    if (!taken) {
        put_back(job, job.blocks.mask);
        release(job);
    }
    return taken;
}

// What fails as a whole is read block by block.
void CatchUp::was_read(Job& job, Status status) {
    if (stopped_) {
        release(job);
        client_.catch_up_rests();
        return;
    }
    if (!job.one_by_one && status.ok()) {
        send(job);
        return;
    }
    if (job.one_by_one) {
        job.unreadable |= status.ok() ? 0 : uint64_t{1} << job.block;
        ++job.block;
    } else {
        job.one_by_one = true;
        job.block = 0;
    }
    while (job.block < page_blocks && (job.blocks.mask >> job.block & 1) == 0) {
        ++job.block;
    }
    if (job.block < page_blocks) {
        static_cast<void>(read(job, job.block, 1));
    } else {
        set_aside(job);
        send(job);
    }
}

// As long as a block cannot be read here, the member is not level.
void CatchUp::set_aside(Job& job) {
    const uint64_t lost = job.blocks.mask & job.unreadable;
    if (lost != 0) {
        unreadable_[job.page].mask |= lost;
        job.blocks.mask &= ~lost;
    }
}

void CatchUp::put_back(const Job& job, uint64_t mask) {
    if (mask != 0) {
        Blocks& again = todo_[job.page];
        again.mask |= mask;
        again.version = {};
    }
}

void CatchUp::send(Job& job) {
    if (job.blocks.mask == 0 || !channel_.open()) {
        put_back(job, job.blocks.mask);
        release(job);
        pump(now_ns_);
        return;
    }
    make_runs(job,
              job.blocks.version == base::Version{} ? client_.next_version() : job.blocks.version);
    job.step = Job::Step::sending;
    job.runs_away = job.run_count;
    for (uint32_t index = 0; index < job.run_count; ++index) {
        channel_.send(job.runs[index], now_ns_);
    }
}

void CatchUp::make_runs(Job& job, base::Version version) {
    job.run_count = 0;
    for (uint32_t block = 0; block < page_blocks; ++block) {
        if ((job.blocks.mask >> block & 1) == 0) {
            continue;
        }
        const uint8_t* data = job.data.get() + size_t{block} * block_bytes;
        const bool hole = is_zero(data);
        job.crcs[block] = base::crc32c(data, block_bytes);
        const uint32_t at = (job.page.page << page_shift) + block;
        Job::Run* last = job.run_count == 0 ? nullptr : &job.runs[job.run_count - 1];
        if (last == nullptr || hole != (last->data == nullptr) ||
            last->range.first_block + last->range.block_count != at) {
            last = &job.runs[job.run_count++];
            last->job = &job;
            last->range = {job.page.extent, at, 0};
            last->data = hole ? nullptr : data;
            last->crcs = hole ? nullptr : &job.crcs[block];
            last->version = version;
            last->done = [](Copy& copy) {
                Job& sent = *static_cast<Job::Run&>(copy).job;
                sent.owner->copied(sent);
            };
        }
        ++last->range.block_count;
    }
}

void CatchUp::copied(Job& job) {
    if (--job.runs_away == 0) {
        release(job);
    }
    pump(now_ns_);
}

// The channel has forgotten what was on its way. In levelling it may have been overtaken by
// writes, so that it is read again.
void CatchUp::resume(uint64_t now_ns) {
    for (const auto& job : jobs_) {
        if (job->step == Job::Step::sending) {
            put_back(*job, job->blocks.mask);
            release(*job);
        }
    }
    if (state_ == State::level) {
        state_ = State::levelling;
    }
    overtaken_before_ = channel_.next_sequence();
    pump(now_ns);
}

void CatchUp::release(Job& job) {
    job.step = Job::Step::free;
}

void CatchUp::consider_state() {
    const bool few = scanned_ && todo_.size() <= few_pages;
    if (state_ == State::copying && few) {
        state_ = State::levelling;
        client_.levelling(*this);
    }
    const bool quiet =
        std::ranges::all_of(jobs_, [](const auto& job) { return job->step == Job::Step::free; });
    if (state_ == State::levelling && todo_.empty() && unreadable_.empty() && quiet &&
        channel_.acked_before(overtaken_before_)) {
        state_ = State::level;
    }
}

uint64_t CatchUp::blocks_left() const {
    uint64_t blocks = state_ == State::level ? 0 : 1;
    for (const auto* pages : {&todo_, &unreadable_}) {
        for (const auto& [page, left] : *pages) {
            blocks += static_cast<uint64_t>(std::popcount(left.mask));
        }
    }
    for (const auto& job : jobs_) {
        if (job->step != Job::Step::free) {
            blocks += static_cast<uint64_t>(std::popcount(job->blocks.mask));
        }
    }
    return blocks;
}

void CatchUp::stop() {
    stopped_ = true;
    todo_.clear();
    unreadable_.clear();
    for (const auto& job : jobs_) {
        if (job->step == Job::Step::sending) {
            release(*job);
        }
    }
}

bool CatchUp::idle() const {
    return !scanning_ &&
           std::ranges::all_of(jobs_, [](const auto& job) { return job->step == Job::Step::free; });
}

}  // namespace replication
