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
    void arm(reactor::Timer&, uint64_t) override { std::abort(); }
    void disarm(reactor::Timer&) override {}
    [[nodiscard]] uint64_t now_ns() const override { return 0; }

    void turn_until_idle() {
        while (!tasks_.empty()) {
            reactor::Task* task = tasks_.front();
            tasks_.pop_front();
            task->queued = false;
            task->run(*task);
        }
    }

  private:
    std::deque<reactor::Task*> tasks_;
};

// Completes when told to, in order. Keeps blocks by (volume, extent, block).
class FakeStore : public store::Store {
  public:
    using Key = std::array<uint64_t, 3>;

    explicit FakeStore(uint8_t id_byte = 1) { id_.fill(id_byte); }

    base::Status submit_write(store::WriteOp& op) override {
        if (const base::Status status = admit(); !status.ok()) {
            return status;
        }
        writes_seen.push_back(op);
        pending_.push_back({&op, nullptr});
        return base::Status();
    }
    base::Status submit_read(store::ReadOp& op) override {
        if (const base::Status status = admit(); !status.ok()) {
            return status;
        }
        pending_.push_back({nullptr, &op});
        return base::Status();
    }
    base::Status submit_scan(store::ScanOp&) override { return base::Status(base::Errc::closed); }
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
        auto [write, read] = pending_.front();
        pending_.pop_front();
        write != nullptr ? finish(*write) : finish(*read);
    }
    void complete_all() {
        while (!pending_.empty()) {
            complete_one();
        }
    }

    uint32_t capacity = 1024;   // Operations in flight before it says busy.
    base::Status refuse_with;   // Refuses submissions with it.
    base::Status fail_with;     // Fails completions with it.
    uint32_t failed_block = 0;  // What a failed read names.
    base::Version replayed_version;
    store::StoreStats stats_now;
    std::vector<store::WriteOp> writes_seen;
    std::map<Key, std::vector<uint8_t>> blocks;

  private:
    struct Pending {
        store::WriteOp* write;
        store::ReadOp* read;
    };
    base::Status admit() {
        if (!refuse_with.ok()) {
            return refuse_with;
        }
        return pending_.size() < capacity ? base::Status() : base::Status(base::Errc::busy);
    }
    void finish(store::WriteOp& op) {
        for (uint32_t index = 0; fail_with.ok() && index < op.block_count; ++index) {
            const Key key{op.extent.volume.value, op.extent.index, op.first_block + index};
            if (op.data == nullptr) {
                blocks.erase(key);
                continue;
            }
            const uint8_t* data = op.data + size_t{index} * 4096;
            if (base::crc32c(data, 4096) != op.block_crcs[index]) {
                std::abort();
            }
            blocks[key].assign(data, data + 4096);
        }
        op.done(op, fail_with);
    }
    void finish(store::ReadOp& op) {
        for (uint32_t index = 0; index < op.block_count; ++index) {
            const auto found =
                blocks.find(Key{op.extent.volume.value, op.extent.index, op.first_block + index});
            uint8_t* data = op.data + size_t{index} * 4096;
            if (found == blocks.end()) {
                std::memset(data, 0, 4096);
            } else {
                std::copy(found->second.begin(), found->second.end(), data);
            }
        }
        op.failed_block = failed_block;
        op.done(op, fail_with);
    }

    base::Uuid id_{};
    std::deque<Pending> pending_;
};

}  // namespace test
