// One log-structured store on one device: durable blocks, found by extent and block number.
//
// Writes gather into checksummed batches appended to the log (group commit); a write is done when
// its batch and every earlier one is durable. Reads verify the CRC32C of every block. FORMAT.md has
// the bytes. Thread: one executor. Every submit completes exactly once, never inside the call; a
// refusal is the return value and then `done` is not called.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/limits.h"
#include "base/status.h"
#include "memory/buffer_pool.h"
#include "reactor/executor.h"
#include "store/device.h"

namespace store {

inline constexpr uint32_t blocks_per_op_max =
    base::limits::transfer_bytes_max / base::limits::block_bytes;

class BlockReader;
class VersionScan;
struct IndexPage;

// Something that cannot go on before a page of the index has been read.
struct PageWaiter : base::ListLink {
    // `image`: what the device has of the page, when it was read and is still its own.
    using Resume = void (*)(PageWaiter& waiter, base::Status status, const IndexPage* image);
    Resume resume = nullptr;
};

// Stores blocks of one extent, all of them or none. With `data` null the range is deallocated: it
// reads as zeroes afterwards and costs no space (block_count may then be up to the extent's size).
struct WriteOp : base::ListLink {
    using Done = void (*)(WriteOp& op, base::Status status);
    base::ExtentId extent;
    uint32_t first_block = 0;  // In the extent.
    uint32_t block_count = 0;
    const uint8_t* data = nullptr;         // block_count x 4096 bytes, aligned, until done.
    const uint32_t* block_crcs = nullptr;  // CRC32C of each block's bytes, until done.
    base::Version version;
    base::Generation generation;
    Done done = nullptr;
    // The store's own.
    uint64_t log_sequence = 0;
};

// Reads blocks of one extent into `data`; what was never written or deallocated reads as zeroes.
// Errc::checksum_wrong: `failed_block` (in the extent) is damaged on this device.
struct ReadOp : PageWaiter {
    using Done = void (*)(ReadOp& op, base::Status status);
    base::ExtentId extent;
    uint32_t first_block = 0;
    uint32_t block_count = 0;
    uint8_t* data = nullptr;  // Aligned to 4096.
    uint16_t registered_index = memory::not_registered;
    Done done = nullptr;
    uint32_t failed_block = 0;
    // The store's own.
    BlockReader* reader = nullptr;
    uint32_t pieces_left = 0;
    base::Status status;
};

inline constexpr uint32_t scan_page_blocks = 64;

// Walks the blocks that the store holds of one PG: each step answers with one page of the index,
// and moves the cursor behind it. The order does not change: what is held all the while is given
// exactly once; what is written or erased meanwhile may be missed or given.
// Errc::checksum_wrong, device_failed: that page cannot be read, and all of its blocks count as
// held and newer. Errc::closed: the store is closing, the cursor stays.
struct ScanOp : PageWaiter {
    using Done = void (*)(ScanOp& op, base::Status status);
    base::PgId pg;
    base::Version above;  // Blocks with higher versions are told apart.
    uint64_t cursor = 0;  // The store's own; 0 begins a walk.
    Done done = nullptr;
    // The answer.
    bool over = false;  // There is no further page; the rest is not set.
    base::ExtentId extent;
    uint32_t first_block = 0;  // Of the page, in the extent.
    uint64_t held = 0;         // A bit for each of its blocks: holds data, or is damaged.
    uint64_t newer = 0;        // Of those, with a version above `above`, or damaged.
    base::Version highest;     // Of the held ones that are not damaged.
    // The store's own.
    VersionScan* scan = nullptr;
};

enum class Durability : uint8_t {
    automatic,  // Flush when the device says it has a volatile cache, none when it has not.
    flush,      // Every acknowledgement waits for stable storage.
    none,       // A completed write is taken as durable.
};

// What the store notices on its own, without a host's read. Must not block.
struct StoreObserver {
    // Scrub or compaction found a block damaged. `block` is in the extent.
    virtual void block_damaged(const base::ExtentId& extent, uint32_t block) = 0;

