#include "volume/ram_backing.h"

#include <cstring>
#include <doctest/doctest.h>
#include <vector>

#include "router/fake_store.h"

namespace {

struct Memory {
    test::ManualExecutor executor;
    std::unique_ptr<volume::RamRegion> region = std::move(volume::RamRegion::create(1024).value());
    volume::RamBacking backing{*region, executor};
    uint32_t completions = 0;

    base::Status run(volume::Verb verb, uint64_t first, uint32_t count, uint8_t* data) {
        volume::Op op;
        op.verb = verb;
        op.first_block = first;
        op.block_count = count;
        op.data = data;
        last = this;
        op.done = [](volume::Op&, base::Status) { ++last->completions; };
        const base::Status status = backing.submit(op);
        CHECK_MESSAGE(last->completions == 0, "never inside submit");
        executor.turn_until_idle();
        if (status.ok()) {
            CHECK_EQ(completions, 1u);
        }
        completions = 0;
        return status;
    }
    static inline Memory* last = nullptr;
};

}  // namespace

TEST_CASE("memory reads back what was written, and zeroes elsewhere") {
    Memory memory;
    std::vector<uint8_t> data(8192, 0x5a);
    REQUIRE(memory.run(volume::Verb::write, 1022, 2, data.data()).ok());
    std::vector<uint8_t> back(3 * 4096, 0xff);
    REQUIRE(memory.run(volume::Verb::read, 1021, 3, back.data()).ok());
    CHECK_EQ(back[4095], 0);
    CHECK_EQ(std::memcmp(back.data() + 4096, data.data(), 8192), 0);
}

TEST_CASE("deallocated memory reads as zeroes, little or much of it") {
    for (const uint32_t count : {1u, 1024u}) {
        Memory memory;
        std::vector<uint8_t> data(4096, 0x77);
        REQUIRE(memory.run(volume::Verb::write, 0, 1, data.data()).ok());
        REQUIRE(memory.run(volume::Verb::deallocate, 0, count, nullptr).ok());
        REQUIRE(memory.run(volume::Verb::read, 0, 1, data.data()).ok());
        CHECK_EQ(data, std::vector<uint8_t>(4096, 0));
    }
}

TEST_CASE("memory refuses blocks past its end") {
    Memory memory;
    std::vector<uint8_t> data(8192);
    CHECK_EQ(memory.run(volume::Verb::read, 1023, 2, data.data()).code(), base::Errc::out_of_range);
    CHECK_EQ(memory.run(volume::Verb::write, ~uint64_t{0}, 2, data.data()).code(),
             base::Errc::out_of_range);
    CHECK(memory.run(volume::Verb::flush, 0, 0, nullptr).ok());
}
