#include "volume/volume.h"

#include <doctest/doctest.h>
#include <vector>

#include "router/sole_member.h"

namespace {

constexpr uint64_t extent_bytes = base::limits::extent_bytes_min;
constexpr uint64_t extent_blocks = extent_bytes / 4096;

struct Damage final : volume::DamageObserver {
    void block_damaged(base::VolumeId, uint64_t block) override { blocks.push_back(block); }
    std::vector<uint64_t> blocks;
};

// A volume of ten extents whose PGs are spread over two stores, on one thread.
struct Bench {
    test::ManualExecutor executor;
    test::FakeStore stores[2] = {test::FakeStore(1), test::FakeStore(2)};
    router::Shard shards[2] = {{executor, nullptr, stores[0]}, {executor, nullptr, stores[1]}};
    router::Router router{{&shards[0], &shards[1]}};
    Damage damage;
    volume::Volume volume{base::VolumeId(7), extent_bytes, executor, nullptr, &damage};

    Bench() {
        std::vector<base::PgId> pgs;
        for (uint32_t index = 0; index < 10; ++index) {
            pgs.emplace_back(index);
        }
        volume.configure(10 * extent_blocks, router.places(pgs), base::Fence());
        for (size_t index = 0; index < 2; ++index) {
            test::lead(shards[index], stores[index], executor, pgs);
        }
    }
    ~Bench() {
        settle();
        for (size_t index = 0; index < 2; ++index) {
            test::leave(shards[index], stores[index], executor);
        }
    }
    void settle() {
        while (pending() > 0) {
            stores[0].complete_all();
            stores[1].complete_all();
        }
    }
    [[nodiscard]] size_t pending() {
        executor.turn_until_idle();
        return stores[0].pending() + stores[1].pending();
    }
};

struct Answered : volume::Op {
    uint32_t times = 0;
    base::Status answer;
    Answered(volume::Verb what, uint64_t first, uint32_t count, uint8_t* bytes = nullptr) {
        verb = what;
        first_block = first;
        block_count = count;
        data = bytes;
        done = [](volume::Op& op, base::Status status) {
            auto& self = static_cast<Answered&>(op);
            ++self.times;
            self.answer = status;
        };
    }
};

std::vector<uint8_t> pattern(uint32_t blocks) {
    std::vector<uint8_t> data(size_t{blocks} * 4096);
    for (size_t index = 0; index < data.size(); ++index) {
        data[index] = static_cast<uint8_t>(index / 4096 * 31 + index);
    }
    return data;
}

}  // namespace

TEST_CASE("a write over an extent's border becomes two parts and reads back whole") {
    Bench bench;
    auto data = pattern(8);
    Answered write(volume::Verb::write, extent_blocks - 3, 8, data.data());
    REQUIRE(bench.volume.submit(write).ok());
    CHECK_EQ(write.times, 0u);
    CHECK_EQ(bench.pending(), 2u);
    CHECK_FALSE(bench.volume.idle());
    bench.settle();
    CHECK_EQ(write.times, 1u);
    CHECK(write.answer.ok());
    CHECK(bench.volume.idle());

    std::vector<uint8_t> back(data.size(), 0xee);
    Answered read(volume::Verb::read, extent_blocks - 3, 8, back.data());
    REQUIRE(bench.volume.submit(read).ok());
    bench.settle();
    CHECK_EQ(back, data);
}

TEST_CASE("an operation is answered once, and not before both of its parts") {
    Bench bench;
    auto data = pattern(2);
    Answered write(volume::Verb::write, extent_blocks - 1, 2, data.data());
    REQUIRE(bench.volume.submit(write).ok());
    CHECK_EQ(bench.pending(), 2u);
    auto& first = bench.stores[0].pending() > 0 ? bench.stores[0] : bench.stores[1];
    first.complete_one();
    CHECK_EQ(write.times, 0u);
    bench.settle();
    CHECK_EQ(write.times, 1u);
}

TEST_CASE("a deallocation goes through every extent it covers with two parts") {
    Bench bench;
    std::vector<uint8_t> data = pattern(1);
    for (const uint64_t block : {uint64_t{5}, 4 * extent_blocks, 10 * extent_blocks - 1}) {
        Answered write(volume::Verb::write, block, 1, data.data());
        REQUIRE(bench.volume.submit(write).ok());
        bench.settle();
    }
    Answered trim(volume::Verb::deallocate, 6, static_cast<uint32_t>(10 * extent_blocks - 6));
    REQUIRE(bench.volume.submit(trim).ok());
    CHECK_EQ(bench.pending(), 2u);
    bench.settle();
    CHECK_EQ(trim.times, 1u);
    CHECK_EQ(bench.stores[0].blocks.size() + bench.stores[1].blocks.size(), 1u);
    uint64_t covered = 0;
    for (const auto& store : bench.stores) {
        for (const auto& write : store.writes_seen) {
            covered += write.data == nullptr ? write.block_count : 0;
        }
    }
    CHECK_EQ(covered, 10 * extent_blocks - 6);
}

