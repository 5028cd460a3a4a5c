#include "store/checkpoint_writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace store {

using base::Errc;
using base::Status;

CheckpointWriter::CheckpointWriter(Device& device,
                                   const Index& index,
                                   Segments& segments,
                                   IndexSpace& space,
                                   StoreStats& stats,
                                   Client& client)
    : index_(index),
      segments_(segments),
      space_(space),
      stats_(stats),
      client_(client),
      step_(device, *this),
      chunk_blocks_(std::min(checkpoint_chunk_blocks_max, segments.layout().segment_blocks() - 1)),
      memory_(make_pages(1 + chunk_blocks_)) {
    static_assert(checkpoint_root_blocks <= checkpoint_chunk_blocks_max);
}

void CheckpointWriter::begin(const CheckpointRoot& root) {
    root_ = root;
    chunks_.clear();
    blocks_.clear();
    writing_root_ = false;
    segment_ = slot_ = page_ = pages_left_ = 0;
    next_chunk();
}

void CheckpointWriter::next_chunk() {
    used_bytes_ = fill();
    if (used_bytes_ == 0) {
        begin_root();
        return;
    }
    if (chunks_.size() == checkpoint_chunks_max) {
        client_.checkpoint_written(Status(Errc::no_space));
        return;
    }
    length_ = (used_bytes_ + block_bytes - 1) / block_bytes;
    copy_ = 0;
    write_copy();
}

bool CheckpointWriter::append(uint32_t& used, const void* record, uint32_t bytes) {
    if (used + bytes > chunk_blocks_ * block_bytes) {
        return false;
    }
    std::memcpy(memory_.get() + block_bytes + used, record, bytes);
    used += bytes;
    return true;
}

// The next chunk's records; how many bytes they take.
uint32_t CheckpointWriter::fill() {
    uint32_t used = 0;
    for (; segment_ < segments_.count(); ++segment_) {
        le32 imaged;
        imaged = segments_.imaged(segment_);
        if (!append(used, &imaged, sizeof imaged)) {
            return used;
        }
    }
    while (slot_ < index_.slot_count() && fill_extents(used)) {
    }
    std::memset(memory_.get() + block_bytes + used, 0, size_t{chunk_blocks_} * block_bytes - used);
    return used;
}

// One extent, or what is left of it; false when the chunk is full.
bool CheckpointWriter::fill_extents(uint32_t& used) {
    if (pages_left_ == 0) {
        uint32_t count = 0;
        for (uint32_t page = 0; index_.used(slot_) && page < index_.page_end(slot_); ++page) {
            count += index_.image({slot_, page}).place != 0 ? 1 : 0;
        }
        if (count > 0) {
            const base::ExtentId& id = index_.id(slot_);
            ExtentRecord record{};
            record.volume = id.volume.value;
            record.extent_index = id.index;
            record.pg = id.pg.value;
            record.page_count = count;
            record.flags = index_.deleted(slot_) ? extent_deleted : 0;
            if (!append(used, &record, sizeof record)) {
                return false;
            }
        }
        pages_left_ = count;
        page_ = 0;
    }
    for (; pages_left_ > 0; ++page_) {
        const PageKey key{slot_, page_};
        const ImageRef image = index_.image(key);
        if (image.place == 0) {
            continue;
        }
        PageRecord record{};
        record.page =
            page_ | image.quarter << page_quarter_shift | (index_.erased(key) ? page_erased : 0);
        record.place = image.place;
        record.crc = image.crc;
        if (!append(used, &record, sizeof record)) {
            return false;
        }
        --pages_left_;
    }
    ++slot_;
    return true;
}

void CheckpointWriter::write_copy() {
    const IndexSpace::Run run = space_.take(length_, true);
    if (run.place == 0) {
        client_.checkpoint_written(Status(Errc::no_space));
        return;
    }
    segments_.stored(run.place, length_);
    blocks_.push_back({run.place, length_});
    places_[copy_] = run.place;
    const IndexSpace::Span span = space_.span(run, memory_.get());
    stats_.index_bytes_written += span.bytes;
    stats_.device_bytes_written += span.bytes;
    step_.run(
        DeviceVerb::write, span.offset, span.data, span.bytes, &CheckpointWriter::copy_written);
}

void CheckpointWriter::copy_written(Status status) {
    if (!status.ok()) {
        client_.checkpoint_written(status);
        return;
    }
    if (++copy_ < 2) {
        write_copy();
        return;
    }
    if (writing_root_) {
        std::copy(std::begin(places_), std::end(places_), std::begin(root_places_));
        client_.checkpoint_written(Status());
        return;
    }
    CheckpointChunk chunk{};
    chunk.places[0] = places_[0];
    chunk.places[1] = places_[1];
    chunk.bytes = used_bytes_;
    chunk.crc = base::crc32c(memory_.get() + block_bytes, used_bytes_);
    chunks_.push_back(chunk);
    next_chunk();
}

void CheckpointWriter::begin_root() {
    uint8_t* bytes = memory_.get() + block_bytes;
    std::memset(bytes, 0, checkpoint_root_bytes);
    root_.magic = checkpoint_magic;
    root_.chunk_count = static_cast<uint32_t>(chunks_.size());
    std::memcpy(bytes, &root_, sizeof root_);
    std::memcpy(bytes + sizeof root_, chunks_.data(), chunks_.size() * sizeof(CheckpointChunk));
    le32 crc;
    crc = checksum_of(bytes, checkpoint_root_bytes);
    std::memcpy(bytes + offsetof(CheckpointRoot, crc), &crc, sizeof crc);
    writing_root_ = true;
    length_ = checkpoint_root_blocks;
    copy_ = 0;
    write_copy();
}

}  // namespace store
