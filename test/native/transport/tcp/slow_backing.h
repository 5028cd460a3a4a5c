// A namespace in memory that takes as long as a test wants, and notices when the memory of an
// operation is touched before it is done.
//
// Thread: its reactor's; the delay is set by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/crc32c.h"
#include "reactor/reactor.h"
#include "volume/ram_backing.h"

namespace test_gateway {

struct Slowness {
    std::atomic<uint32_t> delay_ms = 0;
};

class SlowBacking final : public volume::Backing {
  public:
    SlowBacking(volume::RamRegion& region, reactor::Reactor& reactor, const Slowness& slowness)
        : ram_(region, reactor), reactor_(reactor), slowness_(slowness) {
        timer_.backing = this;
        timer_.fire = [](reactor::Timer& timer) { static_cast<Timer&>(timer).backing->serve(); };
    }
    ~SlowBacking() override { CHECK(waiting_.empty(), "operations outlive their backing"); }

    [[nodiscard]] uint64_t block_count() const override { return ram_.block_count(); }

    [[nodiscard]] base::Status submit(volume::Op& op) override {
        const uint32_t delay_ms = slowness_.delay_ms;
        if (delay_ms == 0 && waiting_.empty()) {
            return ram_.submit(op);
        }
        if (op.first_block + op.block_count > block_count()) {
            return base::Status(base::Errc::out_of_range);
        }
        waiting_.push_back({&op, reactor_.now_ns() + delay_ms * uint64_t{1'000'000}, crc_of(op)});
        if (!timer_.armed()) {
            reactor_.arm(timer_, reactor_.now_ns() + look_ns);
        }
        return base::Status();
    }

  private:
    // Often enough to notice that a test has changed its mind.
    static constexpr uint64_t look_ns = 1'000'000;

    struct Timer : reactor::Timer {
        SlowBacking* backing = nullptr;
    };
    struct Waiting {
        volume::Op* op;
        uint64_t due_ns;
        uint32_t crc;
    };

    static uint32_t crc_of(const volume::Op& op) {
        return op.verb == volume::Verb::write
                   ? base::crc32c(op.data, size_t{op.block_count} * base::limits::block_bytes)
                   : 0;
    }

    // The oldest first: a read that was sent later sees the write before it.
    void serve() {
        while (!waiting_.empty() &&
               (waiting_.front().due_ns <= reactor_.now_ns() || slowness_.delay_ms == 0)) {
            const Waiting first = waiting_.front();
            waiting_.erase(waiting_.begin());
            CHECK(crc_of(*first.op) == first.crc, "a write's data stay until it is done");
            CHECK(ram_.submit(*first.op).ok(), "it was within the bounds");
        }
        if (!waiting_.empty()) {
            reactor_.arm(timer_, reactor_.now_ns() + look_ns);
        }
    }

    volume::RamBacking ram_;
    reactor::Reactor& reactor_;
    const Slowness& slowness_;
    std::vector<Waiting> waiting_;
    Timer timer_;
};

}  // namespace test_gateway
