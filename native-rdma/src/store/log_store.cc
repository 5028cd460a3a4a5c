#include "store/log_store.h"

#include <cstring>

#include "base/check.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

base::Uuid id_of(const Superblock& super) {
    base::Uuid id;
    std::memcpy(id.data(), super.store_id, id.size());
    return id;
}

DeviceVerb write_verb(Durability durability) {
    return durability == Durability::flush ? DeviceVerb::write_durable : DeviceVerb::write;
}

bool aligned(const uint8_t* data) {
    return reinterpret_cast<uintptr_t>(data) % block_bytes == 0;
}

bool in_extent(uint32_t first_block, uint32_t block_count) {
    return block_count > 0 && first_block < extent_blocks_max &&
           block_count <= extent_blocks_max - first_block;
}

}  // namespace

LogStore::LogStore(Device& device,
                   reactor::Executor& executor,
                   const StoreOptions& options,
                   Durability durability,
                   const Superblock& super)
    : layout_(Layout::of(super)),
      durability_(durability),
      id_(id_of(super)),
      executor_(executor),
      segments_(layout_),
      index_(segments_, options.index_bytes_max),
      reclaimer_(device, layout_, id_, write_verb(durability), segments_),
      upkeep_({device, executor, id_, options, durability, index_, segments_, reclaimer_, stats_},
              super,
              *this),
      log_({device,
            executor,
            layout_,
            id_,
            write_verb(durability),
            options.batches_in_flight_max,
            segments_,
            index_,
            reclaimer_,
            upkeep_,
            stats_},
           *this),
      reader_(
          {device, executor, options.read_pieces_max, index_, upkeep_.loader(), segments_, stats_},
          *this),
      scan_(executor, index_, upkeep_.loader(), *this),
      scrubber_(executor, *this, *this, options.observer) {
    reclaimer_.listen(log_);
    stats_.capacity_bytes = upkeep_.capacity_blocks() * block_bytes;
}

void LogStore::start(const LogEnd& end,
                     const std::vector<CheckpointWriter::Blocks>& checkpoint,
                     Ready& ready) {
    ready_ = &ready;
    upkeep_.start(log_, checkpoint);
    log_.start(end);
}

Status LogStore::admit() const {
    if (closing_ != nullptr) {
        return Status(Errc::closed);
    }
    return log_.failed() ? Status(Errc::device_failed) : Status();
}

Status LogStore::submit_write(WriteOp& op) {
    if (const Status status = admit(); !status.ok()) {
        return status;
    }
    if (!in_extent(op.first_block, op.block_count)) {
        return Status(Errc::out_of_range);
    }
    CHECK(op.data == nullptr ||
              (aligned(op.data) && op.block_crcs != nullptr && op.block_count <= blocks_per_op_max),
          "a write brings aligned blocks, their checksums, and no more than one transfer");
    CHECK(PackedVersion::fits(op.version), "a version fits the index");
    log_.submit(op);
    return Status();
}

Status LogStore::submit_delete(DeleteOp& op) {
    if (const Status status = admit(); !status.ok()) {
        return status;
    }
    log_.submit(op);
    return Status();
}

Status LogStore::submit_read(ReadOp& op) {
    if (closing_ != nullptr) {
        return Status(Errc::closed);
    }
    if (!in_extent(op.first_block, op.block_count)) {
        return Status(Errc::out_of_range);
    }
    CHECK(aligned(op.data) && op.block_count <= blocks_per_op_max,
          "a read brings aligned memory for no more than one transfer");
    return reader_.submit(op);
}

Status LogStore::submit_scan(ScanOp& op) {
    if (closing_ != nullptr) {
        return Status(Errc::closed);
    }
    scan_.submit(op);
    return Status();
}

void LogStore::close(reactor::Task& task) {
    CHECK(closing_ == nullptr, "a store is closed once");
    closing_ = &task;
    scrubber_.stop();
    scan_.stop();
    log_.close();
}

void LogStore::log_ready(Status status) {
    ready_->store_ready(status);
}

// Reads are over as well: what they wait for in the index is still brought.
void LogStore::log_closed() {
    log_closed_ = true;
    close_upkeep();
}

void LogStore::log_moved() {
    upkeep_.log_moved();
    finish_close();
}

void LogStore::close_upkeep() {
    if (log_closed_ && !upkeep_closed_ && reader_.idle() && scan_.idle() && scrubber_.idle()) {
        upkeep_closed_ = true;
        upkeep_.close();
    }
}

void LogStore::read_over() {
    if (segments_.retiring_count() > 0) {
        reclaimer_.kick();
    }
    close_upkeep();
}

// The task may destroy the store, so it runs on its own.
void LogStore::finish_close() {
    if (upkeep_closed_ && upkeep_.idle() && reclaimer_.idle() && !closed_told_) {
        closed_told_ = true;
        executor_.defer(*closing_);
    }
}

Status LogStore::start_scrub(uint64_t bytes_per_second) {
    return closing_ != nullptr ? Status(Errc::closed) : scrubber_.start(bytes_per_second);
}

// A page of the index is a range; the cursor's extent is a slot.
bool LogStore::next(ScrubCursor& cursor, ScrubRange& range) {
    auto slot = static_cast<uint32_t>(cursor.extent);
    auto page = static_cast<uint32_t>(cursor.next_block >> page_shift);
    for (; slot < index_.slot_count(); ++slot, page = 0) {
        if (!index_.used(slot) || index_.deleted(slot)) {
            continue;
        }
        for (; page < index_.page_end(slot); ++page) {
            if (index_.holds({slot, page})) {
                cursor = {slot, uint64_t{page + 1} << page_shift};
                range = {index_.id(slot), page << page_shift, page_entries};
                return true;
            }
        }
    }
    return false;
}

uint32_t LogStore::held(const ScrubRange& range) const {
    return range.block_count - index_.count_new(range.extent, range.first_block, range.block_count);
}

const StoreStats& LogStore::stats() const {
    stats_.used_bytes = (layout_.segment_count - segments_.free_count()) * layout_.segment_bytes();
    stats_.live_bytes = segments_.live_blocks() * block_bytes;
    stats_.index_bytes = index_.bytes();
    stats_.index_hits = index_.hits();
    stats_.index_misses = index_.misses();
    stats_.log_tail_bytes = upkeep_.tail_bytes();
    stats_.erasing_bytes = (index_.erasing_pages() << page_shift) * block_bytes;
    stats_.scrub = scrubber_.progress();
    return stats_;
}

}  // namespace store
