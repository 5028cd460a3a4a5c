#include "store/index_frames.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace store {

uint64_t Frame::version(uint32_t entry) const {
    uint64_t version = 0;
    std::memcpy(&version, versions + size_t{entry} * page_version_bytes, page_version_bytes);
    return version;
}

void Frame::set_version(uint32_t entry, uint64_t version) {
    std::memcpy(versions + size_t{entry} * page_version_bytes, &version, page_version_bytes);
}

bool Frame::empty() const {
    return std::all_of(places, places + page_entries, [](Place place) { return place == 0; });
}

uint32_t FramePool::take() {
    if (free_ == 0) {
        const auto first = static_cast<uint32_t>(chunks_.size() << chunk_shift) + 1;
        chunks_.push_back(std::make_unique_for_overwrite<Frame[]>(chunk_frames));
        for (uint32_t number = first + chunk_frames; number-- > first;) {
            (*this)[number].flags = 0;
            (*this)[number].next = free_;
            free_ = number;
        }
    }
    const uint32_t number = free_;
    Frame& frame = (*this)[number];
    free_ = frame.next;
    frame.flags = Frame::used | Frame::referenced;
    frame.known = 0;
    frame.changed = 0;
    frame.changes = 0;
    ++used_count_;
    return number;
}

void FramePool::give_back(uint32_t number) {
    mark_clean(number);
    Frame& frame = (*this)[number];
    take_changes(frame, [](uint32_t, Place) {});
    frame.flags = 0;
    frame.next = free_;
    free_ = number;
    --used_count_;
}

void FramePool::mark_dirty(uint32_t number) {
    Frame& frame = (*this)[number];
    frame.set(Frame::referenced);
    if (frame.is(Frame::dirty)) {
        return;
    }
    frame.set(Frame::dirty);
    frame.set(Frame::queued);
    frame.epoch = epoch_;
    frame.next = 0;
    frame.previous = dirty_last_;
    (dirty_last_ == 0 ? dirty_first_ : (*this)[dirty_last_].next) = number;
    dirty_last_ = number;
    ++dirty_count_;
}

void FramePool::mark_clean(uint32_t number) {
    Frame& frame = (*this)[number];
    if (frame.is(Frame::queued)) {
        (frame.previous == 0 ? dirty_first_ : (*this)[frame.previous].next) = frame.next;
        (frame.next == 0 ? dirty_last_ : (*this)[frame.next].previous) = frame.previous;
        frame.clear(Frame::queued);
    }
    dirty_count_ -= frame.is(Frame::dirty) ? 1 : 0;
    frame.clear(Frame::dirty);
}

uint32_t FramePool::pop_dirty(uint32_t epoch) {
    const uint32_t number = dirty_first_;
    if (number == 0 || (*this)[number].epoch > epoch) {
        return 0;
    }
    Frame& frame = (*this)[number];
    dirty_first_ = frame.next;
    (frame.next == 0 ? dirty_last_ : (*this)[frame.next].previous) = 0;
    frame.clear(Frame::queued);
    return number;
}

uint32_t FramePool::choose_victim() {
    const auto frames = static_cast<uint32_t>(chunks_.size() << chunk_shift);
    // Twice around: the first time may only take references away.
    for (uint32_t step = 0; step < 2 * frames; ++step) {
        hand_ = hand_ % frames + 1;
        Frame& frame = (*this)[hand_];
        if (!frame.is(Frame::used) || frame.is(Frame::dirty)) {
            continue;
        }
        if (!frame.is(Frame::referenced)) {
            return hand_;
        }
        frame.clear(Frame::referenced);
    }
    return 0;
}

void FramePool::note_change(Frame& frame, uint32_t entry, Place before) {
    CHECK((frame.changed >> entry & 1) == 0, "of an entry the first change is noted");
    if (free_change_ == 0) {
        if (changes_.empty()) {
            changes_.push_back({});  // 0 is the end of a list.
        }
        changes_.push_back({});
        free_change_ = static_cast<uint32_t>(changes_.size()) - 1;
        changes_[free_change_].next = 0;
    }
    const uint32_t number = free_change_;
    free_change_ = changes_[number].next;
    changes_[number] = {frame.changes, before, entry};
    frame.changes = number;
    frame.changed |= uint64_t{1} << entry;
}

}  // namespace store
