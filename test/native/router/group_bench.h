// A shard on one thread, a lane that keeps what is asked of others, and parts that count answers.
#pragma once

#include <memory>
#include <vector>

#include "router/sole_member.h"

namespace test {

inline constexpr uint64_t ms = 1'000'000;
inline constexpr base::PgId pg{7};
inline constexpr base::NodeId other{2};
inline constexpr base::NodeId third{3};

struct CountedPart : router::Part {
    uint32_t times = 0;
    base::Status answer;
    std::vector<uint8_t> bytes = std::vector<uint8_t>(4096, 3);
    uint32_t crc = base::crc32c(bytes.data(), 4096);

    explicit CountedPart(uint32_t block = 0, Verb what = Verb::write) {
        verb = what;
        range = {{base::VolumeId(1), 0, pg}, block, 1};
        fence = base::Fence(1);
        data = target = bytes.data();
        crcs = &crc;
        done = [](router::Part& part, base::Status status) {
            auto& self = static_cast<CountedPart&>(part);
            ++self.times;
            self.answer = status;
        };
    }
    CountedPart(const CountedPart&) = delete;
    CountedPart& operator=(const CountedPart&) = delete;
};

// Keeps what is asked of another node until it is answered.
struct OpenLane final : peer::Lane {
    struct Asked {
        base::NodeId to;
        peer::Request* request;
        base::Epoch epoch;
        uint32_t block;
    };
    std::vector<Asked> asked;
    std::vector<replication::Message> messages;
    std::vector<base::NodeId> renewed;

    void send(base::NodeId, const replication::Message& message) override {
        messages.push_back(message);
    }
    void request(base::NodeId to, peer::Request& request) override {
        asked.push_back({to, &request, request.epoch, request.range.first_block});
    }
    void renew(base::NodeId to) override { renewed.push_back(to); }
    void answer(size_t index, base::Errc code) {
        peer::Request& request = *asked[index].request;
        request.done(request, base::Status(code));
    }
};

inline replication::GroupConfig led_by(base::NodeId primary, uint32_t epoch) {
    replication::GroupConfig config = sole_member(pg, base::Epoch(epoch));
    config.primary = primary;
    config.member_at[0].node = primary;
    return config;
}

struct GroupBench {
    ManualExecutor executor;
    FakeStore store;
    OpenLane lane;
    router::Shard shard{executor, nullptr, store, nullptr, 1000 * ms};

    GroupBench() { shard.join(self, lane, nullptr); }
    ~GroupBench() { leave(shard, store, executor); }
    void run(router::Part& part) { shard.run(part, executor, nullptr); }
    void configure(const replication::GroupConfig& config) {
        shard.configure(config);
        executor.turn_until_idle();
    }
    void pass(uint64_t ns) {
        executor.pass(ns, [this] { store.complete_all(); });
    }
    std::vector<uint32_t> blocks_asked_from(size_t first) const {
        std::vector<uint32_t> blocks;
        for (size_t index = first; index < lane.asked.size(); ++index) {
            blocks.push_back(lane.asked[index].block);
        }
        return blocks;
    }
};

}  // namespace test
