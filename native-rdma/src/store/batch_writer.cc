#include "store/batch_writer.h"

#include <cstring>

#include "base/check.h"

namespace store {

void BatchWriter::begin() {
    entry_count_ = 0;
    data_blocks_ = 0;
}

uint32_t BatchWriter::blocks_with(uint32_t data_blocks) const {
    if (entry_count_ == batch_entries_max || data_blocks > batch_data_blocks_max - data_blocks_) {
        return 0;
    }
    const uint32_t data = data_blocks_ + data_blocks;
    return header_blocks_for(entry_count_ + 1, data) + data;
}

void BatchWriter::add(const BatchEntry& entry) {
    CHECK(entry_count_ < batch_entries_max, "a batch is not overfilled");
    std::memcpy(bytes_ + sizeof(BatchHeader) + entry_count_ * sizeof entry, &entry, sizeof entry);
    ++entry_count_;
}

void BatchWriter::add(const WriteOp& op) {
    BatchEntry entry{};
    entry.volume = op.extent.volume.value;
    entry.extent_index = op.extent.index;
    entry.pg = op.extent.pg.value;
    entry.first_block = op.first_block;
    entry.block_count = op.block_count;
    entry.epoch = op.version.epoch.value;
    entry.generation = op.generation.value;
    entry.counter = op.version.counter;
    entry.kind =
        static_cast<uint32_t>(op.data == nullptr ? EntryKind::deallocate : EntryKind::blocks);
    add(entry);
    if (op.data != nullptr) {
        CHECK(op.block_count <= batch_data_blocks_max - data_blocks_, "a batch is not overfilled");
        std::memcpy(crcs_ + data_blocks_, op.block_crcs, op.block_count * sizeof(le32));
        data_blocks_ += op.block_count;
    }
}

void BatchWriter::add(const Store::DeleteOp& op) {
    BatchEntry entry{};
    entry.volume = op.volume.value;
    entry.kind = static_cast<uint32_t>(EntryKind::delete_volume);
    add(entry);
}

void BatchWriter::finish(const BatchStamp& stamp) {
    BatchHeader header{};
    header.magic = batch_magic;
    header.flags = stamp.flags;
    std::memcpy(header.store_id, stamp.store_id.data(), sizeof header.store_id);
    header.log_sequence = stamp.log_sequence;
    header.incarnation = stamp.incarnation;
    header.segment_sequence = stamp.segment_sequence;
    header.durable_through = stamp.durable_through;
    header.segment_block = stamp.segment_block;
    header.header_blocks = header_blocks();
    header.data_blocks = data_blocks_;
    header.entry_count = entry_count_;
    header.last_counter = stamp.last_version.counter;
    header.last_epoch = stamp.last_version.epoch.value;
    header.next_segment = stamp.next_segment;

    const uint32_t bytes = header_blocks() * block_bytes;
    const size_t crcs_at = sizeof header + entry_count_ * sizeof(BatchEntry);
    const size_t crcs_bytes = data_blocks_ * sizeof(le32);
    std::memcpy(bytes_ + crcs_at, crcs_, crcs_bytes);
    std::memset(bytes_ + crcs_at + crcs_bytes, 0, bytes - crcs_at - crcs_bytes);
    std::memcpy(bytes_, &header, sizeof header);
    header.crc = checksum_of(bytes_, bytes);
    std::memcpy(bytes_ + offsetof(BatchHeader, crc), &header.crc, sizeof header.crc);
}

}  // namespace store
