// A store in a map and an executor turned by hand: what tests of the router and volume stand on.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "replication/durable_state.h"
#include "store/store.h"

namespace test {

class ManualExecutor final : public reactor::Executor {
  public:
    void defer(reactor::Task& task) override {
        if (!task.queued) {
            task.queued = true;
            tasks_.push_back(&task);
        }
    }
    void arm(reactor::Timer& timer, uint64_t deadline_ns) override {
        disarm(timer);
        timer.deadline_ns = deadline_ns;
        timer.heap_index = 1;
        timers_.push_back(&timer);
    }
    void disarm(reactor::Timer& timer) override {
        std::erase(timers_, &timer);
        timer.heap_index = 0;
    }
    [[nodiscard]] uint64_t now_ns() const override { return now_ns_; }

    void turn_until_idle() {
        while (!tasks_.empty()) {
            reactor::Task* task = tasks_.front();
            tasks_.pop_front();
            task->queued = false;
            task->run(*task);
        }
    }
    // Lets time pass, a millisecond a step; `between` runs after each.
    template <typename Between>
    void pass(uint64_t ns, Between between) {
        const uint64_t end_ns = now_ns_ + ns;
        while (now_ns_ < end_ns) {
            now_ns_ = std::min(end_ns, now_ns_ + 1'000'000);
            fire();
            turn_until_idle();
            between();
        }
    }
    void pass(uint64_t ns) {
        pass(ns, [] {});
    }

  private:
    void fire() {
        while (true) {
            const auto due = std::ranges::find_if(timers_, [this](const reactor::Timer* timer) {
                return timer->deadline_ns <= now_ns_;
            });
            if (due == timers_.end()) {
                return;
            }
            reactor::Timer& timer = **due;
            disarm(timer);
            timer.fire(timer);
        }
    }

    uint64_t now_ns_ = 1;
    std::deque<reactor::Task*> tasks_;
    std::vector<reactor::Timer*> timers_;
};

// Completes when told to, in order. Keeps blocks by (volume, extent, block). What groups promise is
// kept apart, as it is no user's: it completes whenever anything is told to.
class FakeStore : public store::Store {
  public:
    using Key = std::array<uint64_t, 3>;

    explicit FakeStore(uint8_t id_byte = 1) { id_.fill(id_byte); }

    base::Status submit_write(store::WriteOp& op) override {
        if (const base::Status status = admit(); !status.ok()) {
            return status;
        }
        if (op.extent.volume != replication::group_volume) {
            writes_seen.push_back(op);
        }
        queue_of(op.extent).push_back({&op, nullptr, nullptr});
        return base::Status();
    }
    base::Status submit_read(store::ReadOp& op) override {
        if (const base::Status status = admit(); !status.ok()) {
            return status;
        }
        if (pending_.size() >= capacity) {
            return base::Status(base::Errc::busy);
        }
        queue_of(op.extent).push_back({nullptr, &op, nullptr});
        return base::Status();
    }
    base::Status submit_scan(store::ScanOp& op) override {
        promises_.push_back({nullptr, nullptr, &op});
        return base::Status();
    }
    base::Status submit_delete(DeleteOp&) override { return base::Status(base::Errc::closed); }
    base::Status start_scrub(uint64_t) override { return base::Status(base::Errc::closed); }
    void stop_scrub() override {}
    void close(reactor::Task& task) override { task.run(task); }
    [[nodiscard]] const store::StoreStats& stats() const override { return stats_now; }
    [[nodiscard]] store::Durability durability() const override { return store::Durability::none; }
    [[nodiscard]] const base::Uuid& id() const override { return id_; }
    [[nodiscard]] base::Version last_version() const override { return replayed_version; }

    [[nodiscard]] size_t pending() const { return pending_.size(); }
    void complete_one() {
        complete_promises();
        finish_first(pending_);
    }
    void complete_promises() {
        while (!promises_.empty()) {
            finish_first(promises_);
        }
    }
    void complete_all() {
        complete_promises();
        while (!pending_.empty()) {
            complete_one();
        }
    }

    uint32_t capacity = 1024;   // Operations in flight before it says busy to a read.
    base::Status refuse_with;   // Refuses submissions with it.
    base::Status fail_with;     // Fails completions with it.
    uint32_t failed_block = 0;  // What a failed read names.
    base::Version replayed_version;
    store::StoreStats stats_now = roomy();
    std::vector<store::WriteOp> writes_seen;
    std::map<Key, std::vector<uint8_t>> blocks;

  private:
    struct Pending {
        store::WriteOp* write;
        store::ReadOp* read;
        store::ScanOp* scan;
    };
    using Queue = std::deque<Pending>;

    static store::StoreStats roomy() {
        store::StoreStats stats;
        stats.capacity_bytes = uint64_t{1} << 40;
        return stats;
    }
    static Key key_of(const base::ExtentId& extent, uint32_t block) {
        const bool state = extent.volume == replication::group_volume;
        const uint64_t high = state ? uint64_t{extent.pg.value} << 32 : 0;
        return {extent.volume.value, high | extent.index, block};
    }
    std::map<Key, std::vector<uint8_t>>& map_of(const base::ExtentId& extent) {
        return extent.volume == replication::group_volume ? state_ : blocks;
    }
    Queue& queue_of(const base::ExtentId& extent) {
        return extent == replication::promise_extent(extent.pg) ? promises_ : pending_;
    }
    void finish_first(Queue& queue) {
        const auto [write, read, scan] = queue.front();
        queue.pop_front();
        if (write != nullptr) {
            finish(*write);
        } else if (read != nullptr) {
            finish(*read);
        } else {
            scan->over = true;
            scan->done(*scan, base::Status());
        }
    }
    base::Status admit() { return refuse_with; }
    void finish(store::WriteOp& op) {
        for (uint32_t index = 0; fail_with.ok() && index < op.block_count; ++index) {
            const Key key = key_of(op.extent, op.first_block + index);
            if (op.data == nullptr) {
                map_of(op.extent).erase(key);
                continue;
            }
            const uint8_t* data = op.data + size_t{index} * 4096;
            if (base::crc32c(data, 4096) != op.block_crcs[index]) {
                std::abort();
            }
            map_of(op.extent)[key].assign(data, data + 4096);
        }
        op.done(op, fail_with);
    }
    void finish(store::ReadOp& op) {
        const auto& held = map_of(op.extent);
        for (uint32_t index = 0; index < op.block_count; ++index) {
            const auto found = held.find(key_of(op.extent, op.first_block + index));
            uint8_t* data = op.data + size_t{index} * 4096;
            if (found == held.end()) {
                std::memset(data, 0, 4096);
            } else {
                std::copy(found->second.begin(), found->second.end(), data);
            }
        }
        op.failed_block = failed_block;
        op.done(op, fail_with);
    }

    base::Uuid id_{};
    Queue pending_;
    Queue promises_;
    std::map<Key, std::vector<uint8_t>> state_;
};

}  // namespace test
