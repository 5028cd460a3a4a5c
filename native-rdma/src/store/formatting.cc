#include "store/formatting.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/random.h>
#include <utility>

#include "store/opening.h"
#include "store/segment_writer.h"
#include "store/superblocks.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

// Everything before the segments is looked at, not only where the superblocks will lie.
constexpr uint32_t segment_count_good = 32;
constexpr uint32_t head_bytes = static_cast<uint32_t>(segments_offset);

// A random UUID (RFC 9562, version 4).
bool make_id(uint8_t* id) {
    if (getrandom(id, sizeof(base::Uuid), 0) != sizeof(base::Uuid)) {
        return false;
    }
    id[6] = static_cast<uint8_t>((id[6] & 0x0f) | 0x40);
    id[8] = static_cast<uint8_t>((id[8] & 0x3f) | 0x80);
    return true;
}

}  // namespace

void Store::format(Device& device,
                   reactor::Executor& executor,
                   const StoreOptions& options,
                   Opened& opened) {
    (new Formatting(device, executor, options, opened))->start();
}

Formatting::Formatting(Device& device,
                       reactor::Executor& executor,
                       const StoreOptions& options,
                       Store::Opened& opened)
    : device_(device),
      executor_(executor),
      options_(options),
      opened_(opened),
      step_(device, *this),
      pages_(make_pages(head_bytes / block_bytes)) {
    end_task_.formatting = this;
    end_task_.run = [](reactor::Task& task) {
        const std::unique_ptr<Formatting> self(static_cast<EndTask&>(task).formatting);
        self->opened_.done(self->opened_, self->status_, nullptr);
    };
}

void Formatting::start() {
    opened_.progress = {};
    opened_.problem.clear();
    if (const char* problem = invalid(options_)) {
        return end(Status(Errc::invalid_argument), problem);
    }
    const uint64_t bytes = std::min(device_.geometry().bytes, device_bytes_max);
    const uint64_t room = bytes < segments_offset ? 0 : bytes - segments_offset;
    uint64_t segment_bytes = options_.segment_bytes;
    // What is kept free is counted in segments: a small device gets small ones.
    while (room / segment_bytes < segment_count_good && segment_bytes > segment_bytes_min) {
        segment_bytes /= 2;
    }
    const uint64_t segments = room / segment_bytes;
    if (segments < segment_count_min) {
        return end(Status(Errc::invalid_argument),
                   "The device is too small: a store takes 2 MiB and " +
                       std::to_string(segment_count_min) + " segments at least.");
    }
    if (!make_id(super_.store_id)) {
        return end(Status(Errc::io_error, static_cast<uint32_t>(errno)),
                   "The kernel gave no random bytes for the store's id.");
    }
    super_.version = format_version;
    super_.generation = 1;
    super_.device_bytes = segments_offset + segments * segment_bytes;
    super_.segments_offset = segments_offset;
    super_.segment_bytes = segment_bytes;
    super_.segment_count = static_cast<uint32_t>(segments);
    step_.run(DeviceVerb::read, 0, pages_.get(), head_bytes, &Formatting::head_read);
}

void Formatting::head_read(Status status) {
    if (!status.ok()) {
        return end(status, "The device failed to read.");
    }
    const Superblocks found = read_superblocks(pages_.get() + superblock_offsets[0],
                                               pages_.get() + superblock_offsets[1]);
    if (found.holds == Holds::store || found.holds == Holds::damaged) {
        return end(Status(Errc::already_exists), "The device holds a store already.");
    }
    if (!all_zero(pages_.get(), head_bytes)) {
        return end(Status(Errc::foreign), "The device holds something: it is left alone.");
    }
    sweep_ = std::make_unique<SegmentSweep>(device_, Layout::of(super_), DeviceVerb::write, *this);
    sweep_->start();
}

bool Formatting::visit(uint32_t segment, uint8_t* block) {
    SegmentStamp stamp;
    std::memcpy(stamp.store_id.data(), super_.store_id, stamp.store_id.size());
    stamp.index = segment;
    write_segment_header(block, stamp);
    return true;
}

void Formatting::swept(Status status) {
    if (!status.ok()) {
        return end(status, "The device failed to write a segment's header.");
    }
    step_.flush(&Formatting::headers_flushed);
}

void Formatting::headers_flushed(Status status) {
    if (!status.ok()) {
        return end(status, "The device failed to flush its cache.");
    }
    write_superblock(pages_.get(), super_);
    step_.run(DeviceVerb::write_durable,
              superblock_offsets[0],
              pages_.get(),
              block_bytes,
              &Formatting::first_written);
}

void Formatting::first_written(Status status) {
    if (!status.ok()) {
        return end(status, "The device failed to write a superblock.");
    }
    step_.run(DeviceVerb::write_durable,
              superblock_offsets[1],
              pages_.get(),
              block_bytes,
              &Formatting::second_written);
}

void Formatting::second_written(Status status) {
    end(status, status.ok() ? "" : "The device failed to write a superblock.");
}

// Later, so that whatever called has returned.
void Formatting::end(Status status, std::string problem) {
    status_ = status;
    opened_.problem = std::move(problem);
    executor_.defer(end_task_);
}

}  // namespace store
