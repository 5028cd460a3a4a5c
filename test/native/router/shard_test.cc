#include "router/shard.h"

#include <doctest/doctest.h>
#include <vector>

#include "router/fake_store.h"

namespace {

struct CountedPart : router::Part {
    uint32_t times = 0;
    base::Status answer;
    std::vector<uint8_t> bytes = std::vector<uint8_t>(4096, 3);
    uint32_t crc = base::crc32c(bytes.data(), 4096);

    explicit CountedPart(uint32_t block = 0) {
        verb = Verb::write;
        write.first_block = block;
        write.block_count = 1;
        write.data = bytes.data();
        write.block_crcs = &crc;
        done = [](router::Part& part, base::Status status) {
            auto& self = static_cast<CountedPart&>(part);
            ++self.times;
            self.answer = status;
        };
    }
};

struct Bench {
    test::ManualExecutor executor;
    test::FakeStore store;
    router::Shard shard{executor, nullptr, store};
    void run(router::Part& part) { shard.run(part, executor, nullptr); }
};

}  // namespace

TEST_CASE("writes get ascending versions above what the store replayed") {
    test::ManualExecutor executor;
    test::FakeStore store;
    store.replayed_version = base::Version{base::Epoch(3), 41};
    router::Shard shard(executor, nullptr, store);
    CountedPart parts[2];
    shard.run(parts[0], executor, nullptr);
    shard.run(parts[1], executor, nullptr);
    store.complete_all();
    CHECK((store.writes_seen[0].version == base::Version{base::Epoch(3), 42}));
    CHECK((store.writes_seen[1].version == base::Version{base::Epoch(3), 43}));
}

TEST_CASE("a fresh store begins with the first epoch") {
    Bench bench;
    CountedPart part;
    bench.run(part);
    bench.store.complete_all();
    CHECK((bench.store.writes_seen[0].version == base::Version{base::Epoch(1), 1}));
}

TEST_CASE("while the store is busy parts wait in order and none fails") {
    Bench bench;
    bench.store.capacity = 2;
    std::vector<CountedPart> parts;
    for (uint32_t block = 0; block < 9; ++block) {
        parts.emplace_back(block);
    }
    for (auto& part : parts) {
        part.write.data = part.bytes.data();
        part.write.block_crcs = &part.crc;
        bench.run(part);
    }
    CHECK_EQ(bench.shard.in_flight(), 2u);
    CHECK_EQ(bench.shard.waiting(), 7u);
    bench.store.complete_all();
    for (uint32_t block = 0; block < 9; ++block) {
        CHECK_EQ(parts[block].times, 1u);
        CHECK(parts[block].answer.ok());
        CHECK_EQ(bench.store.writes_seen[block].first_block, block);
    }
    CHECK_EQ(bench.shard.in_flight(), 0u);
}

TEST_CASE("a refusal is answered later, never inside the call") {
    Bench bench;
    bench.store.refuse_with = base::Status(base::Errc::device_failed, 5);
    CountedPart part;
    bench.run(part);
    CHECK_EQ(part.times, 0u);
    bench.executor.turn_until_idle();
    CHECK_EQ(part.times, 1u);
    CHECK_EQ(part.answer, base::Status(base::Errc::device_failed, 5));
}

TEST_CASE("those who wait are answered when the store fails meanwhile") {
    Bench bench;
    bench.store.capacity = 1;
    CountedPart parts[3];
    for (auto& part : parts) {
        bench.run(part);
    }
    bench.store.refuse_with = base::Status(base::Errc::device_failed);
    bench.store.complete_all();
    bench.executor.turn_until_idle();
    CHECK(parts[0].answer.ok());
    CHECK_EQ(parts[1].answer.code(), base::Errc::device_failed);
    CHECK_EQ(parts[2].answer.code(), base::Errc::device_failed);
    CHECK_EQ(bench.shard.waiting(), 0u);
}

TEST_CASE("a store that has given up is told once, one refused read is not") {
    struct Observer final : router::FailureObserver {
        uint32_t times = 0;
        uint32_t error = 0;
        void store_failed(router::Shard&, uint32_t detail) override {
            ++times;
            error = detail;
        }
    } observer;
    test::ManualExecutor executor;
    test::FakeStore store;
    router::Shard shard(executor, nullptr, store, &observer);
    CountedPart parts[3];
    store.fail_with = base::Status(base::Errc::device_failed, 5);
    shard.run(parts[0], executor, nullptr);
    store.complete_all();
    CHECK_EQ(observer.times, 0u);
    store.stats_now.failed = true;
    shard.run(parts[1], executor, nullptr);
    store.complete_all();
    store.refuse_with = base::Status(base::Errc::device_failed);
    shard.run(parts[2], executor, nullptr);
    executor.turn_until_idle();
    CHECK_EQ(parts[2].answer.code(), base::Errc::device_failed);
    CHECK_EQ(observer.times, 1u);
    CHECK_EQ(observer.error, 5u);
}
