#include "store/batch_reader.h"

#include "base/crc32c.h"

namespace store {

BatchEntry BatchReader::entry(uint32_t index) const {
    BatchEntry entry;
    std::memcpy(&entry, bytes_ + sizeof(BatchHeader) + index * sizeof entry, sizeof entry);
    return entry;
}

uint32_t BatchReader::block_crc(uint32_t index) const {
    le32 crc;
    const size_t crcs_offset = sizeof(BatchHeader) + header_.entry_count * sizeof(BatchEntry);
    std::memcpy(&crc, bytes_ + crcs_offset + index * sizeof crc, sizeof crc);
    return crc;
}

const char* BatchReader::invalid() const {
    const uint32_t bytes = header_.header_blocks * block_bytes;
    if (header_.crc != checksum_of(bytes_, bytes)) {
        return "the checksum is wrong";
    }
    if ((header_.flags & ~batch_flags_known) != 0) {
        return "a flag is not known";
    }
    if (header_.log_sequence == 0 || header_.durable_through >= header_.log_sequence) {
        return "the batch was durable before it was written";
    }
    if ((header_.flags & batch_closes) == 0 && header_.next_segment != no_segment) {
        return "the log goes on elsewhere, and the segment is not closed";
    }
    if (!all_zero(header_.reserved, sizeof header_.reserved)) {
        return "the reserved bytes are not zero";
    }
    uint32_t data_blocks = 0;
    for (uint32_t index = 0; index < header_.entry_count; ++index) {
        const BatchEntry each = entry(index);
        if (const char* broken = store::invalid(each)) {
            return broken;
        }
        if (each.kind == static_cast<uint32_t>(EntryKind::blocks)) {
            if (each.block_count > header_.data_blocks - data_blocks) {
                return "the entries name more blocks than there are";
            }
            data_blocks += each.block_count;
        }
    }
    if (data_blocks != header_.data_blocks) {
        return "the entries name fewer blocks than there are";
    }
    const size_t used = sizeof(BatchHeader) + header_.entry_count * sizeof(BatchEntry) +
                        size_t{data_blocks} * sizeof(le32);
    return all_zero(bytes_ + used, bytes - used) ? nullptr : "the padding is not zero";
}

bool BatchReader::data_whole() const {
    const uint8_t* data = bytes_ + size_t{header_.header_blocks} * block_bytes;
    for (uint32_t index = 0; index < header_.data_blocks; ++index) {
        if (base::crc32c(data + size_t{index} * block_bytes, block_bytes) != block_crc(index)) {
            return false;
        }
    }
    return true;
}

}  // namespace store
