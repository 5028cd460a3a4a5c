#include "store/scrubber.h"

#include <algorithm>

#include "base/check.h"

namespace store {
namespace {

using base::Errc;
using base::Status;
using base::limits::block_bytes;

constexpr uint64_t ns_per_second = 1'000'000'000;
constexpr uint64_t busy_retry_ns = 1'000'000;
// A pass that comes late (the thread was busy) may catch up with this much, not with all of it.
constexpr uint64_t catch_up_ns = 100'000'000;
// A bad spot is a few blocks; a device that is gone gives none.
constexpr uint32_t unreadable_in_a_row_max = 16;

}  // namespace

Scrubber::Scrubber(reactor::Executor& executor,
                   ScrubSource& source,
                   ScrubReader& reader,
                   StoreObserver* observer)
    : executor_(executor), source_(source), reader_(reader), observer_(observer) {
    for (Slot& slot : slots_) {
        slot.scrubber = this;
        slot.pages = make_pages(scrub_range_blocks_max);
        slot.done = [](ReadOp& op, Status status) {
            auto& landed = static_cast<Slot&>(op);
            landed.scrubber->was_read(landed, status);
        };
    }
    pacer_.scrubber = this;
    pacer_.fire = [](reactor::Timer& timer) { static_cast<Pacer&>(timer).scrubber->pump(); };
}

Scrubber::~Scrubber() {
    CHECK(idle() && !pacer_.armed(), "a scrub ends before its store");
}

bool Scrubber::may_move(State from, State to) {
    switch (from) {
        case State::idle:
            return to == State::running;
        case State::running:
            return to == State::stopping || to == State::idle;
        case State::stopping:
            return to == State::idle;
    }
    return false;
}

void Scrubber::advance(State to) {
    CHECK(may_move(state_, to), "one pass at a time");
    state_ = to;
    progress_.running = to != State::idle;
}

Status Scrubber::start(uint64_t bytes_per_second) {
    if (!idle()) {
        return Status(Errc::busy);
    }
    advance(State::running);
    progress_.blocks_read = 0;
    progress_.blocks_damaged = 0;
    progress_.blocks_total = source_.live_blocks();
    cursor_ = {};
    all_given_ = false;
    unreadable_in_a_row_ = 0;
    bytes_per_second_ = bytes_per_second;
    due_ns_ = executor_.now_ns();
    // Not in this call: a store without blocks is done at once, and its end is told from a turn.
    wake_at(due_ns_);
    return Status();
}

void Scrubber::stop() {
    if (state_ != State::running) {
        return;
    }
    advance(State::stopping);
    executor_.disarm(pacer_);
    for (Slot& slot : slots_) {
        if (slot.step == Step::waiting) {
            release(slot);
        }
    }
    finish_if_over();
}

// Sends what waited for room, then new ranges, as far as the rate and the slots allow.
void Scrubber::pump() {
    for (Slot& slot : slots_) {
        if (state_ == State::running && slot.step == Step::waiting) {
            submit(slot);
        }
    }
    for (Slot& slot : slots_) {
        if (state_ == State::running && slot.step == Step::free && take_range(slot)) {
            submit(slot);
        }
    }
    finish_if_over();
}

// False when the slot has to wait for the rate, or nothing is left.
bool Scrubber::take_range(Slot& slot) {
    if (all_given_) {
        return false;
    }
    if (executor_.now_ns() < due_ns_) {
        wake_at(due_ns_);
        return false;
    }
    all_given_ = !source_.next(cursor_, slot.range);
    if (all_given_) {
        return false;
    }
    CHECK(slot.range.block_count > 0 && slot.range.block_count <= scrub_range_blocks_max,
          "a range fits a slot");
    slot.one_by_one = false;
    slot.extent = slot.range.extent;
    slot.first_block = slot.range.first_block;
    slot.block_count = slot.range.block_count;
    slot.data = slot.pages.get();
    return true;
}

void Scrubber::submit(Slot& slot) {
    const Status refused = reader_.submit_read(slot);
    if (refused.ok()) {
        slot.step = Step::reading;
    } else if (refused.code() == Errc::busy) {
        slot.step = Step::waiting;
        wake_at(executor_.now_ns() + busy_retry_ns);
    } else {
        release(slot);
        stop();
    }
}

void Scrubber::was_read(Slot& slot, Status status) {
    if (state_ == State::stopping) {
        release(slot);
        return finish_if_over();
    }
    if (slot.one_by_one) {
        note_block(slot, status);
        ++slot.first_block;
        read_next_block(slot);
    } else if (status.ok()) {
        unreadable_in_a_row_ = 0;
        range_done(slot);
    } else {
        charge(slot.range.block_count);
        slot.one_by_one = true;
        slot.block_count = 1;
        read_next_block(slot);
    }
    pump();
}

void Scrubber::read_next_block(Slot& slot) {
    if (state_ != State::running) {
        return release(slot);
    }
    if (slot.first_block < slot.range.first_block + slot.range.block_count) {
        return submit(slot);
    }
    range_done(slot);
}

void Scrubber::range_done(Slot& slot) {
    const uint32_t held = source_.held(slot.range);
    progress_.blocks_read += held;
    charge(held);
    release(slot);
}

void Scrubber::note_block(const Slot& slot, Status status) {
    if (status.ok()) {
        return;
    }
    if (status.code() == Errc::checksum_wrong) {
        unreadable_in_a_row_ = 0;
    } else if (++unreadable_in_a_row_ == unreadable_in_a_row_max) {
        return stop();
    }
    ++progress_.blocks_damaged;
    if (observer_ != nullptr) {
        observer_->block_damaged(slot.range.extent, slot.first_block);
    }
}

void Scrubber::release(Slot& slot) {
    slot.step = Step::free;
}

void Scrubber::charge(uint32_t blocks) {
    if (bytes_per_second_ == 0) {
        return;
    }
    const uint64_t now_ns = executor_.now_ns();
    const uint64_t earliest_ns = now_ns - std::min(now_ns, catch_up_ns);
    due_ns_ = std::max(due_ns_, earliest_ns) +
              uint64_t{blocks} * block_bytes * ns_per_second / bytes_per_second_;
}

void Scrubber::wake_at(uint64_t deadline_ns) {
    if (!pacer_.armed() || deadline_ns < pacer_.deadline_ns) {
        executor_.arm(pacer_, deadline_ns);
    }
}

void Scrubber::finish_if_over() {
    if (idle() || (state_ == State::running && !all_given_)) {
        return;
    }
    const bool quiet = std::all_of(
        slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.step == Step::free; });
    if (!quiet) {
        return;
    }
    executor_.disarm(pacer_);
    progress_.passes += state_ == State::running ? 1 : 0;
    advance(State::idle);
}

}  // namespace store
