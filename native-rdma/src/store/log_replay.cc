#include "store/log_replay.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "store/segment_format.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

constexpr uint32_t window_blocks_max = 512;
static_assert(window_blocks_max >= batch_blocks_max, "a batch fits the window");

}  // namespace

LogReplay::LogReplay(Device& device, LogStore& store, RecoveryProgress& progress, Client& client)
    : store_(store),
      progress_(progress),
      client_(client),
      sweep_(device, store.layout(), DeviceVerb::read, *this),
      step_(device, *this),
      layout_(store.layout()),
      window_blocks_(std::min(window_blocks_max, layout_.segment_blocks())) {
    window_ = make_pages(window_blocks_);
}

bool LogReplay::ours(const uint8_t* store_id) const {
    return std::memcmp(store_id, store_.id().data(), store_.id().size()) == 0;
}

bool LogReplay::visit(uint32_t segment, uint8_t* block) {
    SegmentHeader header;
    std::memcpy(&header, block, sizeof header);
    const char* broken = invalid(header);
    if (broken == nullptr && !ours(header.store_id)) {
        broken = "it is another store's";
    }
    if (broken == nullptr && header.index != segment) {
        broken = "it belongs to another segment";
    }
    if (broken == nullptr) {
        adopt(segment, header);
        return true;
    }
    // The checkpoint knows what is in it, unless the log goes on there.
    Segments& segments = store_.segments();
    if (segment != start_.segment && segments.stored_count(segment) > 0) {
        segments.adopt(segment, SegmentState::index, 0);
        return true;
    }
    if (segment != start_.segment && segments.live(segment) > 0) {
        segments.adopt(segment, SegmentState::moved, 0);
        return true;
    }
    problem_ = "The header of segment " + std::to_string(segment) + " is damaged: " + broken + ".";
    return false;
}

// What is neither log to be replayed nor referred to by the checkpoint is free.
void LogReplay::adopt(uint32_t segment, const SegmentHeader& header) {
    Segments& segments = store_.segments();
    segments.saw_sequence(header.sequence);
    durable_through_ = std::max<uint64_t>(durable_through_, header.durable_through);
    const bool log = header.kind == static_cast<uint32_t>(SegmentKind::log);
    if (log && header.sequence >= start_sequence_) {
        found_.push_back({segment, header.sequence, header.first_log_sequence});
    } else if (segments.stored_count(segment) > 0) {
        segments.adopt(segment, SegmentState::index, header.sequence);
    } else if (segments.live(segment) > 0) {
        segments.adopt(segment, log ? SegmentState::log : SegmentState::moved, header.sequence);
    }
}

void LogReplay::start(const CheckpointRoot* checkpoint) {
    if (checkpoint != nullptr) {
        start_sequence_ = checkpoint->segment_sequence;
        // Sequences that were taken without leaving a header on the device count, too.
        store_.segments().saw_sequence(start_sequence_ - 1);
        if (checkpoint->block != 0) {
            start_ = {checkpoint->segment, checkpoint->block};
        }
        expected_ = checkpoint->segment;
        durable_through_ = checkpoint->durable_through;
        end_.next_sequence = checkpoint->next_log_sequence;
        end_.incarnation = checkpoint->incarnation;
        end_.last_version = {base::Epoch{checkpoint->last_epoch}, checkpoint->last_counter};
        end_.clean = (checkpoint->flags & checkpoint_clean) != 0;
    }
    sweep_.start();
}

void LogReplay::swept(Status status) {
    if (!status.ok() || !problem_.empty()) {
        client_.replayed(status.ok() ? Status(Errc::corrupt) : status, end_, std::move(problem_));
        return;
    }
    std::sort(found_.begin(), found_.end(), [](const Found& left, const Found& right) {
        return left.sequence < right.sequence;
    });
    progress_.segments_total = found_.size();
    if (start_.segment != Segments::none &&
        (found_.empty() || found_.front().segment != start_.segment ||
         found_.front().sequence != start_sequence_)) {
        fail("The segment where the log goes on behind the checkpoint is not there.");
        return;
    }
    next_segment();
}

// Whether the next segment is the one that the checkpoint names.
bool LogReplay::begins_here() const {
    return current_ == 0 && start_.segment != Segments::none;
}

