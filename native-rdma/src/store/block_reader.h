// Reads blocks: finds them, reads neighbours in one go, verifies every checksum.
//
// What a read finds in the index when it is submitted is what it returns, or damage: the segments
// it reads from are pinned until it is done, and the log never writes where something lies.
//
// Thread: the store's.
#pragma once

#include <memory>
#include <vector>

#include "reactor/executor.h"
#include "store/device.h"
#include "store/page_loader.h"
#include "store/segments.h"
#include "store/store.h"

namespace store {

// What reading stands on.
struct ReaderParts {
    Device& device;
    reactor::Executor& executor;
    uint32_t pieces_max;
    Index& index;
    PageLoader& loader;
    Segments& segments;
    StoreStats& stats;
};

class BlockReader {
  public:
    struct Listener {
        // A read is over: segments may have come free, and the reader may be idle.
        virtual void read_over() = 0;

      protected:
        ~Listener() = default;
    };

    BlockReader(const ReaderParts& parts, Listener& listener);
    ~BlockReader();
    BlockReader(const BlockReader&) = delete;
    BlockReader& operator=(const BlockReader&) = delete;

    // Fails with busy when the pieces might not suffice.
    [[nodiscard]] base::Status submit(ReadOp& op);
    [[nodiscard]] bool idle() const { return in_flight_ == 0; }

  private:
    // Neighbouring blocks on the device, read into neighbouring memory.
    struct Piece : DeviceIo {
        BlockReader* reader = nullptr;
        ReadOp* op = nullptr;
        Piece* next_free = nullptr;
        iovec memory{};
        Place place = 0;
        uint32_t first_block = 0;  // In the extent.
        uint32_t count = 0;
        uint32_t crcs[blocks_per_op_max];  // As the index had them: it may have moved on since.
    };
    struct ZeroTask : reactor::Task {
        BlockReader* reader = nullptr;
    };

    void start(ReadOp& op);
    void resume(ReadOp& op, base::Status status);
    Piece* append(ReadOp& op, Piece* piece, uint32_t block, Place place, uint32_t crc);
    void note_damage(ReadOp& op, uint32_t block);
    void send(Piece& piece);
    void piece_done(Piece& piece, base::Status status);
    void verify(Piece& piece);
    void finish(ReadOp& op);
    void finish_later(ReadOp& op);
    void finish_zeroes();

    ReaderParts parts_;
    Listener& listener_;
    uint32_t in_flight_ = 0;
    std::unique_ptr<Piece[]> pieces_;
    Piece* free_ = nullptr;
    uint32_t free_count_ = 0;
    uint32_t promised_ = 0;  // Of the free ones, to reads that wait for a page of the index.
    base::IntrusiveList<ReadOp> zeroes_;  // Nothing to read: done at the end of the turn.
    ZeroTask zero_task_;
};

}  // namespace store
