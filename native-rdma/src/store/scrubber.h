// Reads every live block once, at a bounded rate: damage is found while it can still be mended, not
// when a host needs the block.
//
//   idle ──start──▶ running ──all is read, or the device failed──▶ idle
//                      └──stop──▶ stopping ──reads in flight over──▶ idle
//
// A range that does not read as a whole is read again block by block, so that each of its damaged
// blocks is told, once in a pass, and nothing else is.
//
// Thread: the store's. Lifetime: stop() and idle() first.
#pragma once

#include <array>
#include <cstdint>

#include "base/ids.h"
#include "base/status.h"
#include "reactor/executor.h"
#include "store/pages.h"
#include "store/store.h"

namespace store {

inline constexpr uint32_t scrub_range_blocks_max = 64;
static_assert(scrub_range_blocks_max <= blocks_per_op_max, "a range is read at once");

// Where a pass is: the source's own numbers, zeroes at the beginning.
struct ScrubCursor {
    uint64_t extent = 0;
    uint64_t next_block = 0;
};

// Neighbouring blocks of one extent, of which some may be holes.
struct ScrubRange {
    base::ExtentId extent;
    uint32_t first_block = 0;
    uint32_t block_count = 0;  // At most scrub_range_blocks_max.
};

// Where live blocks are, as the index knows it.
struct ScrubSource {
    // The first range with blocks at or behind the cursor, which is moved behind it; false when
    // there is none. The order does not change: what is written or erased meanwhile may be missed
    // or given, but what is held all the while is given exactly once.
    [[nodiscard]] virtual bool next(ScrubCursor& cursor, ScrubRange& range) = 0;
    // How many of the range's blocks hold data. Asked when it has just been read.
    [[nodiscard]] virtual uint32_t held(const ScrubRange& range) const = 0;
    [[nodiscard]] virtual uint64_t live_blocks() const = 0;

  protected:
    ~ScrubSource() = default;
};

// How blocks are read and verified. Busy: the scrubber comes again a little later.
struct ScrubReader {
    [[nodiscard]] virtual base::Status submit_read(ReadOp& op) = 0;

  protected:
    ~ScrubReader() = default;
};

class Scrubber {
  public:
    // `observer` may be null.
    Scrubber(reactor::Executor& executor,
             ScrubSource& source,
             ScrubReader& reader,
             StoreObserver* observer);
    ~Scrubber();
    Scrubber(const Scrubber&) = delete;
    Scrubber& operator=(const Scrubber&) = delete;

    // Begins a pass; `bytes_per_second` 0: as fast as the device gives. Errc::busy unless idle.
    [[nodiscard]] base::Status start(uint64_t bytes_per_second);
    // Ends the pass where it is: it does not count as one. Fine when there is none.
    void stop();
    [[nodiscard]] bool idle() const { return state_ == State::idle; }
    [[nodiscard]] const ScrubProgress& progress() const { return progress_; }

  private:
    enum class State : uint8_t { idle, running, stopping };
    enum class Step : uint8_t { free, waiting, reading };
    struct Slot : ReadOp {
        Scrubber* scrubber = nullptr;
        Step step = Step::free;
        ScrubRange range;
        bool one_by_one = false;
        Pages pages;
    };
    struct Pacer : reactor::Timer {
        Scrubber* scrubber = nullptr;
    };

    [[nodiscard]] static bool may_move(State from, State to);
    void advance(State to);
    void pump();
    [[nodiscard]] bool take_range(Slot& slot);
    void submit(Slot& slot);
    void was_read(Slot& slot, base::Status status);
    void read_next_block(Slot& slot);
    void note_block(const Slot& slot, base::Status status);
    void range_done(Slot& slot);
    void release(Slot& slot);
    void charge(uint32_t blocks);
    void wake_at(uint64_t deadline_ns);
    void finish_if_over();

    reactor::Executor& executor_;
    ScrubSource& source_;
    ScrubReader& reader_;
    StoreObserver* observer_;
    State state_ = State::idle;
    ScrubProgress progress_;
    ScrubCursor cursor_;
    bool all_given_ = false;
    uint64_t bytes_per_second_ = 0;
    uint64_t due_ns_ = 0;  // When the rate allows the next range.
    uint32_t unreadable_in_a_row_ = 0;
    Pacer pacer_;
    std::array<Slot, 2> slots_;  // One range is verified while the other is read.
};

}  // namespace store
