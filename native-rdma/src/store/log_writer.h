// Appends to the log: gathers what waits into batches, writes them, acknowledges in log order.
//
//                   ┌──────────────── a new operation ───────────────┐
//                   ▼                                                │
//     idle ──▶ sealing ──sealed──▶ writing ──no space──▶ draining ──▶ stalled
//                   └────────────no space─────────────────────────────▲
//     any ──a write failed──▶ failed
//
// sealing: the log's end was found (opening) or moved back (a full file system took a batch away).
// Segments behind the end are marked free, then an empty batch of a higher incarnation is made
// durable at the end, so that nothing written behind it before can ever follow again.
//
// Thread: the store's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "reactor/executor.h"
#include "store/checkpointer.h"
#include "store/log_batch.h"
#include "store/reclaimer.h"

namespace store {

enum class LogState : uint8_t { idle, sealing, writing, draining, stalled, failed };

[[nodiscard]] constexpr bool may_move(LogState from, LogState to) {
    switch (from) {
        case LogState::idle:
            return to == LogState::sealing;
        case LogState::sealing:
            return to == LogState::writing || to == LogState::draining || to == LogState::stalled ||
                   to == LogState::failed;
        case LogState::writing:
            return to == LogState::draining || to == LogState::failed;
        case LogState::draining:
            return to == LogState::stalled || to == LogState::failed;
        case LogState::stalled:
            return to == LogState::sealing || to == LogState::failed;
        case LogState::failed:
            return false;
    }
    return false;
}

// Where recovery found the log's end.
struct LogEnd {
    LogHead head;
    uint64_t next_sequence = 1;
    uint64_t incarnation = 0;  // Of the last batch.
    base::Version last_version;
    uint64_t log_bytes = 0;  // Replayed.
    bool clean = false;      // The last batch was a clean end.
};

// Whether an operation may go into the log now. `wait`: the log is told by kick() when to ask
// again.
struct Admission {
    enum class Answer : uint8_t { yes, wait, full };
    // One that was let in is settled() when it has been applied, or has failed.
    [[nodiscard]] virtual Answer admit(const WriteOp& op) = 0;
    virtual void settled(const WriteOp& op) = 0;
    // Whether the log may go on in another segment, for data or only for what makes room.
    [[nodiscard]] virtual Answer admit_segment(bool data) = 0;

  protected:
    ~Admission() = default;
};

// What the log stands on.
struct LogParts {
    Device& device;
    reactor::Executor& executor;
    Layout layout;
    base::Uuid store_id;
    DeviceVerb write_verb;  // write, or write_durable.
    uint32_t batches_in_flight_max;
    Segments& segments;
    Index& index;
    Reclaimer& reclaimer;
    Admission& admission;
    StoreStats& stats;
};

class LogWriter final : public Reclaimer::Listener {
  public:
    // Told when the first sealing is over (also when it stalled: then reads are served) and when
    // the log has come to rest after close().
    struct Listener {
        virtual void log_ready(base::Status status) = 0;
        virtual void log_closed() = 0;
        // Batches were acknowledged, segments became free, or the device failed.
        virtual void log_moved() = 0;

      protected:
        ~Listener() = default;
    };

    LogWriter(const LogParts& parts, Listener& listener);
    ~LogWriter();
    LogWriter(const LogWriter&) = delete;
    LogWriter& operator=(const LogWriter&) = delete;

    void start(const LogEnd& end);
    void submit(WriteOp& op);
    void submit(Store::DeleteOp& op);
    // Finishes what is in flight, then writes a clean end.
    void close();

    // What made it wait may be over.
    void kick() { schedule(); }
    // The device failed elsewhere.
    void latch();

    [[nodiscard]] bool failed() const { return state_ == LogState::failed; }
    [[nodiscard]] bool waiting() { return !writes_.empty() || !deletes_.empty(); }
    [[nodiscard]] bool any_in_flight() const { return !in_flight_.empty(); }
    // Behind what is acknowledged.
    [[nodiscard]] LogPosition position();
    [[nodiscard]] uint64_t log_bytes() const { return log_bytes_; }
    [[nodiscard]] base::Version last_version() const { return end_.last_version; }

    [[nodiscard]] uint64_t durable_through() const override { return durable_through_; }
    void reclaimed() override;
    void reclaim_failed(base::Status status) override;

  private:
    struct SendTask : reactor::Task {
        LogWriter* writer = nullptr;
    };

    void advance(LogState to);
    void schedule();
    void turn();

    void seal();
    void stall();
    void rewind();
    void fail();

    void send();
    [[nodiscard]] bool waits(uint64_t last);
    [[nodiscard]] bool send_one();
    [[nodiscard]] bool write_first();
    [[nodiscard]] uint32_t room() const;
    [[nodiscard]] uint32_t share() const;
    void gather(LogBatch& batch);
    LogBatch& begin_batch();
    void send_empty(uint32_t flags);
    void send_batch(LogBatch& batch, uint32_t flags);
    void finish_header(LogBatch& batch, uint32_t first_block);

    void landed(LogBatch& batch, base::Status status);
    [[nodiscard]] bool all_landed();
    void acknowledge();
    void apply(LogBatch& batch);
    void complete(LogBatch& batch, base::Status status);
    [[nodiscard]] bool obtain_segment(bool data);
    void drop_landed();
    void refuse_first(base::Status status);
    void refuse_waiting(base::Status status);
    void tell_ready(base::Status status);
    void settle();

    LogParts parts_;
    Listener& listener_;
    LogState state_ = LogState::idle;
    LogEnd end_;
    uint64_t durable_through_ = 0;
    uint64_t acknowledged_incarnation_ = 0;
    base::Version acknowledged_version_;
    bool acknowledged_clean_ = false;
    uint32_t next_segment_ = no_segment;  // For the closing batch that is being sent.
    uint64_t log_bytes_ = 0;              // Sent, with what was replayed.
    uint64_t tickets_ = 0;                // Order of arrival, over writes and deletions.
    bool ready_told_ = false;
    bool closing_ = false;
    bool clean_end_sent_ = false;
    bool closed_told_ = false;

    std::vector<std::unique_ptr<LogBatch>> batches_;
    base::IntrusiveList<LogBatch> free_;
    base::IntrusiveList<LogBatch> in_flight_;  // In log order.
    base::IntrusiveList<WriteOp> writes_;
    base::IntrusiveList<Store::DeleteOp> deletes_;
    SendTask task_;
};

}  // namespace store
