#include "reactor/timer_heap.h"

#include <algorithm>
#include <random>
#include <vector>

namespace {

struct Alarm : reactor::Timer {
    std::vector<uint64_t>* fired = nullptr;
};

Alarm alarm_into(std::vector<uint64_t>& fired) {
    Alarm alarm;
    alarm.fired = &fired;
    alarm.fire = [](reactor::Timer& timer) {
        static_cast<Alarm&>(timer).fired->push_back(timer.deadline_ns);
    };
    return alarm;
}

}  // namespace

TEST_CASE("timers fire in the order of their deadlines, and only when due") {
    std::vector<uint64_t> fired;
    reactor::TimerHeap heap(8);
    std::vector<Alarm> alarms(200, alarm_into(fired));
    std::mt19937 random(7);
    for (Alarm& alarm : alarms) {
        heap.arm(alarm, random() % 1000);
    }
    heap.fire_due(499);
    CHECK(std::is_sorted(fired.begin(), fired.end()));
    CHECK(std::all_of(fired.begin(), fired.end(), [](uint64_t at) { return at <= 499; }));
    CHECK(heap.count() == alarms.size() - fired.size());
    CHECK(heap.soonest_ns() > 499);
    heap.fire_due(1000);
    CHECK(std::is_sorted(fired.begin(), fired.end()));
    CHECK(fired.size() == alarms.size());
    CHECK(heap.soonest_ns() == reactor::TimerHeap::never);
}

TEST_CASE("moving and disarming timers at random keeps the order") {
    std::vector<uint64_t> fired;
    reactor::TimerHeap heap(8);
    std::vector<Alarm> alarms(64, alarm_into(fired));
    std::mt19937 random(11);
    for (uint32_t step = 0; step < 10'000; ++step) {
        Alarm& alarm = alarms[random() % alarms.size()];
        if (random() % 3 == 0) {
            heap.disarm(alarm);
            CHECK_FALSE(alarm.armed());
        } else {
            heap.arm(alarm, random() % 100'000);
            CHECK(alarm.armed());
        }
        uint64_t soonest = reactor::TimerHeap::never;
        for (const Alarm& each : alarms) {
            soonest = each.armed() ? std::min(soonest, each.deadline_ns) : soonest;
        }
        REQUIRE(heap.soonest_ns() == soonest);
    }
    const size_t armed = heap.count();
    heap.fire_due(reactor::TimerHeap::never - 1);
    CHECK(fired.size() == armed);
    CHECK(std::is_sorted(fired.begin(), fired.end()));
}

TEST_CASE("a timer that rearms itself in the past fires once a call") {
    struct Periodic : reactor::Timer {
        reactor::TimerHeap* heap = nullptr;
        uint32_t times = 0;
    } periodic;
    reactor::TimerHeap heap(1);
    periodic.heap = &heap;
    periodic.fire = [](reactor::Timer& timer) {
        auto& self = static_cast<Periodic&>(timer);
        ++self.times;
        self.heap->arm(self, 0);
    };
    heap.arm(periodic, 5);
    CHECK(heap.fire_due(10) == 1);
    CHECK(heap.fire_due(10) == 1);
    CHECK(periodic.times == 2);
    heap.disarm(periodic);
    CHECK(heap.fire_due(10) == 0);
}
