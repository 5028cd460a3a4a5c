#include "store/segments.h"

#include <memory>

namespace {

using store::Layout;
using store::Segments;
using store::SegmentState;

constexpr Layout layout{4, 7};  // Four segments of 128 blocks.

// A segment with one acknowledged batch of `live` blocks, closed.
uint32_t filled(Segments& segments, uint64_t sequence, uint32_t live) {
    const uint32_t segment = segments.take(sequence);
    segments.batch_sent(segment);
    for (uint32_t block = 0; block < live; ++block) {
        segments.came_alive(layout.place(segment, 2 + block));
    }
    segments.close(segment);
    segments.batch_acknowledged(segment);
    return segment;
}

void reclaim(Segments& segments) {
    const uint32_t segment = segments.next_retiring();
    segments.marked(segment);
    segments.freed(segment);
}

}  // namespace

TEST_CASE("segments are taken from the start of the device") {
    Segments segments(layout);
    CHECK(segments.free_count() == 4);
    CHECK(segments.take(1) == 0);
    CHECK(segments.take(2) == 1);
    CHECK(segments.sequence(1) == 2);
    CHECK(segments.free_count() == 2);
    CHECK(segments.log_count() == 2);
}

TEST_CASE("a segment is retired when its last block is forgotten, and then free again") {
    Segments segments(layout);
    const uint32_t first = filled(segments, 1, 2);
    filled(segments, 2, 1);
    segments.forgotten(layout.place(first, 2));
    CHECK_FALSE(segments.retiring());
    segments.forgotten(layout.place(first, 3));
    REQUIRE(segments.retiring());
    CHECK(segments.next_retiring() == first);
    CHECK(segments.free_count() == 2);
    segments.marked(first);
    CHECK(segments.free_count() == 2);
    segments.freed(first);
    CHECK(segments.free_count() == 3);
    CHECK(segments.log_count() == 1);
}

TEST_CASE("a segment with deallocations waits until it is the oldest") {
    Segments segments(layout);
    const uint32_t oldest = filled(segments, 1, 1);
    const uint32_t trimmed = filled(segments, 2, 1);
    filled(segments, 3, 1);
    segments.note_tombstone(trimmed);
    segments.forgotten(layout.place(trimmed, 2));
    CHECK_FALSE(segments.retiring());
    segments.forgotten(layout.place(oldest, 2));
    reclaim(segments);
    REQUIRE(segments.retiring());
    CHECK(segments.next_retiring() == trimmed);
}

TEST_CASE("a segment that may get more batches, or waits for some, is not retired") {
    Segments segments(layout);
    const uint32_t open = segments.take(1);
    segments.batch_sent(open);
    segments.batch_sent(open);
    filled(segments, 2, 1);
    CHECK_FALSE(segments.retiring());
    segments.close(open);
    CHECK_FALSE(segments.retiring());
    segments.batch_acknowledged(open);
    segments.batch_acknowledged(open);
    filled(segments, 3, 1);
    CHECK(segments.retiring());
}

TEST_CASE("a segment is not retired under a read") {
    Segments segments(layout);
    const uint32_t first = filled(segments, 1, 1);
    filled(segments, 2, 1);
    segments.pin(layout.place(first, 2));
    segments.forgotten(layout.place(first, 2));
    CHECK_FALSE(segments.retiring());
    segments.unpin(layout.place(first, 2));
    CHECK(segments.retiring());
}

TEST_CASE("the segment of the last acknowledged batch stays until there is a newer one") {
    Segments segments(layout);
    filled(segments, 1, 0);
    CHECK_FALSE(segments.retiring());
    filled(segments, 2, 0);
    REQUIRE(segments.retiring());
    CHECK(segments.next_retiring() == 0);
}

TEST_CASE("an abandoned segment is retired before all others") {
    Segments segments(layout);
    const uint32_t dead = filled(segments, 1, 1);
    filled(segments, 2, 1);
    segments.forgotten(layout.place(dead, 2));
    const uint32_t begun = segments.take(3);
    segments.batch_sent(begun);
    segments.batch_unmade(begun);
    segments.abandon(begun);
    CHECK(segments.any_abandoned());
    CHECK(segments.next_retiring() == begun);
    reclaim(segments);
    CHECK_FALSE(segments.any_abandoned());
    CHECK(segments.next_retiring() == dead);
}

TEST_CASE("segments found by recovery are not free") {
    Segments segments(layout);
    segments.adopt(2, 7);
    segments.adopt(0, 8);
    segments.all_adopted();
    CHECK(segments.free_count() == 2);
    CHECK(segments.log_count() == 2);
    CHECK(segments.take(9) == 1);
    CHECK(segments.take(10) == 3);
}

TEST_CASE("a segment's state moves only along its picture") {
    CHECK(may_move(SegmentState::free, SegmentState::log));
    CHECK(may_move(SegmentState::marked, SegmentState::free));
    CHECK_FALSE(may_move(SegmentState::log, SegmentState::free));
    CHECK_FALSE(may_move(SegmentState::retiring, SegmentState::free));
}