// The log has no gaps: a segment that begins with a later batch was begun behind the log's end.
void LogReplay::next_segment() {
    const bool more = current_ < found_.size();
    if (!more || (!begins_here() && found_[current_].first_log_sequence > end_.next_sequence)) {
        in_log_ = current_;
        if (end_.next_sequence <= durable_through_) {
            damaged();
        } else {
            look_where_expected();
        }
        return;
    }
    const Found& found = found_[current_];
    if (!begins_here() && found.first_log_sequence < end_.next_sequence) {
        fail("Segment " + std::to_string(found.segment) + " repeats a part of the log.");
        return;
    }
    store_.segments().adopt(found.segment, SegmentState::log, found.sequence);
    open_ = true;
    clean_ = begins_here() && end_.clean;
    block_ = begins_here() ? start_.block : 1;
    if (block_ >= layout_.segment_blocks()) {
        fail("The checkpoint names a place that is not in its segment.");
        return;
    }
    load();
}

// Fills the window from the next batch's first block on.
void LogReplay::load() {
    window_first_ = block_;
    window_count_ = std::min(window_blocks_, layout_.segment_blocks() - block_);
    step_.run(DeviceVerb::read,
              Layout::offset_of(layout_.place(found_[current_].segment, block_)),
              window_.get(),
              window_count_ * block_bytes,
              &LogReplay::loaded);
}

void LogReplay::loaded(Status status) {
    if (!status.ok()) {
        client_.replayed(status, end_, "The device failed to read its log.");
    } else if (looking_) {
        look_for_later();
    } else {
        replay();
    }
}

void LogReplay::replay() {
    while (open_ && block_ < layout_.segment_blocks()) {
        if (block_ < window_first_ || block_ >= window_first_ + window_count_) {
            load();
            return;
        }
        const uint32_t in_window = window_first_ + window_count_ - block_;
        const BatchReader batch(window_.get() + size_t{block_ - window_first_} * block_bytes);
        if (batch.invalid_sizes() != nullptr ||
            batch.blocks() > layout_.segment_blocks() - block_) {
            break;
        }
        const bool verify = batch.header().log_sequence > durable_through_;
        if (in_window < (verify ? batch.blocks() : batch.header().header_blocks)) {
            load();
            return;
        }
        if (!follows(batch)) {
            break;
        }
        if (verify && !batch.data_whole()) {
            doubtful_ = true;
            break;
        }
        apply(batch);
    }
    segment_ended();
}

// The log ends with a segment that is closed, and the next has no header that says so: when a batch
// in it knows that the first was durable, then the write that began it was lost or misdirected.
void LogReplay::look_where_expected() {
    const bool known = std::any_of(found_.begin(), found_.end(), [this](const Found& found) {
        return found.segment == expected_;
    });
    if (expected_ >= layout_.segment_count || known) {
        finish();
        return;
    }
    found_.insert(found_.begin() + static_cast<ptrdiff_t>(current_), {expected_, any_sequence, 0});
    looking_ = true;
    block_ = 1;
    load();
}

bool LogReplay::follows(const BatchReader& batch) const {
    const BatchHeader& header = batch.header();
    const bool closes = (header.flags & batch_closes) != 0;
    return batch.invalid() == nullptr && ours(header.store_id) &&
           header.log_sequence == end_.next_sequence && header.incarnation >= end_.incarnation &&
           header.segment_sequence == found_[current_].sequence && header.segment_block == block_ &&
           (closes || block_ + batch.blocks() < layout_.segment_blocks());
}

void LogReplay::apply(const BatchReader& batch) {
    const BatchHeader& header = batch.header();
    const uint32_t segment = found_[current_].segment;
    Index& index = store_.index();
    Place place = layout_.place(segment, block_ + header.header_blocks);
    uint32_t data_block = 0;
    for (uint32_t number = 0; number < header.entry_count; ++number) {
        const BatchEntry entry = batch.entry(number);
        const base::ExtentId id = extent_of(entry);
        if (entry.kind == static_cast<uint32_t>(EntryKind::delete_volume)) {
            index.erase_volume(id.volume);
            continue;
        }
        if (entry.kind == static_cast<uint32_t>(EntryKind::deallocate)) {
            index.erase(id, entry.first_block, entry.block_count);
            continue;
        }
        for (uint32_t each = 0; each < entry.block_count; ++each) {
            crcs_[each] = batch.block_crc(data_block + each);
        }
        index.set(id, entry.first_block, entry.block_count, place, crcs_, version_of(entry));
        place += entry.block_count;
        data_block += entry.block_count;
    }
    end_.incarnation = header.incarnation;
    end_.last_version = {base::Epoch{header.last_epoch}, header.last_counter};
    ++end_.next_sequence;
    end_.log_bytes += uint64_t{batch.blocks()} * block_bytes;
    block_ += batch.blocks();
    open_ = (header.flags & batch_closes) == 0;
    expected_ = header.next_segment;
    clean_ = (header.flags & batch_clean) != 0;
    ++progress_.batches_replayed;
    progress_.blocks_live = store_.segments().live_blocks();
}

