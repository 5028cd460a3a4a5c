// Copies what is still alive out of one segment after the other, so that they become free.
//
//   idle ──start()──▶ reading ──▶ sorting ◀──page read── waiting
//    ▲                   ▲           │ └──page is away──▶──┘
//    └──end of segment───┼───────────┤
//                        └──landed── writing
//
// Moved blocks go to segments of their own, apart from what hosts write: what outlived one segment
// is likely to outlive the next. A move is not in the log: it is a change of the index, durable
// with the next checkpoint, and until then the block is still where it was.
//
// A block whose bytes do not match its checksum is moved as it is, so that it is still found out.
//
// Thread: the store's. Lifetime: ends when idle().
#pragma once

#include <memory>
#include <vector>

#include "reactor/executor.h"
#include "store/batch_reader.h"
#include "store/batch_writer.h"
#include "store/page_loader.h"
#include "store/segments.h"
#include "store/store.h"

namespace store {

enum class CompactionState : uint8_t { idle, reading, sorting, waiting, writing };

[[nodiscard]] constexpr bool may_move(CompactionState from, CompactionState to) {
    switch (from) {
        case CompactionState::idle:
            return to == CompactionState::reading;
        case CompactionState::reading:
            return to == CompactionState::sorting || to == CompactionState::idle;
        case CompactionState::sorting:
            return to == CompactionState::reading || to == CompactionState::waiting ||
                   to == CompactionState::writing || to == CompactionState::idle;
        case CompactionState::waiting:
        case CompactionState::writing:
            return to == CompactionState::sorting || to == CompactionState::idle;
    }
    return false;
}

class Compactor {
  public:
    struct Client {
        // Whether the next segment may be taken for moved blocks.
        [[nodiscard]] virtual bool may_take_segment() = 0;
        // Whether to go on: if not, kick() will.
        [[nodiscard]] virtual bool may_go_on() = 0;
        // A segment has been gone through. busy: it was left, as no segment may be taken; no_space:
        // as the file system is full.
        virtual void compacted(uint32_t segment, base::Status status) = 0;
        virtual void compaction_failed(base::Status status) = 0;

      protected:
        ~Client() = default;
    };
    struct Parts {
        Device& device;
        reactor::Executor& executor;
        const base::Uuid& store_id;
        Index& index;
        Segments& segments;
        PageLoader& loader;
        StoreStats& stats;
        StoreObserver* observer;
    };

    Compactor(const Parts& parts, Client& client);
    ~Compactor();
    Compactor(const Compactor&) = delete;
    Compactor& operator=(const Compactor&) = delete;

    // Requires: idle(), the segment is settled.
    void start(uint32_t segment);
    // What it waits for may have come.
    void kick();
    void stop();
    [[nodiscard]] bool idle() const { return state_ == CompactionState::idle; }
    // Whether some blocks can be moved before the next segment is taken.
    [[nodiscard]] bool target_has_room() const {
        return target_ != Segments::none && target_block_ + 2 <= layout_.segment_blocks();
    }
    // The segment it is at.
    [[nodiscard]] uint32_t victim() const { return victim_; }

  private:
    static constexpr uint32_t window_blocks = batch_blocks_max;

    // Neighbours that stay neighbours.
    struct Run {
        WriteOp op;  // As the batch's entry names it.
        Place from = 0;
    };
    struct Io : DeviceIo {
        Compactor* compactor = nullptr;
    };
    struct Wait : PageWaiter {
        Compactor* compactor = nullptr;
    };
    struct Retry : reactor::Timer {
        Compactor* compactor = nullptr;
    };
    struct Ahead : PageWaiter {};
    struct Turn : reactor::Task {
        Compactor* compactor = nullptr;
    };

    void advance(CompactionState to);
    void read_window();
    void read_blocks(uint32_t first, uint32_t count);
    void window_read(base::Status status);
    void block_read(base::Status status);
    void turn();
    void sort();
    [[nodiscard]] bool begin_batch();
    [[nodiscard]] bool sort_entry(const BatchReader& batch, const BatchEntry& entry);
    void add(const BatchReader& batch, const BatchEntry& entry, Place from, uint32_t crc);
    void verify(const Run& run, const uint8_t* data, uint32_t crc);
    void fetch_ahead(const BatchReader& batch);
    [[nodiscard]] bool full() const;
    void write();
    void written(base::Status status);
    void apply();
    void forget_runs();
    void give_up(base::Status status);
    void over(base::Status status);

    Parts parts_;
    Client& client_;
    CompactionState state_ = CompactionState::idle;
    bool stopped_ = false;
    Layout layout_;
    uint32_t victim_ = Segments::none;

    Pages window_;
    uint32_t window_first_ = 0;
    uint32_t window_count_ = 0;
    uint32_t one_by_one_ = 0;  // The block of the window that is read alone; its count: none is.
    uint32_t attempts_ = 0;    // To read it.
    uint32_t unreadable_ = 0;  // Of the window.
    // Where it is: a batch of the victim, an entry of it, a block of that.
    uint32_t block_ = 0;
    bool in_batch_ = false;
    uint32_t entry_ = 0;
    uint32_t entry_block_ = 0;
    uint32_t data_block_ = 0;

    // What is to be written next.
    Pages header_pages_;  // A segment's header, then the batch's.
    BatchWriter header_;
    std::vector<Run> runs_;
    std::vector<uint32_t> crcs_;
    uint32_t blocks_ = 0;
    std::vector<iovec> vector_;
    bool holding_ = false;

    // Where it goes.
    uint32_t target_ = Segments::none;
    uint32_t target_block_ = 0;
    uint64_t target_blocks_moved_ = 0;
    uint32_t write_block_ = 0;
    uint64_t batches_ = 0;

    Io io_;
    iovec window_part_{};
    Wait wait_;
    Ahead ahead_[32];
    Retry retry_;
    Turn turn_;
};

}  // namespace store
