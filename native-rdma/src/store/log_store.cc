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
      index_(segments_),
      reclaimer_(device, layout_, id_, write_verb(durability), segments_),
      log_({device,
            executor,
            layout_,
            id_,
            write_verb(durability),
            options.batches_in_flight_max,
            options.index_bytes_max,
            segments_,
            index_,
            reclaimer_,
            stats_},
           *this),
      reader_({device, executor, options.read_pieces_max, index_, segments_, stats_}, *this) {
    reclaimer_.listen(log_);
    stats_.capacity_bytes = (layout_.segment_count - segments_reserved) * layout_.segment_bytes();
}

void LogStore::start(const LogEnd& end, Ready& ready) {
    ready_ = &ready;
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

void LogStore::close(reactor::Task& task) {
    CHECK(closing_ == nullptr, "a store is closed once");
    closing_ = &task;
    log_.close();
}

void LogStore::log_ready(Status status) {
    ready_->store_ready(status);
}

void LogStore::log_closed() {
    log_closed_ = true;
    finish_close();
}

void LogStore::read_over() {
    reclaimer_.kick();
    finish_close();
}

// The task may destroy the store, so it runs on its own.
void LogStore::finish_close() {
    if (log_closed_ && reader_.idle() && reclaimer_.idle()) {
        log_closed_ = false;
        executor_.defer(*closing_);
    }
}

const StoreStats& LogStore::stats() const {
    stats_.used_bytes = segments_.log_count() * layout_.segment_bytes();
    stats_.live_bytes = index_.block_count() * block_bytes;
    stats_.index_bytes = index_.bytes();
    return stats_;
}

}  // namespace store
