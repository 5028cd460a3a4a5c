#include "store/checkpointer.h"

#include <cstring>

#include "base/check.h"
#include "store/superblocks.h"

namespace store {

using base::Errc;
using base::Status;

Checkpointer::Checkpointer(const Parts& parts, const Superblock& super, Listener& listener)
    : parts_(parts),
      super_(super),
      listener_(listener),
      writer_(parts.device, parts.index, parts.segments, parts.space, parts.stats, *this),
      step_(parts.device, *this),
      page_(make_pages(1)) {}

void Checkpointer::advance(CheckpointState to) {
    CHECK(may_move(state_, to), "a checkpoint's state moves only along its picture");
    state_ = to;
}

void Checkpointer::begin(const LogPosition& position) {
    advance(CheckpointState::flushing);
    position_ = position;
    parts_.segments.collect_dead(dead_);
    parts_.pages.flush(parts_.index.end_epoch());
}

void Checkpointer::pages_written() {
    if (state_ != CheckpointState::flushing || !parts_.pages.flushed()) {
        return;
    }
    advance(CheckpointState::saving);
    parts_.pages.pause();
    parts_.eraser.pause();
    parts_.recounter.pause();
    CheckpointRoot root{};
    std::memcpy(root.store_id, super_.store_id, sizeof root.store_id);
    root.number = super_.checkpoint + 1;
    root.next_log_sequence = position_.next_sequence;
    root.incarnation = position_.incarnation;
    root.segment_sequence = position_.segment_sequence;
    root.segment = position_.segment;
    root.block = position_.block;
    root.durable_through = listener_.durable_through();
    root.last_counter = position_.last_version.counter;
    root.last_epoch = position_.last_version.epoch.value;
    root.segment_count = super_.segment_count;
    root.flags = position_.clean ? checkpoint_clean : 0;
    writer_.begin(root);
}

void Checkpointer::give_up() {
    given_up_ = true;
    if (state_ == CheckpointState::flushing) {
        advance(CheckpointState::idle);
    }
}

void Checkpointer::checkpoint_written(Status status) {
    if (!status.ok()) {
        release(writer_.blocks());
        end(status);
        return;
    }
    if (!parts_.flushes) {
        name(CheckpointState::naming_first);
        return;
    }
    advance(CheckpointState::syncing);
    ++parts_.stats.flushes;
    step_.flush(&Checkpointer::synced);
}

void Checkpointer::synced(Status status) {
    if (!status.ok()) {
        end(status.code() == Errc::no_space ? Status(Errc::device_failed, status.detail())
                                            : status);
        return;
    }
    name(CheckpointState::naming_first);
}

void Checkpointer::name(CheckpointState state) {
    advance(state);
    const bool first = state == CheckpointState::naming_first;
    if (first) {
        super_.generation = super_.generation + 1;
        super_.checkpoint = super_.checkpoint + 1;
        super_.root_places[0] = writer_.root_place(0);
        super_.root_places[1] = writer_.root_place(1);
    }
    write_superblock(page_.get(), super_);
    step_.run(DeviceVerb::write_durable,
              superblock_offsets[first ? 0 : 1],
              page_.get(),
              block_bytes,
              first ? &Checkpointer::first_named : &Checkpointer::second_named);
}

void Checkpointer::first_named(Status status) {
    if (!status.ok()) {
        end(Status(Errc::device_failed, status.detail()));
        return;
    }
    name(CheckpointState::naming_second);
}

void Checkpointer::second_named(Status status) {
    if (!status.ok()) {
        end(Status(Errc::device_failed, status.detail()));
        return;
    }
    parts_.segments.retire(dead_);
    release(current_);
    current_ = writer_.blocks();
    parts_.segments.retire_index();
    log_bytes_ = position_.log_bytes;
    ++parts_.stats.checkpoints;
    end(Status());
}

void Checkpointer::release(const std::vector<CheckpointWriter::Blocks>& blocks) {
    for (const CheckpointWriter::Blocks& each : blocks) {
        parts_.segments.unstored(each.place, each.count);
    }
}

void Checkpointer::end(Status status) {
    advance(CheckpointState::idle);
    if (!given_up_) {
        parts_.pages.resume();
        parts_.eraser.resume();
        parts_.recounter.resume();
    }
    listener_.checkpoint_over(status);
}

uint64_t Checkpointer::blocks_needed() const {
    const uint64_t bytes = uint64_t{parts_.segments.count()} * sizeof(le32) +
                           parts_.index.page_count() * sizeof(PageRecord) +
                           uint64_t{parts_.index.slot_count()} * sizeof(ExtentRecord);
    return 2 * (checkpoint_root_blocks + 1 + (bytes + bytes / 64) / block_bytes + 1);
}

}  // namespace store
