// The segments of a device: what each holds, how much of it is alive, and which can go.
//
//     free ──take()──▶ log, moved or index ──dead, and a checkpoint knows──▶ retiring
//      ▲                  │                                                     │
//      │                  └─log only: never part of it──▶ abandoned ──marked──▶─┤
//      └───────────────────────────────── discarded ────────────────────────────┘
//
// A segment of data is dead when it is closed, all its batches are acknowledged and nothing in it
// is alive. It is retired only when a checkpoint that began after that is durable: until then a
// recovery would still read it. So the log has no holes behind the last checkpoint.
//
// Three counts are kept of a segment:
//   live    blocks of it that are, or by an image not read yet may be, some page's;
//   imaged  blocks of it that are named by the pages' images on the device: what a checkpoint
//   saves; stored  images and checkpoint blocks in it, for a segment of the index.
//
// What an image named that is lost stays in `live` and `imaged`. A recount finds the others; what
// it does not find is taken away.
//
// Thread: the store's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "store/layout.h"

namespace store {

enum class SegmentState : uint8_t { free, log, moved, index, abandoned, retiring };

[[nodiscard]] constexpr bool holds_data(SegmentState state) {
    return state == SegmentState::log || state == SegmentState::moved;
}

[[nodiscard]] constexpr bool may_move(SegmentState from, SegmentState to) {
    switch (from) {
        case SegmentState::free:
            return holds_data(to) || to == SegmentState::index;
        case SegmentState::log:
            return to == SegmentState::retiring || to == SegmentState::abandoned;
        case SegmentState::moved:
        case SegmentState::index:
        case SegmentState::abandoned:
            return to == SegmentState::retiring;
        case SegmentState::retiring:
            return to == SegmentState::free;
    }
    return false;
}

class Segments {
  public:
    static constexpr uint32_t none = no_segment;

    explicit Segments(const Layout& layout);

    [[nodiscard]] const Layout& layout() const { return layout_; }
    [[nodiscard]] uint32_t count() const { return layout_.segment_count; }
    [[nodiscard]] uint32_t free_count() const { return static_cast<uint32_t>(free_.size()); }
    // On their way to be free.
    [[nodiscard]] uint32_t retiring_count() const {
        return static_cast<uint32_t>(retiring_.size());
    }
    // Closed and dead, waiting for a checkpoint.
    [[nodiscard]] uint32_t dead_count() const { return dead_; }
    [[nodiscard]] uint32_t index_count() const { return index_; }
    [[nodiscard]] uint64_t live_blocks() const { return live_blocks_; }

    // A free segment comes into use, under the next sequence. Requires: free_count() > 0.
    uint32_t take(SegmentState as);
    [[nodiscard]] uint64_t next_sequence() const { return next_sequence_; }
    [[nodiscard]] uint64_t sequence(uint32_t segment) const { return at_[segment].sequence; }
    [[nodiscard]] SegmentState state(uint32_t segment) const { return at_[segment].state; }
    [[nodiscard]] bool closed(uint32_t segment) const { return at_[segment].closed; }

    // Recovery: what was found on the device, behind load_imaged(). Sequences that were seen are
    // not used again.
    void saw_sequence(uint64_t sequence) {
        next_sequence_ = std::max(next_sequence_, sequence + 1);
    }
    void adopt(uint32_t segment, SegmentState as, uint64_t sequence);
    void all_adopted();

    // The batches of a segment: how many are not acknowledged, and whether more may come.
    void batch_sent(uint32_t segment) { ++at_[segment].unacknowledged; }
    void batch_settled(uint32_t segment);
    void close(uint32_t segment);
    void reopen(uint32_t segment);
    // The last batch of a segment of the log that was unmade was its first: it must be marked free
    // before the log goes on.
    void abandon(uint32_t segment);
    [[nodiscard]] bool any_abandoned() const { return !abandoned_.empty(); }

    void came_alive(Place place);
    void forgotten(Place place);
    // While pinned by a read in flight a segment is not used again.
    void pin(Place place) { ++at_[layout_.segment_of(place)].readers; }
    void unpin(Place place);

    [[nodiscard]] uint32_t live(uint32_t segment) const { return at_[segment].live; }
    [[nodiscard]] uint32_t imaged(uint32_t segment) const { return at_[segment].imaged; }
    void image_names(Place place) { ++at_[layout_.segment_of(place)].imaged; }
    void image_forgets(Place place);
    // Recovery: what the checkpoint's images name in it.
    void load_imaged(uint32_t segment, uint32_t blocks);
    // A recount: `imaged` is counted anew, beside the old one, which it replaces at the end.
    void begin_recount();
    void recount_names(Place place) { ++at_[layout_.segment_of(place)].recounted; }
    void recount_forgets(Place place);
    void end_recount();

    void stored(Place place, uint32_t count) { at_[layout_.segment_of(place)].stored += count; }
    void unstored(Place place, uint32_t count);
    [[nodiscard]] uint32_t stored_count(uint32_t segment) const { return at_[segment].stored; }

    // How old its blocks are, in segments taken since; newer ones score less for compaction.
    [[nodiscard]] uint64_t age_stamp(uint32_t segment) const { return at_[segment].age_stamp; }
    void set_age_stamp(uint32_t segment, uint64_t stamp) { at_[segment].age_stamp = stamp; }
    // Compaction has been through it and something stayed: left alone until `checkpoint`.
    void leave_alone(uint32_t segment, uint64_t checkpoint) {
        at_[segment].left_until = checkpoint;
    }
    [[nodiscard]] bool was_left_alone(uint32_t segment) const {
        return at_[segment].left_until > 0;
    }
    [[nodiscard]] bool left_alone(uint32_t segment, uint64_t checkpoint) const {
        return at_[segment].left_until > checkpoint;
    }
    // A closed segment of data with all batches acknowledged.
    [[nodiscard]] bool settled(uint32_t segment) const {
        return holds_data(at_[segment].state) && at_[segment].closed &&
               at_[segment].unacknowledged == 0;
    }

    // The dead ones as a checkpoint begins; and, once it is durable, the end of those still dead
    // and of the index's that hold nothing.
    void collect_dead(std::vector<uint32_t>& dead) const;
    void retire(const std::vector<uint32_t>& dead);
    void retire_index();

    // For the reclaimer: what is to be marked free on the device, and what to be discarded.
    [[nodiscard]] uint32_t next_abandoned() const {
        return abandoned_.empty() ? none : abandoned_.front();
    }
    void marked(uint32_t segment);
    [[nodiscard]] uint32_t next_retiring() const;
    void freed(uint32_t segment);

  private:
    struct Segment {
        uint64_t sequence = 0;
        uint64_t age_stamp = 0;
        uint64_t left_until = 0;
        uint32_t live = 0;
        uint32_t imaged = 0;
        uint32_t recounted = 0;
        uint32_t stored = 0;
        uint32_t readers = 0;
        uint32_t unacknowledged = 0;
        SegmentState state = SegmentState::free;
        bool closed = false;
        bool dead = false;
    };
    void move(uint32_t segment, SegmentState to);
    void consider(uint32_t segment);
    void retire(uint32_t segment);

    Layout layout_;
    std::vector<Segment> at_;
    std::vector<uint32_t> free_;  // Taken from the back.
    std::vector<uint32_t> abandoned_;
    std::vector<uint32_t> retiring_;
    uint64_t next_sequence_ = 1;
    uint64_t live_blocks_ = 0;
    uint32_t dead_ = 0;
    uint32_t index_ = 0;
};

}  // namespace store