TEST_CASE("refuses what reaches past the end of the volume, whatever the sum overflows to") {
    Bench bench;
    Answered past(volume::Verb::read, 10 * extent_blocks - 1, 2);
    CHECK_EQ(bench.volume.submit(past).code(), base::Errc::out_of_range);
    Answered wrapped(volume::Verb::read, ~uint64_t{0}, 2);
    CHECK_EQ(bench.volume.submit(wrapped).code(), base::Errc::out_of_range);
    CHECK(bench.volume.idle());
}

TEST_CASE("a grown volume serves its new blocks") {
    Bench bench;
    std::vector<base::PgId> pgs(11, base::PgId(3));
    bench.volume.configure(11 * extent_blocks, bench.router.places(pgs), base::Fence());
    auto data = pattern(1);
    Answered write(volume::Verb::write, 11 * extent_blocks - 1, 1, data.data());
    CHECK(bench.volume.submit(write).ok());
    bench.settle();
    CHECK(write.answer.ok());
}

TEST_CASE("a flush and an empty deallocation are answered later, with nothing to do") {
    Bench bench;
    Answered flush(volume::Verb::flush, 0, 0);
    Answered nothing(volume::Verb::deallocate, 9, 0);
    REQUIRE(bench.volume.submit(flush).ok());
    REQUIRE(bench.volume.submit(nothing).ok());
    CHECK_EQ(flush.times + nothing.times, 0u);
    bench.settle();
    CHECK_EQ(flush.times + nothing.times, 2u);
}

TEST_CASE("a damaged block is named as the namespace counts it and told to the observer") {
    Bench bench;
    auto data = pattern(2);
    Answered read(volume::Verb::read, 3 * extent_blocks + 8, 2, data.data());
    REQUIRE(bench.volume.submit(read).ok());
    for (auto& store : bench.stores) {
        store.fail_with = base::Status(base::Errc::checksum_wrong);
        store.failed_block = 9;
    }
    bench.settle();
    CHECK_EQ(read.answer.code(), base::Errc::checksum_wrong);
    CHECK_EQ(read.failed_block, 3 * extent_blocks + 9);
    CHECK_EQ(bench.damage.blocks, std::vector<uint64_t>{3 * extent_blocks + 9});
}

TEST_CASE("a failed part fails the operation once, after the other part is done") {
    Bench bench;
    auto data = pattern(2);
    Answered write(volume::Verb::write, extent_blocks - 1, 2, data.data());
    REQUIRE(bench.volume.submit(write).ok());
    for (auto& store : bench.stores) {
        store.fail_with = base::Status(base::Errc::device_failed, 5);
        store.stats_now.failed = true;
    }
    bench.settle();
    CHECK_EQ(write.times, 1u);
    CHECK_EQ(write.answer.code(), base::Errc::device_failed);
}

TEST_CASE("a deallocation that fails leaves the extents out that it has not begun") {
    Bench bench;
    for (auto& store : bench.stores) {
        store.refuse_with = base::Status(base::Errc::device_failed);
        store.stats_now.failed = true;
    }
    Answered trim(volume::Verb::deallocate, 0, static_cast<uint32_t>(10 * extent_blocks));
    REQUIRE(bench.volume.submit(trim).ok());
    CHECK_EQ(trim.times, 0u);
    bench.settle();
    CHECK_EQ(trim.times, 1u);
    CHECK_EQ(trim.answer.code(), base::Errc::device_failed);
}

TEST_CASE("each operation carries the fence of the volume's newest attachment") {
    Bench bench;
    const std::vector<base::PgId> pgs(10, base::PgId(3));
    auto data = pattern(1);
    const auto write_with = [&](uint64_t fence) {
        bench.volume.configure(10 * extent_blocks, bench.router.places(pgs), base::Fence(fence));
        Answered write(volume::Verb::write, 0, 1, data.data());
        REQUIRE(bench.volume.submit(write).ok());
        bench.settle();
        CHECK_EQ(write.times, 1u);
        return write.answer.code();
    };
    CHECK_EQ(write_with(8), base::Errc::ok);
    CHECK_EQ(write_with(7), base::Errc::stale_fence);
    CHECK_EQ(write_with(9), base::Errc::ok);
}