void LogReplay::segment_ended() {
    ++progress_.segments_scanned;
    if (!open_) {
        ++current_;
        next_segment();
        return;
    }
    end_.head = {found_[current_].segment, block_};
    if (end_.next_sequence <= durable_through_) {
        damaged();
        return;
    }
    in_log_ = current_ + 1;
    looking_ = true;
    load();
}

// A later batch that knows the missing one was durable tells damage from the log's end. It is in
// the rest of this segment, or in one that was begun while the missing one was on its way.
void LogReplay::look_for_later() {
    const Found& found = found_[current_];
    for (; block_ < layout_.segment_blocks(); ++block_) {
        if (block_ >= window_first_ + window_count_) {
            // What is missing behind a clean end is the seal of the next opening, and the batch
            // behind that one knows it.
            if (clean_) {
                break;
            }
            load();
            return;
        }
        const BatchReader batch(window_.get() + size_t{block_ - window_first_} * block_bytes);
        const BatchHeader& header = batch.header();
        if (batch.invalid_sizes() != nullptr ||
            (found.sequence != any_sequence && header.segment_sequence != found.sequence) ||
            header.durable_through < end_.next_sequence ||
            header.header_blocks > layout_.segment_blocks() - block_) {
            continue;
        }
        if (header.header_blocks > window_first_ + window_count_ - block_) {
            load();
            return;
        }
        if (batch.invalid() == nullptr && ours(header.store_id)) {
            if (doubtful_) {
                take_doubtful(header.durable_through);
            } else {
                damaged();
            }
            return;
        }
    }
    if (++current_ == found_.size()) {
        finish();
        return;
    }
    block_ = 1;
    load();
}

// The batch is whole but for blocks of its data, and it was durable: they rotted since. Its header
// says what they should be, so they are found when they are read, and nothing else is lost.
void LogReplay::take_doubtful(uint64_t durable_through) {
    durable_through_ = durable_through;
    doubtful_ = looking_ = false;
    --progress_.segments_scanned;
    current_ = in_log_ - 1;
    block_ = end_.head.block;
    end_.head = {};  // The end is farther on; there, the segment may be closed.
    load();
}

// Segments behind the log's end were begun by batches that were never acknowledged.
void LogReplay::finish() {
    Segments& segments = store_.segments();
    std::erase_if(found_, [](const Found& found) { return found.sequence == any_sequence; });
    for (size_t each = in_log_; each < found_.size(); ++each) {
        segments.adopt(found_[each].segment, SegmentState::log, found_[each].sequence);
    }
    segments.all_adopted();
    for (uint32_t segment = 0; segment < segments.count(); ++segment) {
        if (segments.state(segment) != SegmentState::free && segment != end_.head.segment) {
            segments.close(segment);
        }
    }
    for (size_t each = in_log_; each < found_.size(); ++each) {
        segments.abandon(found_[each].segment);
    }
    end_.clean = clean_;
    progress_.blocks_live = segments.live_blocks();
    client_.replayed(Status(), end_, {});
}

void LogReplay::damaged() {
    const std::string where = end_.head.segment == Segments::none
                                  ? "behind batch " + std::to_string(end_.next_sequence - 1)
                                  : "in segment " + std::to_string(end_.head.segment) +
                                        " at block " + std::to_string(end_.head.block);
    fail("The log is damaged " + where + ": what was acknowledged behind it cannot be found.");
}

void LogReplay::fail(std::string problem) {
    client_.replayed(Status(Errc::corrupt), end_, std::move(problem));
}

}  // namespace store
