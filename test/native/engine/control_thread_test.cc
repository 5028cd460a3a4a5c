#include "engine/control_thread.h"

#include <atomic>
#include <doctest/doctest.h>
#include <future>
#include <thread>
#include <vector>

TEST_CASE("jobs of many threads run one at a time, each thread's in its order") {
    std::vector<std::pair<int, int>> order;
    {
        engine::ControlThread control;
        std::vector<std::thread> posters;
        for (int poster = 0; poster < 4; ++poster) {
            posters.emplace_back([&control, &order, poster] {
                for (int job = 0; job < 200; ++job) {
                    control.post([&order, poster, job] { order.emplace_back(poster, job); });
                }
            });
        }
        for (std::thread& poster : posters) {
            poster.join();
        }
    }
    REQUIRE_EQ(order.size(), 800u);
    int next[4] = {};
    for (const auto& [poster, job] : order) {
        CHECK_EQ(job, next[poster]++);
    }
}

TEST_CASE("a job may post another one, also when the thread is ending") {
    std::atomic<int> ran = 0;
    {
        engine::ControlThread control;
        control.post([&] { control.post([&] { ++ran; }); });
    }
    CHECK_EQ(ran, 1);
}

TEST_CASE("a join calls once, on the control thread, when all have arrived") {
    engine::ControlThread control;
    std::promise<std::thread::id> control_id;
    control.post([&] { control_id.set_value(std::this_thread::get_id()); });
    std::promise<std::thread::id> joined;
    const auto join =
        engine::Join::create(control, 3, [&] { joined.set_value(std::this_thread::get_id()); });
    auto future = joined.get_future();
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        CHECK(future.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
        std::thread([&join] { join->arrive(); }).join();
    }
    CHECK(future.get() == control_id.get_future().get());
}

TEST_CASE("a join of nobody calls at once") {
    std::promise<void> joined;
    engine::ControlThread control;
    engine::Join::create(control, 0, [&] { joined.set_value(); });
    joined.get_future().get();
}
