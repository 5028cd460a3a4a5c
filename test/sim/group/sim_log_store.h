// A store of one process in front of a SimDisk: writes are durable in their order, after a while.
//
// Thread: the process's executor. Lifetime: end() first.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>

#include "group_world.h"
#include "sim_disk.h"
#include "store/store.h"

namespace test {

class SimLogStore final : public store::Store {
  public:
    SimLogStore(GroupWorld& world, SimExecutor& executor, SimDisk& disk);
    ~SimLogStore() override;

    [[nodiscard]] base::Status submit_write(store::WriteOp& op) override;
    [[nodiscard]] base::Status submit_read(store::ReadOp& op) override;
    [[nodiscard]] base::Status submit_scan(store::ScanOp& op) override;
    [[nodiscard]] base::Status submit_delete(DeleteOp& op) override;
    [[nodiscard]] base::Status start_scrub(uint64_t bytes_per_second) override;
    void stop_scrub() override {}
    void close(reactor::Task& task) override;
    [[nodiscard]] const store::StoreStats& stats() const override;
    [[nodiscard]] store::Durability durability() const override { return store::Durability::flush; }
    [[nodiscard]] const base::Uuid& id() const override { return id_; }
    [[nodiscard]] base::Version last_version() const override { return last_version_; }

    // Everything from now on fails, and what is under way comes back; the disk is not touched.
    void end();

  private:
    void later(uint64_t delay_ns, std::function<void()> what);
    void write_landed();
    void read_landed(store::ReadOp& op);
    void scan_landed(store::ScanOp& op);
    void copy(const store::ReadOp& op, uint32_t index);
    [[nodiscard]] bool full() const;

    GroupWorld& world_;
    SimExecutor& executor_;
    SimDisk& disk_;
    base::Uuid id_{};
    base::Version last_version_;
    mutable store::StoreStats stats_;
    std::deque<store::WriteOp*> writes_;
    std::set<store::ReadOp*> reads_;
    uint32_t scans_ = 0;
    uint64_t write_due_ns_ = 0;  // Of the last one: they land in their order.
    bool ended_ = false;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace test
