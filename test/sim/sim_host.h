// The hosts of one life: submits random operations, and holds every answer against the model.
//
// Lifetime: until nothing is in flight.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "sim_faults.h"
#include "sim_world.h"
#include "store/pages.h"

namespace test {

class SimHost {
  public:
    SimHost(SimWorld& world,
            const SimFaults& faults,
            const SimExecutor& executor,
            store::Store& store)
        : world_(world), faults_(faults), executor_(executor), store_(store) {}
    ~SimHost();

    // Submits one random operation.
    void begin();
    // Submits the deletion of a volume; it is used no more.
    void begin_deletion(uint64_t volume);
    void begin_write(uint64_t volume, uint32_t first, uint32_t count);

    [[nodiscard]] uint32_t in_flight() const { return static_cast<uint32_t>(since_.size()); }
    // When the oldest operation in flight was submitted. Requires: one.
    [[nodiscard]] uint64_t oldest_ns() const;
    // Nobody listens to answers any more.
    void forget() { forgotten_ = true; }
    // The store has told of a failed device.
    [[nodiscard]] bool latched() const { return latched_; }
    // The last write that was answered had its blocks stored.
    [[nodiscard]] bool last_write_stored() const { return last_write_stored_; }

  private:
    struct Change;
    struct Deletion;
    struct Read;

    void begin_change(SimChange change);
    void begin_read(uint64_t volume, uint32_t first, uint32_t count);
    void submit(SimChange change, store::WriteOp& op);
    SimChange choose_range(uint64_t volume);
    void refused_at_once(uint64_t number, base::Status status);
    void answered(uint64_t number, base::Status status);
    void judge_failure(uint64_t number, base::Status status);
    [[nodiscard]] bool may_be_full() const;
    void check_read(const Read& op, base::Status status);
    void check_failed_read(const Read& op, base::Status status);
    [[nodiscard]] bool may_read(const Read& op, uint32_t index, uint64_t mark) const;
    void replace(uint64_t volume);

    SimWorld& world_;
    const SimFaults& faults_;
    const SimExecutor& executor_;
    store::Store& store_;
    std::map<uint64_t, uint64_t> since_;  // By the operation's number: when it was submitted.
    std::map<uint64_t, Read*> reads_;
    uint64_t sequential_ = 0;
    bool forgotten_ = false;
    bool latched_ = false;
    bool last_write_stored_ = false;
};

}  // namespace test
