// Replays the log behind a checkpoint into a store's index and finds the log's end.
//
// Segments that the checkpoint's pages refer to are taken on as they are: nothing in them is read,
// and a damaged header of one of them is of no consequence.
//
// The end is the first batch that is not whole. What was acknowledged before the last batch was
// written is known from the headers (durable_through): damage there is not the log's end but a
// damaged store, and is refused.
//
// Thread: the store's. Lifetime: until replayed() has been called.
#pragma once

#include <string>
#include <vector>

#include "store/batch_reader.h"
#include "store/checkpoint_format.h"
#include "store/device_step.h"
#include "store/log_store.h"
#include "store/pages.h"
#include "store/segment_format.h"
#include "store/segment_sweep.h"

namespace store {

class LogReplay final : SegmentSweep::Client {
  public:
    struct Client {
        // With corrupt, `problem` is a sentence.
        virtual void replayed(base::Status status, const LogEnd& end, std::string problem) = 0;

      protected:
        ~Client() = default;
    };

    LogReplay(Device& device, LogStore& store, RecoveryProgress& progress, Client& client);
    // `checkpoint` null: the whole log.
    void start(const CheckpointRoot* checkpoint);

  private:
    static constexpr uint64_t any_sequence = 0;
    // A segment that says it holds log; any_sequence: one that only should.
    struct Found {
        uint32_t segment = 0;
        uint64_t sequence = 0;
        uint64_t first_log_sequence = 0;
    };

    bool visit(uint32_t segment, uint8_t* block) override;
    void adopt(uint32_t segment, const SegmentHeader& header);
    void swept(base::Status status) override;
    [[nodiscard]] bool begins_here() const;
    void next_segment();
    void load();
    void loaded(base::Status status);
    void replay();
    [[nodiscard]] bool ours(const uint8_t* store_id) const;
    [[nodiscard]] bool follows(const BatchReader& batch) const;
    void apply(const BatchReader& batch);
    void segment_ended();
    void look_where_expected();
    void look_for_later();
    void take_doubtful(uint64_t durable_through);
    void finish();
    void damaged();
    void fail(std::string problem);

    LogStore& store_;
    RecoveryProgress& progress_;
    Client& client_;
    SegmentSweep sweep_;
    DeviceStep<LogReplay> step_;
    Layout layout_;
    std::string problem_;

    std::vector<Found> found_;        // In the log's order.
    uint64_t start_sequence_ = 1;     // Of the first segment with log behind the checkpoint,
    LogHead start_;                   // and where in it, if it was begun then.
    uint64_t durable_through_ = 0;    // As the segments' headers know.
    size_t current_ = 0;              // In found_.
    size_t in_log_ = 0;               // Of found_, once the end is found: those before it.
    uint32_t block_ = 0;              // In the current segment: the next batch's first.
    bool open_ = false;               // The current segment has not been closed by a batch.
    bool clean_ = false;              // The last batch was a clean end.
    uint32_t expected_ = no_segment;  // Where the log goes on behind a closed segment.
    bool doubtful_ = false;           // The end is a batch of which only data is not whole.
    bool looking_ = false;            // The end is found: is there anything that denies it?
    LogEnd end_;

    uint32_t crcs_[batch_data_blocks_max] = {};  // Of one entry's blocks.
    Pages window_;
    uint32_t window_blocks_ = 0;  // Capacity.
    uint32_t window_first_ = 0;   // In the current segment.
    uint32_t window_count_ = 0;
};

}  // namespace store
