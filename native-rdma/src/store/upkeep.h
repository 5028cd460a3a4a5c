// What a store does on its own: checkpoints, compaction, giving back what was deleted, counting
// anew after damage, and making room in the index's memory; and, since it knows what there is room
// for, who may write.
//
// Segments kept free, from the last one on:
//   - for the index: what a checkpoint of all dirty pages takes;
//   - two for compaction: it can always finish what frees more than it takes;
//   - one for deallocations and deletions.
// Data gets the others. While room can be made writes wait; when none can, the store is full.
//
// Thread: the store's. Lifetime: ends when idle().
#pragma once

#include <vector>

#include "store/checkpointer.h"
#include "store/compactor.h"
#include "store/index_mover.h"
#include "store/log_writer.h"
#include "store/recounter.h"

namespace store {

class Upkeep final : public Admission,
                     PageLoader::Listener,
                     PageWriter::Listener,
                     Eraser::Listener,
                     Checkpointer::Listener,
                     IndexMover::Client,
                     Recounter::Client,
                     Compactor::Client {
  public:
    struct Parts {
        Device& device;
        reactor::Executor& executor;
        const base::Uuid& store_id;
        const StoreOptions& options;
        Durability durability;
        Index& index;
        Segments& segments;
        Reclaimer& reclaimer;
        StoreStats& stats;
    };
    struct Listener {
        // Some of it has come to rest; see idle().
        virtual void upkeep_rests() = 0;

      protected:
        ~Listener() = default;
    };

    Upkeep(const Parts& parts, const Superblock& super, Listener& listener);
    ~Upkeep();

    // Recovery is over; `checkpoint` was read.
    void start(LogWriter& log, const std::vector<CheckpointWriter::Blocks>& checkpoint);
    // The log has moved on, or has failed.
    void log_moved();
    // Ends everything: with a last checkpoint when that is possible and of use.
    void close();
    [[nodiscard]] bool idle() const;

    [[nodiscard]] PageLoader& loader() { return loader_; }
    [[nodiscard]] uint64_t capacity_blocks() const { return capacity_blocks_; }
    [[nodiscard]] uint64_t tail_bytes() const;

    Answer admit(const WriteOp& op) override;
    void settled(const WriteOp& op) override;
    Answer admit_segment(bool data) override;

  private:
    struct Turn : reactor::Task {
        Upkeep* upkeep = nullptr;
    };
    struct IdleTimer : reactor::Timer {
        Upkeep* upkeep = nullptr;
    };

    void loader_rests() override { rest(); }
    void pages_written() override;
    void pages_stalled() override;
    void page_write_failed(base::Status status) override;
    void erased_some() override;
    void checkpoint_over(base::Status status) override;
    [[nodiscard]] uint64_t durable_through() const override { return log_->durable_through(); }
    bool may_take_segment() override;
    bool may_go_on() override;
    void compacted(uint32_t segment, base::Status status) override;
    void compaction_failed(base::Status status) override;
    void index_moved() override { rest(); }
    [[nodiscard]] bool recount_is_urgent() const override { return waiting_; }
    void recounted() override;

    [[nodiscard]] Answer admit_when_counted();
    void schedule();
    void turn();
    [[nodiscard]] bool anything_to_do() const;
    [[nodiscard]] int64_t pace(uint64_t host_bytes) const;
    void begin_checkpoint();
    [[nodiscard]] bool checkpoint_due() const;
    void consider_compaction();
    [[nodiscard]] uint32_t choose_victim() const;
    void note_left(uint32_t segment, base::Status status);
    [[nodiscard]] bool compaction_possible();
    [[nodiscard]] bool room_can_be_made();
    [[nodiscard]] uint32_t index_reserve() const;
    [[nodiscard]] uint32_t data_reserve() const;
    [[nodiscard]] uint32_t coming_free() const;
    [[nodiscard]] bool short_of_segments() const;
    void thin_index();
    void wake();
    void end_with_checkpoint(bool possible);
    void end_pages();
    void rest();
    void fail();

    Parts parts_;
    Listener& listener_;
    LogWriter* log_ = nullptr;
    IndexSpace space_;
    PageWriter pages_;
    PageLoader loader_;
    Eraser eraser_;
    Recounter recounter_;
    Checkpointer checkpointer_;
    Compactor compactor_;
    IndexMover mover_;
    uint64_t tail_bytes_max_;
    uint64_t capacity_blocks_;

    uint64_t pending_blocks_ = 0;  // Of writes that are let in and not applied.
    uint32_t pending_pages_ = 0;
    bool uncounted_ = false;           // Somebody waits for pages to be merged.
    bool waiting_ = false;             // Somebody waits for a segment.
    bool checkpoint_refused_ = false;  // The file system had no room for it.
    bool compaction_refused_ = false;
    bool recount_given_up_ = false;  // The device gave too little.
    bool closing_ = false;
    bool stopped_ = false;
    uint32_t free_seen_ = 0;  // Segments, when it last looked.
    uint32_t dead_seen_ = 0;
    uint64_t host_bytes_seen_ = 0;
    uint64_t moved_bytes_seen_ = 0;
    uint32_t victim_live_ = 0;  // Blocks of the segment that is compacted, when it was chosen.
    int64_t allowance_ = 0;     // Bytes that compaction may move before hosts write more.
    uint64_t moved_at_ns_ = 0;  // The log; `moved_`: since the idle timer was armed.
    bool moved_ = false;
    Turn turn_;
    IdleTimer idle_timer_;
};

}  // namespace store
