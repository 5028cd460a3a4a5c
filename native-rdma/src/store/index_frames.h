// The index's pages in memory: a pool of frames, a queue of those that must be written, and the
// second-chance order in which others make room.
//
// Thread: the store's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "store/index_page_format.h"
#include "store/layout.h"

namespace store {

// A block that was held but whose page could not be read: no device has a block there.
inline constexpr Place lost_place = 0xffffffff;

// Whether an entry with it names a block of the device: 0 is a block that was never held.
[[nodiscard]] constexpr bool names_block(Place place) {
    return place != 0 && place != lost_place;
}

// One page of an extent. An entry that is not known is what the page's image says.
struct Frame {
    enum Flag : uint16_t {
        used = 1,
        dirty = 2,       // Says something that the image does not.
        queued = 4,      // In the queue of dirty ones.
        referenced = 8,  // Since the clock's hand came by.
        owes = 16,       // The image has not been read: what it names still counts as alive.
    };
    uint32_t slot = 0;  // Of the extent.
    uint16_t page = 0;
    uint16_t flags = 0;
    uint64_t known = 0;    // A bit for each entry.
    uint64_t changed = 0;  // Entries whose place differs from the image's; see FramePool::changes.
    uint32_t changes = 0;
    uint32_t next = 0;  // In the queue of dirty ones, or of free ones.
    uint32_t previous = 0;
    uint32_t epoch = 0;  // Of the checkpoint after which it became dirty.
    Place places[page_entries];
    uint32_t crcs[page_entries];
    uint8_t versions[page_entries * page_version_bytes];

    [[nodiscard]] bool is(Flag flag) const { return (flags & flag) != 0; }
    void set(Flag flag) { flags = static_cast<uint16_t>(flags | flag); }
    void clear(Flag flag) { flags = static_cast<uint16_t>(flags & ~flag); }
    [[nodiscard]] bool knows(uint32_t entry) const { return (known >> entry & 1) != 0; }
    [[nodiscard]] uint64_t version(uint32_t entry) const;
    void set_version(uint32_t entry, uint64_t version);
    [[nodiscard]] bool empty() const;
};
static_assert(sizeof(Frame) <= 1000, "the budget is 16 bytes a block, with what refers to frames");

class FramePool {
  public:
    [[nodiscard]] Frame& operator[](uint32_t number) {
        return chunks_[(number - 1) >> chunk_shift][(number - 1) & (chunk_frames - 1)];
    }
    [[nodiscard]] const Frame& operator[](uint32_t number) const {
        return chunks_[(number - 1) >> chunk_shift][(number - 1) & (chunk_frames - 1)];
    }
    // A frame that knows nothing; numbers begin at 1.
    [[nodiscard]] uint32_t take();
    void give_back(uint32_t number);

    void mark_dirty(uint32_t number);
    void mark_clean(uint32_t number);
    // Out of the queue, still dirty. 0: none that became dirty before the `epoch` ended.
    [[nodiscard]] uint32_t pop_dirty(uint32_t epoch);
    [[nodiscard]] bool any_dirty(uint32_t epoch) {
        return dirty_first_ != 0 && (*this)[dirty_first_].epoch <= epoch;
    }
    [[nodiscard]] uint32_t dirty_count() const { return dirty_count_; }
    [[nodiscard]] uint32_t used_count() const { return used_count_; }
    // What becomes dirty from now on does so after the epoch that is returned.
    uint32_t end_epoch() { return epoch_++; }

    // A clean frame nobody has asked for of late; 0: there is none.
    [[nodiscard]] uint32_t choose_victim();

    // What the image has for an entry that was changed since. Requires: the bit is not set.
    void note_change(Frame& frame, uint32_t entry, Place before);
    // What the image of a frame that does not owe has for each entry.
    template <typename Each>
    void each_imaged(const Frame& frame, Each each) const {
        for (uint32_t entry = 0; entry < page_entries; ++entry) {
            if ((frame.changed >> entry & 1) == 0) {
                each(frame.places[entry]);
            }
        }
        for (uint32_t number = frame.changes; number != 0; number = changes_[number].next) {
            each(changes_[number].before);
        }
    }
    // Hands out the changes and forgets them.
    template <typename Each>
    void take_changes(Frame& frame, Each each) {
        for (uint32_t number = frame.changes; number != 0;) {
            Change& change = changes_[number];
            each(uint32_t{change.entry}, change.before);
            const uint32_t next = change.next;
            change.next = free_change_;
            free_change_ = number;
            number = next;
        }
        frame.changes = 0;
        frame.changed = 0;
    }

    [[nodiscard]] uint64_t bytes() const {
        return chunks_.size() * chunk_frames * sizeof(Frame) + changes_.capacity() * sizeof(Change);
    }

  private:
    static constexpr uint32_t chunk_shift = 6;
    static constexpr uint32_t chunk_frames = 1u << chunk_shift;
    struct Change {
        uint32_t next;
        Place before;
        uint32_t entry;
    };

    std::vector<std::unique_ptr<Frame[]>> chunks_;
    std::vector<Change> changes_;
    uint32_t free_change_ = 0;
    uint32_t free_ = 0;
    uint32_t dirty_first_ = 0;
    uint32_t dirty_last_ = 0;
    uint32_t dirty_count_ = 0;
    uint32_t used_count_ = 0;
    uint32_t epoch_ = 1;
    uint32_t hand_ = 0;
};

}  // namespace store