  protected:
    ~StoreObserver() = default;
};

struct StoreOptions {
    Durability durability = Durability::automatic;
    uint64_t segment_bytes = uint64_t{64} << 20;
    uint32_t batches_in_flight_max = 4;
    uint32_t read_pieces_max = 4096;  // Device reads in flight.
    uint64_t index_bytes_max = 0;     // Ceiling of the index's memory; 0: none.
    // How much log may lie behind the last checkpoint: what recovery has to replay.
    uint64_t checkpoint_log_bytes = uint64_t{1} << 30;
    StoreObserver* observer = nullptr;  // May be null; outlives the store.
};

// How far opening is, for the operator who watches it.
struct RecoveryProgress {
    uint64_t segments_total = 0;
    uint64_t segments_scanned = 0;
    uint64_t batches_replayed = 0;
    uint64_t blocks_live = 0;  // At most: pages not read yet may say less.
};

// The reading of every live block, one pass after the other.
struct ScrubProgress {
    bool running = false;
    uint64_t passes = 0;          // Finished ones.
    uint64_t blocks_read = 0;     // Of this pass, or of the last one.
    uint64_t blocks_total = 0;    // Live ones when the pass began.
    uint64_t blocks_damaged = 0;  // Found by this pass, or by the last one.
};

struct StoreStats {
    uint64_t capacity_bytes = 0;  // What hosts' data may occupy.
    uint64_t used_bytes = 0;      // Held now, with the log's own overhead and dead blocks.
    uint64_t live_bytes = 0;      // Blocks that can be read.
    uint64_t host_bytes_written = 0;
    uint64_t device_bytes_written = 0;  // All of it: batches, moved blocks, the index.
    uint64_t moved_bytes_written = 0;   // By compaction, with its headers.
    uint64_t index_bytes_written = 0;   // By checkpoints and eviction.
    uint64_t batches = 0;
    uint64_t flushes = 0;
    uint64_t checksum_errors = 0;
    uint64_t checkpoints = 0;
    uint64_t recounts = 0;        // Of what the index's images name, after damage of one.
    uint64_t log_tail_bytes = 0;  // Behind the last checkpoint: what a recovery would replay.
    uint64_t index_bytes = 0;     // Of memory.
    uint64_t index_hits = 0;      // Pages found in memory, and not.
    uint64_t index_misses = 0;
    uint64_t erasing_bytes = 0;  // Deleted or deallocated, not yet given back.
    ScrubProgress scrub;
    bool failed = false;  // Latched by a failed write or flush: nothing is accepted.
};

class Store {
  public:
    struct Opened {
        using Done = void (*)(Opened& opened, base::Status status, std::unique_ptr<Store> store);
        Done done = nullptr;
        RecoveryProgress progress;  // Readable meanwhile.
        std::string problem;        // With an error: a sentence for the operator.
    };
    // Formats an empty device (its first 2 MiB are zeroes; otherwise Errc::foreign unless it is a
    // store already: Errc::already_exists) with a new store id. `done` is given no store: open() it
    // then.
    static void format(Device& device,
                       reactor::Executor& executor,
                       const StoreOptions& options,
                       Opened& opened);
    // Opens a formatted device and replays its log. Errc::not_found: empty, format it; foreign:
    // holds something else; corrupt: a store that is damaged. `device` outlives the store.
    static void open(Device& device,
                     reactor::Executor& executor,
                     const StoreOptions& options,
                     Opened& opened);

    virtual ~Store() = default;
    [[nodiscard]] virtual base::Status submit_write(WriteOp& op) = 0;
    [[nodiscard]] virtual base::Status submit_read(ReadOp& op) = 0;
    // The next page at the cursor that holds anything. Refused only when the store is closing.
    [[nodiscard]] virtual base::Status submit_scan(ScanOp& op) = 0;
    // Forgets every block of a volume's extents. Durable when done.
    struct DeleteOp : base::ListLink {
        using Done = void (*)(DeleteOp& op, base::Status status);
        base::VolumeId volume;
        Done done = nullptr;
        uint64_t log_sequence = 0;
    };
    [[nodiscard]] virtual base::Status submit_delete(DeleteOp& op) = 0;
    // Reads every live block once in the background, at most so fast; 0: as fast as it goes. Busy:
    // one is running.
    [[nodiscard]] virtual base::Status start_scrub(uint64_t bytes_per_second) = 0;
    virtual void stop_scrub() = 0;
    // Refuses new work, finishes what is in flight, writes a clean end; then `task` runs.
    virtual void close(reactor::Task& task) = 0;

    [[nodiscard]] virtual const StoreStats& stats() const = 0;
    [[nodiscard]] virtual Durability durability() const = 0;  // As chosen: flush or none.
    // Made by format(), the same at every later open: what the store is known by.
    [[nodiscard]] virtual const base::Uuid& id() const = 0;
    // The highest version of all entries, replayed and written: later writes go above it.
    [[nodiscard]] virtual base::Version last_version() const = 0;
};

}  // namespace store
