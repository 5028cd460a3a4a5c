// Makes checkpoints: pages first, then where they lie, then the superblocks that name it.
//
//   idle ──begin()──▶ flushing ──all pages have images──▶ saving ──written──▶ syncing
//    ▲                   ▲  └──────── no space ◀────────────┘                   │ durable
//    │                   │                                                      ▼
//    └── both name it ───┼── naming second ◀── the first superblock names it ── naming first
//
// Pages are written while everything goes on; what changes meanwhile is in the log behind the
// checkpoint's place. Only from `saving` on pages get no new images, until the superblocks name it.
// Then segments that were dead when it began are free: no recovery will read them any more.
//
// Thread: the store's. Lifetime: ends when idle().
#pragma once

#include <vector>

#include "store/checkpoint_writer.h"
#include "store/eraser.h"
#include "store/page_writer.h"
#include "store/recounter.h"
#include "store/superblock_format.h"

namespace store {

enum class CheckpointState : uint8_t {
    idle,
    flushing,
    saving,
    syncing,
    naming_first,
    naming_second
};

[[nodiscard]] constexpr bool may_move(CheckpointState from, CheckpointState to) {
    switch (from) {
        case CheckpointState::idle:
            return to == CheckpointState::flushing;
        case CheckpointState::flushing:
            return to == CheckpointState::saving || to == CheckpointState::idle;
        case CheckpointState::saving:
            return to == CheckpointState::syncing || to == CheckpointState::naming_first ||
                   to == CheckpointState::idle;
        case CheckpointState::syncing:
            return to == CheckpointState::naming_first || to == CheckpointState::idle;
        case CheckpointState::naming_first:
            return to == CheckpointState::naming_second || to == CheckpointState::idle;
        case CheckpointState::naming_second:
            return to == CheckpointState::idle;
    }
    return false;
}

// Where the log goes on behind what has been acknowledged.
struct LogPosition {
    uint32_t segment = Segments::none;
    uint32_t block = 0;
    uint64_t segment_sequence = 0;  // none: of the first segment that may hold it.
    uint64_t next_sequence = 0;
    uint64_t incarnation = 0;
    base::Version last_version;
    uint64_t log_bytes = 0;  // Sent before it, since opening.
    bool clean = false;
};

class Checkpointer final : CheckpointWriter::Client {
  public:
    struct Listener {
        // It is over: done, or for want of space (then it may be tried again), or the device
        // failed.
        virtual void checkpoint_over(base::Status status) = 0;
        [[nodiscard]] virtual uint64_t durable_through() const = 0;

      protected:
        ~Listener() = default;
    };
    struct Parts {
        Device& device;
        bool flushes;  // The device has a cache to be flushed.
        Index& index;
        Segments& segments;
        IndexSpace& space;
        PageWriter& pages;
        Eraser& eraser;
        Recounter& recounter;
        StoreStats& stats;
    };

    Checkpointer(const Parts& parts, const Superblock& super, Listener& listener);

    // Requires: idle().
    void begin(const LogPosition& position);
    // Told by the page writer.
    void pages_written();
    // The device has failed: nothing more is begun.
    void give_up();
    [[nodiscard]] bool idle() const { return state_ == CheckpointState::idle; }
    // Recovery: the blocks of the checkpoint that was read.
    void restored(const std::vector<CheckpointWriter::Blocks>& blocks) { current_ = blocks; }

    // Of the last one: its number, and the log's bytes before it.
    [[nodiscard]] uint64_t number() const { return super_.checkpoint; }
    [[nodiscard]] uint64_t log_bytes() const { return log_bytes_; }
    // Blocks that the next one's roots and bodies take, about.
    [[nodiscard]] uint64_t blocks_needed() const;

  private:
    void advance(CheckpointState to);
    void checkpoint_written(base::Status status) override;
    void synced(base::Status status);
    void name(CheckpointState state);
    void first_named(base::Status status);
    void second_named(base::Status status);
    void release(const std::vector<CheckpointWriter::Blocks>& blocks);
    void end(base::Status status);

    Parts parts_;
    Superblock super_;
    Listener& listener_;
    CheckpointState state_ = CheckpointState::idle;
    CheckpointWriter writer_;
    DeviceStep<Checkpointer> step_;
    Pages page_;
    LogPosition position_;
    std::vector<uint32_t> dead_;                     // As this one began.
    std::vector<CheckpointWriter::Blocks> current_;  // Of the one the superblocks name.
    uint64_t log_bytes_ = 0;
    bool given_up_ = false;
};

}  // namespace store
