#include "engine/events.h"

#include <doctest/doctest.h>

namespace {

engine::Event damaged(uint64_t block) {
    engine::Event event;
    event.kind = engine::EventKind::checksum_error;
    event.block = block;
    return event;
}

std::vector<engine::Event> take_all(engine::EventQueue& queue) {
    std::vector<engine::Event> events;
    while (queue.take(events, 2)) {
    }
    return events;
}

}  // namespace

TEST_CASE("events come out in the order they went in, some at a time") {
    engine::EventQueue queue(4, [] {});
    for (uint64_t block = 0; block < 3; ++block) {
        queue.push(damaged(block));
    }
    std::vector<engine::Event> events;
    CHECK(queue.take(events, 2));
    CHECK_EQ(events.size(), 2u);
    CHECK_FALSE(queue.take(events, 2));
    REQUIRE_EQ(events.size(), 3u);
    CHECK_EQ(events[2].block, 2u);
    CHECK_FALSE(queue.take(events, 2));
    CHECK_EQ(events.size(), 3u);
}

TEST_CASE("only a push into an empty queue wakes the listener") {
    int wakes = 0;
    engine::EventQueue queue(4, [&wakes] { ++wakes; });
    queue.push(damaged(0));
    queue.push(damaged(1));
    CHECK_EQ(wakes, 1);
    take_all(queue);
    queue.push(damaged(2));
    CHECK_EQ(wakes, 2);
}

TEST_CASE("what does not fit is dropped and counted where it is missing") {
    engine::EventQueue queue(4, [] {});
    for (uint64_t block = 0; block < 7; ++block) {
        queue.push(damaged(block));
    }
    std::vector<engine::Event> events;
    CHECK(queue.take(events, 2));
    queue.push(damaged(7));
    const std::vector<engine::Event> rest = take_all(queue);
    REQUIRE_EQ(rest.size(), 4u);
    CHECK_EQ(rest[1].block, 3u);
    CHECK_EQ(rest[2].kind, engine::EventKind::events_dropped);
    CHECK_EQ(rest[2].count, 3u);
    CHECK_EQ(rest[3].block, 7u);
}

TEST_CASE("a loss at the end of the queue is told as soon as the queue is empty") {
    engine::EventQueue queue(1, [] {});
    queue.push(damaged(0));
    queue.push(damaged(1));
    const std::vector<engine::Event> events = take_all(queue);
    REQUIRE_EQ(events.size(), 2u);
    CHECK_EQ(events[1].kind, engine::EventKind::events_dropped);
    CHECK_EQ(events[1].count, 1u);
    CHECK(take_all(queue).empty());
}
