#include "store/segments.h"

#include <algorithm>

#include "base/check.h"

namespace store {

Segments::Segments(const Layout& layout) : layout_(layout), at_(layout.segment_count) {
    free_.reserve(layout.segment_count);
    order_.reserve(layout.segment_count);
    retiring_.reserve(layout.segment_count);
    // The first segment of the device is taken first: a sparse file stays short.
    for (uint32_t segment = layout.segment_count; segment-- > 0;) {
        free_.push_back(segment);
    }
}

void Segments::move(uint32_t segment, SegmentState to) {
    CHECK(may_move(at_[segment].state, to), "a segment's state moves only along its picture");
    at_[segment].state = to;
}

uint32_t Segments::take(uint64_t sequence) {
    CHECK(!free_.empty(), "only a free segment is taken");
    const uint32_t segment = free_.back();
    free_.pop_back();
    begin(segment, sequence);
    return segment;
}

void Segments::begin(uint32_t segment, uint64_t sequence) {
    move(segment, SegmentState::log);
    at_[segment] = Segment{.sequence = sequence, .state = SegmentState::log};
    order_.push_back(segment);
}

void Segments::adopt(uint32_t segment, uint64_t sequence) {
    begin(segment, sequence);
}

void Segments::all_adopted() {
    std::erase_if(free_,
                  [this](uint32_t segment) { return at_[segment].state != SegmentState::free; });
}

void Segments::batch_acknowledged(uint32_t segment) {
    CHECK(at_[segment].unacknowledged > 0, "a batch settles once");
    --at_[segment].unacknowledged;
    if (last_ != segment) {
        const uint32_t before = last_;
        last_ = segment;
        if (before != none) {
            consider(before);
        }
    }
}

void Segments::batch_unmade(uint32_t segment) {
    CHECK(at_[segment].unacknowledged > 0, "a batch settles once");
    --at_[segment].unacknowledged;
}

void Segments::close(uint32_t segment) {
    at_[segment].closed = true;
    consider(segment);
}

void Segments::reopen(uint32_t segment) {
    CHECK(at_[segment].state == SegmentState::log, "only what holds log goes on");
    at_[segment].closed = false;
}

void Segments::abandon(uint32_t segment) {
    Segment& entry = at_[segment];
    CHECK(entry.live_blocks == 0 && entry.unacknowledged == 0, "nothing of it was acknowledged");
    entry.closed = true;
    move(segment, SegmentState::retiring);
    retiring_.insert(retiring_.begin(), segment);
    ++abandoned_;
    entry.abandoned = true;
}

void Segments::forgotten(Place place) {
    const uint32_t segment = layout_.segment_of(place);
    CHECK(at_[segment].live_blocks > 0, "a block is forgotten once");
    if (--at_[segment].live_blocks == 0) {
        consider(segment);
    }
}

void Segments::unpin(Place place) {
    const uint32_t segment = layout_.segment_of(place);
    CHECK(at_[segment].readers > 0, "a read unpins what it pinned");
    if (--at_[segment].readers == 0) {
        consider(segment);
    }
}

void Segments::consider(uint32_t segment) {
    const Segment& entry = at_[segment];
    if (entry.state != SegmentState::log || !entry.closed || entry.live_blocks > 0 ||
        entry.unacknowledged > 0 || entry.readers > 0 || segment == last_ ||
        (entry.tombstones && order_.front() != segment)) {
        return;
    }
    move(segment, SegmentState::retiring);
    retiring_.push_back(segment);
}

void Segments::marked(uint32_t segment) {
    move(segment, SegmentState::marked);
    abandoned_ -= at_[segment].abandoned ? 1 : 0;
    retiring_.erase(std::find(retiring_.begin(), retiring_.end(), segment));
    order_.erase(std::find(order_.begin(), order_.end(), segment));
    if (!order_.empty()) {
        consider(order_.front());
    }
}

void Segments::freed(uint32_t segment) {
    move(segment, SegmentState::free);
    free_.push_back(segment);
}

}  // namespace store
