// Opens a store: superblocks, the checkpoint, replay of what is behind it, a flush, the log's
// sealing; then the store is handed over.
//
// Thread: the store's. Lifetime: its own, from Store::open() until `done` has been called.
#pragma once

#include "store/checkpoint_reader.h"
#include "store/log_replay.h"
#include "store/store.h"
#include "store/superblocks.h"

namespace store {

class Opening final : public LogReplay::Client,
                      public CheckpointReader::Client,
                      public LogStore::Ready {
  public:
    Opening(Device& device,
            reactor::Executor& executor,
            const StoreOptions& options,
            Store::Opened& opened);
    void start();

  private:
    struct EndTask : reactor::Task {
        Opening* opening = nullptr;
    };

    void first_read(base::Status status);
    void second_read(base::Status status);
    void repair(base::Status status);
    void checkpoint_read(base::Status status, std::string problem) override;
    void replayed(base::Status status, const LogEnd& end, std::string problem) override;
    void flushed(base::Status status);
    void store_ready(base::Status status) override;
    void end(base::Status status, std::string problem);
    void hand_over();

    Device& device_;
    reactor::Executor& executor_;
    StoreOptions options_;
    Store::Opened& opened_;
    DeviceStep<Opening> step_;
    Pages pages_;
    Superblocks found_;
    bool unreadable_ = false;  // A superblock could not be read.
    Durability durability_ = Durability::flush;
    std::unique_ptr<LogStore> store_;
    std::unique_ptr<CheckpointReader> checkpoint_;
    std::unique_ptr<LogReplay> replay_;
    LogEnd log_end_;
    bool started_ = false;
    base::Status status_;
    EndTask end_task_;
};

// The first broken rule of the options, or null.
[[nodiscard]] const char* invalid(const StoreOptions& options);

}  // namespace store
