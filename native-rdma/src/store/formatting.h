// Makes an empty device a store: every segment's header, then the superblocks.
//
// The superblocks come last: a format cut short leaves a device that still counts as empty.
//
// Thread: the store's. Lifetime: its own, from Store::format() until `done` has been called.
#pragma once

#include <string>

#include "reactor/executor.h"
#include "store/device_step.h"
#include "store/pages.h"
#include "store/segment_sweep.h"
#include "store/store.h"

namespace store {

class Formatting final : public SegmentSweep::Client {
  public:
    Formatting(Device& device,
               reactor::Executor& executor,
               const StoreOptions& options,
               Store::Opened& opened);
    void start();

  private:
    struct EndTask : reactor::Task {
        Formatting* formatting = nullptr;
    };

    void head_read(base::Status status);
    bool visit(uint32_t segment, uint8_t* block) override;
    void swept(base::Status status) override;
    void headers_flushed(base::Status status);
    void first_written(base::Status status);
    void second_written(base::Status status);
    void end(base::Status status, std::string problem);

    Device& device_;
    reactor::Executor& executor_;
    StoreOptions options_;
    Store::Opened& opened_;
    DeviceStep<Formatting> step_;
    Pages pages_;
    Superblock super_{};
    std::unique_ptr<SegmentSweep> sweep_;
    base::Status status_;
    EndTask end_task_;
};

}  // namespace store
