#include "reactor/mailbox.h"

#include <thread>
#include <vector>

TEST_CASE("tasks come out in the order they were pushed") {
    reactor::Mailbox mailbox;
    reactor::Task tasks[3];
    CHECK(mailbox.take() == nullptr);
    for (reactor::Task& task : tasks) {
        CHECK_FALSE(mailbox.push(task));
    }
    reactor::Task* first = mailbox.take();
    CHECK(first == &tasks[0]);
    CHECK(first->next == &tasks[1]);
    CHECK(first->next->next == &tasks[2]);
    CHECK(first->next->next->next == nullptr);
    CHECK(mailbox.empty());
}

TEST_CASE("only the first push to a sleeper has to wake it, and a sleeper misses nothing") {
    reactor::Mailbox mailbox;
    reactor::Task first;
    reactor::Task second;
    REQUIRE(mailbox.begin_sleep());
    CHECK(mailbox.push(first));
    CHECK_FALSE(mailbox.push(second));
    mailbox.end_sleep();
    CHECK_FALSE(mailbox.begin_sleep());
    CHECK(mailbox.take() == &first);
    CHECK(mailbox.begin_sleep());
}

TEST_CASE("many threads push, one takes: nothing is lost and each thread's order holds") {
    struct Numbered : reactor::Task {
        uint32_t thread = 0;
        uint32_t number = 0;
    };
    constexpr uint32_t threads = 3;
    constexpr uint32_t each = 20'000;
    reactor::Mailbox mailbox;
    std::vector<std::vector<Numbered>> tasks(threads, std::vector<Numbered>(each));
    std::vector<std::thread> pushers;
    for (uint32_t i = 0; i < threads; ++i) {
        pushers.emplace_back([&, i] {
            for (uint32_t number = 0; number < each; ++number) {
                tasks[i][number].thread = i;
                tasks[i][number].number = number;
                static_cast<void>(mailbox.push(tasks[i][number]));
            }
        });
    }
    uint32_t next[threads] = {};
    uint32_t taken = 0;
    bool in_order = true;
    while (taken < threads * each) {
        for (reactor::Task* task = mailbox.take(); task != nullptr; ++taken) {
            auto& numbered = static_cast<Numbered&>(*task);
            task = task->next;
            in_order = in_order && numbered.number == next[numbered.thread]++;
        }
    }
    CHECK(in_order);
    for (std::thread& pusher : pushers) {
        pusher.join();
    }
}
