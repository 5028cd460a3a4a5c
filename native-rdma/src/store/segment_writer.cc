#include "store/segment_writer.h"

#include <cstring>

namespace store {

void write_segment_header(uint8_t* block, const SegmentStamp& stamp) {
    SegmentHeader header{};
    header.magic = segment_magic;
    header.kind = static_cast<uint32_t>(stamp.kind);
    std::memcpy(header.store_id, stamp.store_id.data(), sizeof header.store_id);
    header.sequence = stamp.sequence;
    header.first_log_sequence = stamp.first_log_sequence;
    header.durable_through = stamp.durable_through;
    header.index = stamp.index;
    header.crc = checksum_of(&header, sizeof header);
    std::memset(block, 0, block_bytes);
    std::memcpy(block, &header, sizeof header);
}

}  // namespace store
