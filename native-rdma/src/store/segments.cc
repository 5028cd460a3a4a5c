#include "store/segments.h"

#include <algorithm>

#include "base/check.h"

namespace store {

Segments::Segments(const Layout& layout) : layout_(layout), at_(layout.segment_count) {
    free_.reserve(layout.segment_count);
    retiring_.reserve(layout.segment_count);
    // The first segment of the device is taken first: a sparse file stays short.
    for (uint32_t segment = layout.segment_count; segment-- > 0;) {
        free_.push_back(segment);
    }
}

void Segments::move(uint32_t segment, SegmentState to) {
    CHECK(may_move(at_[segment].state, to), "a segment's state moves only along its picture");
    index_ += to == SegmentState::index ? 1 : 0;
    index_ -= at_[segment].state == SegmentState::index ? 1 : 0;
    at_[segment].state = to;
}

uint32_t Segments::take(SegmentState as) {
    CHECK(!free_.empty(), "only a free segment is taken");
    const uint32_t segment = free_.back();
    free_.pop_back();
    Segment& entry = at_[segment];
    CHECK(entry.readers == 0 && entry.unacknowledged == 0, "nothing goes on in a free segment");
    move(segment, as);
    entry.sequence = next_sequence_++;
    entry.age_stamp = entry.sequence;
    entry.left_until = 0;
    entry.closed = false;
    return segment;
}

void Segments::adopt(uint32_t segment, SegmentState as, uint64_t sequence) {
    move(segment, as);
    at_[segment].sequence = sequence;
    at_[segment].age_stamp = sequence;
    saw_sequence(sequence);
}

void Segments::all_adopted() {
    std::erase_if(free_,
                  [this](uint32_t segment) { return at_[segment].state != SegmentState::free; });
}

void Segments::batch_settled(uint32_t segment) {
    CHECK(at_[segment].unacknowledged > 0, "a batch settles once");
    --at_[segment].unacknowledged;
    consider(segment);
}

void Segments::close(uint32_t segment) {
    at_[segment].closed = true;
    consider(segment);
}

void Segments::reopen(uint32_t segment) {
    CHECK(at_[segment].state == SegmentState::log, "only what holds log goes on");
    at_[segment].closed = false;
    consider(segment);
}

void Segments::abandon(uint32_t segment) {
    CHECK(at_[segment].unacknowledged == 0, "nothing of it was acknowledged");
    at_[segment].closed = true;
    move(segment, SegmentState::abandoned);
    consider(segment);
    abandoned_.push_back(segment);
}

void Segments::came_alive(Place place) {
    const uint32_t segment = layout_.segment_of(place);
    ++at_[segment].live;
    ++live_blocks_;
    if (at_[segment].dead) {
        consider(segment);
    }
}

void Segments::forgotten(Place place) {
    const uint32_t segment = layout_.segment_of(place);
    CHECK(at_[segment].live > 0, "a block is forgotten once");
    --live_blocks_;
    if (--at_[segment].live == 0) {
        consider(segment);
    }
}

void Segments::image_forgets(Place place) {
    const uint32_t segment = layout_.segment_of(place);
    CHECK(at_[segment].imaged > 0, "an image forgets what it named");
    --at_[segment].imaged;
}

void Segments::load_imaged(uint32_t segment, uint32_t blocks) {
    at_[segment].imaged = blocks;
    at_[segment].live += blocks;
    live_blocks_ += blocks;
}

void Segments::begin_recount() {
    for (Segment& entry : at_) {
        entry.recounted = 0;
    }
}

void Segments::recount_forgets(Place place) {
    const uint32_t segment = layout_.segment_of(place);
    CHECK(at_[segment].recounted > 0, "an image forgets what it named");
    --at_[segment].recounted;
}

// Requires: the recount knows all images. Compaction may have left a segment alone for the sake of
// blocks that are not there.
void Segments::end_recount() {
    for (uint32_t segment = 0; segment < count(); ++segment) {
        Segment& entry = at_[segment];
        CHECK(entry.recounted <= entry.imaged, "what an image names is counted");
        const uint32_t lost = entry.imaged - entry.recounted;
        CHECK(lost <= entry.live, "what no image names any more still counted as alive");
        if (lost > 0) {
            entry.imaged -= lost;
            entry.live -= lost;
            entry.left_until = 0;
            live_blocks_ -= lost;
            consider(segment);
        }
    }
}

void Segments::unstored(Place place, uint32_t count) {
    const uint32_t segment = layout_.segment_of(place);
    CHECK(at_[segment].stored >= count, "what was stored is taken away once");
    at_[segment].stored -= count;
}

void Segments::unpin(Place place) {
    const uint32_t segment = layout_.segment_of(place);
    CHECK(at_[segment].readers > 0, "a read unpins what it pinned");
    --at_[segment].readers;
}

void Segments::consider(uint32_t segment) {
    Segment& entry = at_[segment];
    const bool dead = settled(segment) && entry.live == 0;
    dead_ += dead ? 1 : 0;
    dead_ -= entry.dead ? 1 : 0;
    entry.dead = dead;
}

void Segments::collect_dead(std::vector<uint32_t>& dead) const {
    dead.clear();
    for (uint32_t segment = 0; segment < count(); ++segment) {
        if (at_[segment].dead) {
            dead.push_back(segment);
        }
    }
}

void Segments::retire(const std::vector<uint32_t>& dead) {
    for (const uint32_t segment : dead) {
        if (at_[segment].dead) {
            retire(segment);
        }
    }
}

void Segments::retire_index() {
    for (uint32_t segment = 0; segment < count(); ++segment) {
        const Segment& entry = at_[segment];
        if (entry.state == SegmentState::index && entry.closed && entry.stored == 0) {
            retire(segment);
        }
    }
}

void Segments::retire(uint32_t segment) {
    move(segment, SegmentState::retiring);
    consider(segment);
    retiring_.push_back(segment);
}

void Segments::marked(uint32_t segment) {
    abandoned_.erase(std::find(abandoned_.begin(), abandoned_.end(), segment));
    retire(segment);
}

uint32_t Segments::next_retiring() const {
    for (const uint32_t segment : retiring_) {
        if (at_[segment].readers == 0) {
            return segment;
        }
    }
    return none;
}

void Segments::freed(uint32_t segment) {
    move(segment, SegmentState::free);
    retiring_.erase(std::find(retiring_.begin(), retiring_.end(), segment));
    free_.push_back(segment);
}

}  // namespace store
