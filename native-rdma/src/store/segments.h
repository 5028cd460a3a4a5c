// The segments of a device: which are free, which hold log, and when one is no longer needed.
//
//     free ──take()──▶ log ──nothing live, not needed──▶ retiring ──marked on disk──▶ marked
//      ▲                                                                                │
//      └───────────────────────────────── discarded ────────────────────────────────────┘
//
// A segment without live blocks can go. One that holds deallocations or deletions is needed until
// no older segment is left, whose blocks a replay would bring back. The one with the last
// acknowledged batch stays whatever it holds: where the log goes on is known from it.
//
// Thread: the store's.
#pragma once

#include <cstdint>
#include <vector>

#include "store/index.h"
#include "store/layout.h"

namespace store {

enum class SegmentState : uint8_t { free, log, retiring, marked };

[[nodiscard]] constexpr bool may_move(SegmentState from, SegmentState to) {
    switch (from) {
        case SegmentState::free:
            return to == SegmentState::log;
        case SegmentState::log:
            return to == SegmentState::retiring;
        case SegmentState::retiring:
            return to == SegmentState::marked;
        case SegmentState::marked:
            return to == SegmentState::free;
    }
    return false;
}

class Segments final : public Index::Observer {
  public:
    static constexpr uint32_t none = 0xffffffff;

    explicit Segments(const Layout& layout);

    [[nodiscard]] uint32_t free_count() const { return static_cast<uint32_t>(free_.size()); }
    [[nodiscard]] uint32_t log_count() const { return static_cast<uint32_t>(order_.size()); }
    // A free segment becomes the log's newest. Requires: free_count() > 0.
    uint32_t take(uint64_t sequence);
    // Recovery: this segment, found on the device, is the log's newest so far.
    void adopt(uint32_t segment, uint64_t sequence);
    void all_adopted();
    [[nodiscard]] uint64_t sequence(uint32_t segment) const { return at_[segment].sequence; }

    // The batches of a segment: how many are not acknowledged, and whether more may come.
    void batch_sent(uint32_t segment) { ++at_[segment].unacknowledged; }
    void batch_acknowledged(uint32_t segment);
    void batch_unmade(uint32_t segment);
    // Recovery: the log's last batch so far is in this segment.
    void set_last(uint32_t segment) { last_ = segment; }
    void close(uint32_t segment);
    void reopen(uint32_t segment);
    // A segment whose batches were all unmade, or never in the log: it is retired before others.
    void abandon(uint32_t segment);
    [[nodiscard]] bool any_abandoned() const { return abandoned_ > 0; }

    void came_alive(Place place) { ++at_[layout_.segment_of(place)].live_blocks; }
    void forgotten(Place place) override;
    void note_tombstone(uint32_t segment) { at_[segment].tombstones = true; }
    // While pinned by a read in flight a segment is not retired.
    void pin(Place place) { ++at_[layout_.segment_of(place)].readers; }
    void unpin(Place place);

    // Segments waiting to be marked free on the device.
    [[nodiscard]] bool retiring() const { return !retiring_.empty(); }
    [[nodiscard]] uint32_t next_retiring() const { return retiring_.front(); }
    void marked(uint32_t segment);
    void freed(uint32_t segment);

  private:
    struct Segment {
        uint64_t sequence = 0;
        uint32_t live_blocks = 0;
        uint32_t readers = 0;
        uint32_t unacknowledged = 0;
        SegmentState state = SegmentState::free;
        bool closed = false;
        bool tombstones = false;
        bool abandoned = false;
    };
    void begin(uint32_t segment, uint64_t sequence);
    void move(uint32_t segment, SegmentState to);
    void consider(uint32_t segment);

    Layout layout_;
    std::vector<Segment> at_;
    std::vector<uint32_t> free_;      // Taken from the back.
    std::vector<uint32_t> order_;     // In the log, oldest first.
    std::vector<uint32_t> retiring_;  // Still in order_.
    uint32_t abandoned_ = 0;
    uint32_t last_ = none;  // Holds the last acknowledged batch.
};

}  // namespace store
