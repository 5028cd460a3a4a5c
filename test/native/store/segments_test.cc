#include "store/segments.h"

#include <vector>

namespace {

using store::Layout;
using store::Segments;
using store::SegmentState;

constexpr Layout layout{4, 7};  // Four segments of 128 blocks.

// A segment with one acknowledged batch of `live` blocks, closed.
uint32_t filled(Segments& segments, uint32_t live) {
    const uint32_t segment = segments.take(SegmentState::log);
    segments.batch_sent(segment);
    for (uint32_t block = 0; block < live; ++block) {
        segments.came_alive(layout.place(segment, 2 + block));
    }
    segments.close(segment);
    segments.batch_settled(segment);
    return segment;
}

void reclaim(Segments& segments) {
    const uint32_t segment = segments.next_retiring();
    REQUIRE(segment != Segments::none);
    segments.freed(segment);
}

// A checkpoint from beginning to end.
void checkpoint(Segments& segments) {
    std::vector<uint32_t> dead;
    segments.collect_dead(dead);
    segments.retire(dead);
    segments.retire_index();
}

}  // namespace

TEST_CASE("segments are taken from the start of the device, each under a sequence of its own") {
    Segments segments(layout);
    CHECK(segments.free_count() == 4);
    CHECK(segments.take(SegmentState::log) == 0);
    CHECK(segments.take(SegmentState::moved) == 1);
    CHECK(segments.sequence(0) == 1);
    CHECK(segments.sequence(1) == 2);
    CHECK(segments.free_count() == 2);
}

TEST_CASE("a segment whose last block is forgotten is free once a checkpoint knows") {
    Segments segments(layout);
    const uint32_t first = filled(segments, 2);
    segments.forgotten(layout.place(first, 2));
    CHECK(segments.dead_count() == 0);
    segments.forgotten(layout.place(first, 3));
    CHECK(segments.dead_count() == 1);
    CHECK(segments.next_retiring() == Segments::none);
    checkpoint(segments);
    CHECK(segments.next_retiring() == first);
    CHECK(segments.free_count() == 3);
    reclaim(segments);
    CHECK(segments.free_count() == 4);
}

TEST_CASE("what dies after a checkpoint began is not freed by it") {
    Segments segments(layout);
    const uint32_t first = filled(segments, 1);
    std::vector<uint32_t> dead;
    segments.collect_dead(dead);
    segments.forgotten(layout.place(first, 2));
    segments.retire(dead);
    CHECK(segments.next_retiring() == Segments::none);
    CHECK(segments.dead_count() == 1);
}

TEST_CASE("a segment that may get more batches, or waits for some, is not dead") {
    Segments segments(layout);
    const uint32_t open = segments.take(SegmentState::log);
    segments.batch_sent(open);
    segments.batch_sent(open);
    segments.close(open);
    segments.batch_settled(open);
    CHECK(segments.dead_count() == 0);
    segments.batch_settled(open);
    CHECK(segments.dead_count() == 1);
}

TEST_CASE("a segment is not used again under a read") {
    Segments segments(layout);
    const uint32_t first = filled(segments, 0);
    segments.pin(layout.place(first, 2));
    checkpoint(segments);
    CHECK(segments.retiring_count() == 1);
    CHECK(segments.next_retiring() == Segments::none);
    segments.unpin(layout.place(first, 2));
    CHECK(segments.next_retiring() == first);
}

TEST_CASE("an index segment is free when nothing is stored in it and a checkpoint is over") {
    Segments segments(layout);
    const uint32_t index = segments.take(SegmentState::index);
    segments.stored(layout.place(index, 1), 3);
    segments.close(index);
    checkpoint(segments);
    CHECK(segments.next_retiring() == Segments::none);
    segments.unstored(layout.place(index, 1), 3);
    CHECK(segments.next_retiring() == Segments::none);
    checkpoint(segments);
    CHECK(segments.next_retiring() == index);
    CHECK(segments.index_count() == 0);
}

TEST_CASE("an abandoned segment must be marked before it is free") {
    Segments segments(layout);
    const uint32_t begun = segments.take(SegmentState::log);
    segments.batch_sent(begun);
    segments.batch_settled(begun);
    segments.abandon(begun);
    CHECK(segments.any_abandoned());
    CHECK(segments.next_abandoned() == begun);
    CHECK(segments.next_retiring() == Segments::none);
    segments.marked(begun);
    CHECK_FALSE(segments.any_abandoned());
    CHECK(segments.next_retiring() == begun);
}

TEST_CASE("segments found by recovery are not free, and their sequences are not used again") {
    Segments segments(layout);
    segments.load_imaged(2, 5);
    segments.adopt(2, SegmentState::log, 7);
    segments.adopt(0, SegmentState::index, 8);
    segments.saw_sequence(11);
    segments.all_adopted();
    CHECK(segments.free_count() == 2);
    CHECK(segments.live(2) == 5);
    CHECK(segments.live_blocks() == 5);
    CHECK(segments.take(SegmentState::log) == 1);
    CHECK(segments.sequence(1) == 12);
    CHECK(segments.take(SegmentState::log) == 3);
}

TEST_CASE("a segment's state moves only along its picture") {
    CHECK(may_move(SegmentState::free, SegmentState::log));
    CHECK(may_move(SegmentState::retiring, SegmentState::free));
    CHECK_FALSE(may_move(SegmentState::log, SegmentState::free));
    CHECK_FALSE(may_move(SegmentState::moved, SegmentState::abandoned));
    CHECK_FALSE(may_move(SegmentState::free, SegmentState::retiring));
}
