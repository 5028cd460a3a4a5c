#include "store/opening.h"

#include <cstring>
#include <utility>

namespace store {

using base::Errc;
using base::Status;

const char* invalid(const StoreOptions& options) {
    if (!std::has_single_bit(options.segment_bytes) || options.segment_bytes < segment_bytes_min ||
        options.segment_bytes > segment_bytes_max) {
        return "A segment's size is a power of two from 512 KiB to 1 GiB.";
    }
    if (options.batches_in_flight_max == 0 || options.batches_in_flight_max > 64) {
        return "Between 1 and 64 batches may be in flight.";
    }
    if (options.read_pieces_max < blocks_per_op_max) {
        return "Too few device reads may be in flight for the largest read.";
    }
    if (options.checkpoint_log_bytes < checkpoint_log_bytes_min) {
        return "At least 64 KiB of log lie between checkpoints.";
    }
    return nullptr;
}

void Store::open(Device& device,
                 reactor::Executor& executor,
                 const StoreOptions& options,
                 Opened& opened) {
    (new Opening(device, executor, options, opened))->start();
}

Opening::Opening(Device& device,
                 reactor::Executor& executor,
                 const StoreOptions& options,
                 Store::Opened& opened)
    : device_(device),
      executor_(executor),
      options_(options),
      opened_(opened),
      step_(device, *this),
      pages_(make_pages(2)) {
    end_task_.opening = this;
    end_task_.run = [](reactor::Task& task) { static_cast<EndTask&>(task).opening->hand_over(); };
}

void Opening::start() {
    opened_.progress = {};
    opened_.problem.clear();
    if (const char* problem = invalid(options_)) {
        end(Status(Errc::invalid_argument), problem);
        return;
    }
    if (device_.geometry().bytes < segments_offset) {
        end(Status(Errc::not_found), "The device is too small to hold a store.");
        return;
    }
    const bool cached = device_.geometry().volatile_cache;
    durability_ = options_.durability != Durability::automatic ? options_.durability
                  : cached                                     ? Durability::flush
                                                               : Durability::none;
    step_.run(
        DeviceVerb::read, superblock_offsets[0], pages_.get(), block_bytes, &Opening::first_read);
}

// A superblock that cannot be read counts as damaged: the other may be good.
void Opening::first_read(Status status) {
    unreadable_ = !status.ok();
    if (!status.ok()) {
        std::memset(pages_.get(), 0xff, block_bytes);
    }
    step_.run(DeviceVerb::read,
              superblock_offsets[1],
              pages_.get() + block_bytes,
              block_bytes,
              &Opening::second_read);
}

void Opening::second_read(Status status) {
    if (!status.ok()) {
        std::memset(pages_.get() + block_bytes, 0xff, block_bytes);
    }
    unreadable_ = unreadable_ || !status.ok();
    found_ = read_superblocks(pages_.get(), pages_.get() + block_bytes);
    if (unreadable_ && found_.holds != Holds::store) {
        return end(Status(Errc::device_failed), "The device failed to read a superblock.");
    }
    switch (found_.holds) {
        case Holds::nothing:
            return end(Status(Errc::not_found), "The device is empty: it is to be formatted.");
        case Holds::other:
            return end(Status(Errc::foreign), "The device holds something that is not a store.");
        case Holds::damaged:
            return end(Status(Errc::corrupt),
                       std::string("Both superblocks are damaged: ") + found_.problem + ".");
        case Holds::store:
            break;
    }
    if (device_.geometry().bytes < found_.super.device_bytes) {
        return end(Status(Errc::corrupt),
                   "The device has become smaller than the store it was formatted for.");
    }
    repair(Status());
}

// A copy that is damaged or old is made like the good one, so that losing that is no harm either.
void Opening::repair(Status status) {
    if (!status.ok() && status.code() != Errc::no_space) {
        return end(status, "The device failed to write a superblock.");
    }
    for (uint32_t copy = 0; copy < 2; ++copy) {
        if (found_.repair[copy]) {
            found_.repair[copy] = false;
            write_superblock(pages_.get(), found_.super);
            step_.run(DeviceVerb::write_durable,
                      superblock_offsets[copy],
                      pages_.get(),
                      block_bytes,
                      &Opening::repair);
            return;
        }
    }
    store_ = std::make_unique<LogStore>(device_, executor_, options_, durability_, found_.super);
    replay_ = std::make_unique<LogReplay>(device_, *store_, opened_.progress, *this);
    if (found_.super.checkpoint == 0) {
        replay_->start(nullptr);
        return;
    }
    checkpoint_ = std::make_unique<CheckpointReader>(
        device_, found_.super, store_->index(), store_->segments(), *this);
    checkpoint_->start();
}

void Opening::checkpoint_read(Status status, std::string problem) {
    if (!status.ok()) {
        return end(status, std::move(problem));
    }
    replay_->start(&checkpoint_->root());
}

// What was read may be in the device's cache only, left there by a process that was killed.
void Opening::replayed(Status status, const LogEnd& log_end, std::string problem) {
    if (!status.ok()) {
        return end(status, std::move(problem));
    }
    log_end_ = log_end;
    if (durability_ == Durability::flush) {
        step_.flush(&Opening::flushed);
    } else {
        flushed(Status());
    }
}

void Opening::flushed(Status status) {
    if (!status.ok()) {
        return end(status, "The device failed to flush its cache.");
    }
    replay_.reset();
    started_ = true;
    store_->start(
        log_end_,
        checkpoint_ == nullptr ? std::vector<CheckpointWriter::Blocks>{} : checkpoint_->blocks(),
        *this);
}

void Opening::store_ready(Status status) {
    end(status, status.ok() ? "" : "The device failed to write the log.");
}

// Later, so that whatever called has returned.
void Opening::end(Status status, std::string problem) {
    status_ = status;
    opened_.problem = std::move(problem);
    executor_.defer(end_task_);
}

void Opening::hand_over() {
    if (!status_.ok() && started_) {
        started_ = false;
        store_->close(end_task_);
        return;
    }
    const std::unique_ptr<Opening> self(this);
    opened_.done(opened_, status_, status_.ok() ? std::move(store_) : nullptr);
}

}  // namespace store
