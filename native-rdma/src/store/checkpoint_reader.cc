#include "store/checkpoint_reader.h"

#include <algorithm>
#include <cstring>

namespace store {

using base::Errc;
using base::Status;

CheckpointReader::CheckpointReader(
    Device& device, const Superblock& super, Index& index, Segments& segments, Client& client)
    : super_(super),
      index_(index),
      segments_(segments),
      client_(client),
      layout_(segments.layout()),
      step_(device, *this),
      memory_(make_pages(checkpoint_chunk_blocks_max)) {}

bool CheckpointReader::in_segment(Place place, uint32_t count) const {
    if (place < Layout::first_place || count > layout_.segment_blocks()) {
        return false;
    }
    const uint32_t segment = layout_.segment_of(place);
    const uint32_t block = place - layout_.place(segment, 0);
    return segment < layout_.segment_count && block > 0 &&
           block <= layout_.segment_blocks() - count;
}

void CheckpointReader::start() {
    copy_ = attempts_ = 0;
    unreadable_ = false;
    read_root();
}

void CheckpointReader::read_root() {
    while (!in_segment(super_.root_places[copy_], checkpoint_root_blocks)) {
        if (!next_copy(Status())) {
            fail_copies("root");
            return;
        }
    }
    step_.run(DeviceVerb::read,
              Layout::offset_of(super_.root_places[copy_]),
              memory_.get(),
              checkpoint_root_bytes,
              &CheckpointReader::root_read);
}

void CheckpointReader::root_read(Status status) {
    if (status.ok()) {
        std::memcpy(&root_, memory_.get(), sizeof root_);
    }
    const bool good = status.ok() && invalid_root(memory_.get()) == nullptr &&
                      root_.number == super_.checkpoint &&
                      root_.segment_count == super_.segment_count &&
                      std::memcmp(root_.store_id, super_.store_id, sizeof root_.store_id) == 0;
    if (!good) {
        if (next_copy(status)) {
            read_root();
        } else {
            fail_copies("root");
        }
        return;
    }
    chunks_.resize(root_.chunk_count);
    std::memcpy(
        chunks_.data(), memory_.get() + sizeof root_, chunks_.size() * sizeof(CheckpointChunk));
    note(super_.root_places[0], checkpoint_root_blocks);
    note(super_.root_places[1], checkpoint_root_blocks);
    copy_ = attempts_ = 0;
    unreadable_ = false;
    read_chunk();
}

void CheckpointReader::note(Place place, uint32_t count) {
    if (in_segment(place, count)) {
        segments_.stored(place, count);
        blocks_.push_back({place, count});
    }
}

void CheckpointReader::read_chunk() {
    if (chunk_ == chunks_.size()) {
        if (segment_ != super_.segment_count || pages_left_ != 0) {
            fail("The checkpoint ends too early.");
        } else {
            client_.checkpoint_read(Status(), {});
        }
        return;
    }
    const CheckpointChunk& chunk = chunks_[chunk_];
    const uint32_t blocks = (chunk.bytes + block_bytes - 1) / block_bytes;
    if (blocks == 0 || blocks > checkpoint_chunk_blocks_max ||
        !in_segment(chunk.places[copy_], blocks)) {
        fail("The checkpoint's root names what cannot be.");
        return;
    }
    step_.run(DeviceVerb::read,
              Layout::offset_of(chunk.places[copy_]),
              memory_.get(),
              blocks * block_bytes,
              &CheckpointReader::chunk_read);
}

void CheckpointReader::chunk_read(Status status) {
    const CheckpointChunk& chunk = chunks_[chunk_];
    if (!status.ok() || base::crc32c(memory_.get(), chunk.bytes) != chunk.crc) {
        if (next_copy(status)) {
            read_chunk();
        } else {
            fail_copies("body");
        }
        return;
    }
    if (const char* broken = take(memory_.get(), chunk.bytes)) {
        fail(std::string("The checkpoint is not one: ") + broken + ".");
        return;
    }
    const uint32_t blocks = (chunk.bytes + block_bytes - 1) / block_bytes;
    note(chunk.places[0], blocks);
    note(chunk.places[1], blocks);
    copy_ = attempts_ = 0;
    unreadable_ = false;
    ++chunk_;
    read_chunk();
}

// The records of a chunk; the first broken rule, or null.
const char* CheckpointReader::take(const uint8_t* bytes, uint32_t count) {
    const char* broken = nullptr;
    uint32_t at = 0;
    const auto next = [&](auto& record) {
        if (count - at < sizeof record) {
            broken = "a record is cut off";
            return false;
        }
        std::memcpy(&record, bytes + at, sizeof record);
        at += sizeof record;
        return true;
    };
    while (at < count && broken == nullptr) {
        if (segment_ < super_.segment_count) {
            le32 imaged;
            if (next(imaged)) {
                segments_.load_imaged(segment_++, imaged);
            }
        } else if (pages_left_ == 0) {
            ExtentRecord record;
            broken = next(record) ? take_extent(record) : broken;
        } else {
            PageRecord record;
            broken = next(record) ? take_page(record) : broken;
        }
    }
    return broken;
}

const char* CheckpointReader::take_extent(const ExtentRecord& record) {
    const base::ExtentId id{
        base::VolumeId{record.volume}, record.extent_index, base::PgId{record.pg}};
    const bool gone = (record.flags & extent_deleted) != 0;
    if ((record.flags & ~extent_deleted) != 0) {
        return "an extent's flag is not known";
    }
    if (record.page_count == 0 || record.page_count > page_number_mask + 1) {
        return "an extent has no pages, or too many";
    }
    if (!gone && index_.slot_of(id) != Index::no_slot) {
        return "an extent is there twice";
    }
    slot_ = index_.restore_extent(id, gone);
    pages_left_ = record.page_count;
    return nullptr;
}

const char* CheckpointReader::take_page(const PageRecord& record) {
    const uint32_t page = record.page & page_number_mask;
    const uint32_t quarter = record.page >> page_quarter_shift & 3;
    if ((record.page & ~(page_number_mask | page_flags_known)) != 0) {
        return "a page's flag is not known";
    }
    if (page >= extent_blocks_max / page_entries || !in_segment(record.place, 1)) {
        return "a page is not in an extent, or not in a segment";
    }
    const PageKey key{slot_, page};
    if (index_.image(key).place != 0) {
        return "a page is there twice";
    }
    index_.restore_page(key, {record.place, quarter, record.crc}, (record.page & page_erased) != 0);
    --pages_left_;
    return nullptr;
}

// A device may fail to read now and read a moment later: both copies are tried more than once.
bool CheckpointReader::next_copy(Status status) {
    unreadable_ = unreadable_ || !status.ok();
    copy_ ^= 1;
    return ++attempts_ < attempts_max;
}

void CheckpointReader::fail_copies(const char* part) {
    if (unreadable_) {
        client_.checkpoint_read(
            Status(Errc::device_failed),
            std::string("The device failed to read the checkpoint's ") + part + ".");
    } else {
        fail(std::string("Both copies of the checkpoint's ") + part + " are damaged.");
    }
}

void CheckpointReader::fail(const std::string& problem) {
    client_.checkpoint_read(Status(Errc::corrupt), problem);
}

}  // namespace store
