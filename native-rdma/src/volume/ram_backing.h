// A namespace in memory: for measuring the target alone, and for its tests.
//
// Thread: a region is shared by the backings of all reactors; each backing is one reactor's.
// Lifetime: the region outlives its backings, a backing its operations.
#pragma once

#include <cstdint>
#include <memory>

#include "reactor/executor.h"
#include "volume/backing.h"
#include "volume/meter.h"

namespace volume {

// Zeroed memory that costs nothing until it is written.
class RamRegion {
  public:
    // Fails with io_error (detail: errno).
    static base::Result<std::unique_ptr<RamRegion>> create(uint64_t block_count);
    ~RamRegion();
    RamRegion(const RamRegion&) = delete;
    RamRegion& operator=(const RamRegion&) = delete;

    [[nodiscard]] uint64_t block_count() const { return block_count_; }
    [[nodiscard]] uint8_t* block(uint64_t index) const;

  private:
    RamRegion(uint8_t* base, uint64_t block_count) : base_(base), block_count_(block_count) {}
    uint8_t* base_;
    uint64_t block_count_;
};

class RamBacking final : public Backing {
  public:
    // `meter` may be null.
    RamBacking(RamRegion& region, reactor::Executor& executor, Meter* meter = nullptr)
        : region_(region), executor_(executor), meter_(meter) {}

    [[nodiscard]] uint64_t block_count() const override { return region_.block_count(); }
    [[nodiscard]] base::Status submit(Op& op) override;

  private:
    static void finish(reactor::Task& task);
    RamRegion& region_;
    reactor::Executor& executor_;
    Meter* meter_;
};

}  // namespace volume
