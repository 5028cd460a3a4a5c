#include "store/index.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace store {
namespace {

// What the hash tables and lists keep for an extent besides its group numbers.
constexpr uint64_t extent_overhead_bytes = 64;
// The least that a ceiling can be: pages for a few hundred operations in flight.
constexpr uint64_t frames_min = 256;

}  // namespace

Index::Index(Segments& segments, uint64_t bytes_max) : segments_(segments), bytes_max_(bytes_max) {}

uint32_t Index::slot_of(const base::ExtentId& id) const {
    const auto found = slots_.find(id);
    return found == slots_.end() ? no_slot : found->second;
}

Index::PageRef* Index::ref(PageKey key) {
    return const_cast<PageRef*>(std::as_const(*this).ref(key));
}

const Index::PageRef* Index::ref(PageKey key) const {
    if (key.slot >= extents_.size()) {
        return nullptr;
    }
    const Extent& extent = extents_[key.slot];
    const uint32_t group = key.page >> group_shift;
    if (group >= extent.groups.size() || extent.groups[group] == 0) {
        return nullptr;
    }
    return &groups_[extent.groups[group]].at[key.page & (group_pages - 1)];
}

Index::PageRef& Index::make_ref(PageKey key) {
    Extent& extent = extents_[key.slot];
    const uint32_t group = key.page >> group_shift;
    if (group >= extent.groups.size()) {
        const size_t before = extent.groups.capacity();
        extent.groups.resize(group + 1);
        group_numbers_ += extent.groups.capacity() - before;
    }
    if (extent.groups[group] == 0) {
        extent.groups[group] = groups_.take();
    }
    return groups_[extent.groups[group]].at[key.page & (group_pages - 1)];
}

// A page that had neither frame nor image gets one of them.
void Index::use(PageKey key) {
    Extent& extent = extents_[key.slot];
    groups_.hold(extent.groups[key.page >> group_shift]);
    ++extent.pages;
    ++page_count_;
}

// A page has neither any more.
void Index::leave(PageKey key) {
    set_counted(*ref(key), false);
    Extent& extent = extents_[key.slot];
    uint32_t& group = extent.groups[key.page >> group_shift];
    if (groups_.drop(group, 1)) {
        group = 0;
    }
    --page_count_;
    erasing_pages_ -= extent.deleted ? 1 : 0;
    if (--extent.pages == 0) {
        remove_extent(key.slot);
    }
}

uint32_t Index::open(const base::ExtentId& id) {
    const auto [found, made] = slots_.try_emplace(id, no_slot);
    if (!made) {
        return found->second;
    }
    const uint32_t slot = take_slot(id);
    found->second = slot;
    std::vector<uint32_t>& volume = volumes_[id.volume];
    extents_[slot].in_volume = static_cast<uint32_t>(volume.size());
    volume.push_back(slot);
    return slot;
}

uint32_t Index::take_slot(const base::ExtentId& id) {
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<uint32_t>(extents_.size()));
        extents_.emplace_back();
    }
    const uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    extents_[slot] = {};
    extents_[slot].id = id;
    extents_[slot].used = true;
    return slot;
}

void Index::remove_extent(uint32_t slot) {
    Extent& extent = extents_[slot];
    if (!extent.deleted) {
        slots_.erase(extent.id);
        std::vector<uint32_t>& volume = volumes_[extent.id.volume];
        volume[extent.in_volume] = volume.back();
        extents_[volume.back()].in_volume = extent.in_volume;
        volume.pop_back();
        if (volume.empty()) {
            volumes_.erase(extent.id.volume);
        }
    }
    group_numbers_ -= extent.groups.capacity();
    extent.groups = {};
    extent.used = false;
    free_slots_.push_back(slot);
}

Index::Found Index::find(uint32_t slot, uint32_t page, uint64_t wanted) {
    PageRef* found = slot == no_slot ? nullptr : ref({slot, page});
    if (found == nullptr || !found->used()) {
        return {};
    }
    if (found->frame == 0) {
        misses_ += found->erased ? 0 : 1;
        return {found->erased ? Presence::zero : Presence::away, nullptr};
    }
    Frame& frame = frames_[found->frame];
    if ((wanted & ~frame.known) != 0) {
        ++misses_;
        return {Presence::away, nullptr};
    }
    if (loads_ > 0) {
        --loads_;
    } else {
        ++hits_;
    }
    frame.set(Frame::referenced);
    return {Presence::here, &frame};
}

uint32_t Index::count_new(const base::ExtentId& id,
                          uint32_t first_block,
                          uint32_t block_count) const {
    const uint32_t slot = slot_of(id);
    uint32_t count = 0;
    for (uint32_t block = first_block; block < first_block + block_count; ++block) {
        const PageRef* found = slot == no_slot ? nullptr : ref({slot, block >> page_shift});
        if (found == nullptr || !found->used()) {
            ++count;
        } else if (found->frame == 0) {
            count += found->erased;
        } else {
            const Frame& frame = frames_[found->frame];
            const uint32_t entry = block & (page_entries - 1);
            count += frame.knows(entry) && frame.places[entry] == 0 ? 1 : 0;
        }
    }
    return count;
}

uint64_t Index::frames_max() const {
    if (bytes_max_ == 0) {
        return ~uint64_t{0};
    }
    const uint64_t others = bytes() - frames_.bytes();
    const uint64_t left = bytes_max_ > others ? bytes_max_ - others : 0;
    return std::max(frames_min, left / sizeof(Frame));
}

bool Index::has_room(uint32_t pages) const {
    return bytes_max_ == 0 || frames_.dirty_count() + pages <= frames_max() * 3 / 4;
}

uint32_t Index::obtain_frame() {
    if (bytes_max_ != 0 && holds_ == 0 && frames_.used_count() >= frames_max()) {
        const bool clean = frames_.used_count() > frames_.dirty_count();
        if (const uint32_t victim = clean ? frames_.choose_victim() : 0; victim != 0) {
            evict(victim);
        }
    }
    return frames_.take();
}

void Index::shrink() {
    if (bytes_max_ == 0 || holds_ > 0) {
        return;
    }
    const uint64_t most = frames_max();
    while (frames_.used_count() > most) {
        const uint32_t victim = frames_.choose_victim();
        if (victim == 0) {
            return;
        }
        evict(victim);
    }
}

// A clean frame says what its image says.
void Index::evict(uint32_t number) {
    const Frame& frame = frames_[number];
    PageRef& found = *ref({frame.slot, frame.page});
    CHECK(found.frame == number && found.place != 0, "a clean page has an image");
    found.frame = 0;
    frames_.give_back(number);
}

// The page's frame, dirty, to be changed by the caller.
Frame& Index::change(PageKey key) {
    PageRef& found = make_ref(key);
    if (found.frame == 0) {
        const uint32_t number = obtain_frame();
        Frame& frame = frames_[number];
        frame.slot = key.slot;
        frame.page = static_cast<uint16_t>(key.page);
        if (found.place == 0) {
            use(key);
        } else {
            set_owing(frame, true);
        }
        if (found.place == 0 || found.erased) {
            frame.known = ~uint64_t{0};
            std::fill_n(frame.places, page_entries, Place{0});
        }
        mark_erased(key, found, false);
        found.frame = number;
    }
    frames_.mark_dirty(found.frame);
    return frames_[found.frame];
}

void Index::set_owing(Frame& frame, bool owing) {
    if (owing) {
        frame.set(Frame::owes);
        ++owing_pages_;
    } else {
        frame.clear(Frame::owes);
        --owing_pages_;
    }
}

void Index::mark_erased(PageKey key, PageRef& ref, bool erased) {
    Extent& extent = extents_[key.slot];
    if ((ref.erased != 0) == erased) {
        return;
    }
    ref.erased = erased ? 1 : 0;
    extent.erased += erased ? 1 : -1;
    if (!extent.deleted) {
        erasing_pages_ += erased ? 1 : -1;
    }
}

void Index::came_alive(Place place) {
    if (names_block(place)) {
        segments_.came_alive(place);
    }
}

void Index::forgotten(Place place) {
    if (names_block(place)) {
        segments_.forgotten(place);
    }
}

void Index::put(const PageRef& ref, Frame& frame, uint32_t entry, const Location& location) {
    if (frame.knows(entry)) {
        const Place before = frame.places[entry];
        forgotten(before);
        if (ref.place != 0 && !frame.is(Frame::owes) && (frame.changed >> entry & 1) == 0) {
            frames_.note_change(frame, entry, before);
        }
    }
    frame.known |= uint64_t{1} << entry;
    frame.places[entry] = location.place;
    frame.crcs[entry] = location.crc;
    frame.set_version(entry, location.version);
    came_alive(location.place);
}

void Index::set(const base::ExtentId& id,
                uint32_t first_block,
                uint32_t block_count,
                Place place,
                const uint32_t* crcs,
                base::Version version) {
    const uint64_t packed = PackedVersion::pack(version);
    const uint32_t slot = open(id);
    uint32_t block = first_block;
    const uint32_t end = first_block + block_count;
    while (block < end) {
        const PageKey key{slot, block >> page_shift};
        Frame& frame = change(key);
        const PageRef& found = *ref(key);
        const uint32_t page_last = std::min(end, (block | (page_entries - 1)) + 1);
        for (; block < page_last; ++block, ++place, ++crcs) {
            CHECK(names_block(place), "a block lies somewhere");
            put(found, frame, block & (page_entries - 1), {place, *crcs, packed});
        }
    }
}

void Index::erase(const base::ExtentId& id, uint32_t first_block, uint32_t block_count) {
    const uint32_t slot = slot_of(id);
    if (slot == no_slot) {
        return;
    }
    uint64_t block = first_block;
    const uint64_t end = std::min<uint64_t>(uint64_t{first_block} + block_count,
                                            uint64_t{page_end(slot)} << page_shift);
    while (block < end) {
        const PageKey key{slot, static_cast<uint32_t>(block >> page_shift)};
        if (ref(key) == nullptr) {  // Nor has any other page of the group.
            block = (uint64_t{key.page | (group_pages - 1)} + 1) << page_shift;
            continue;
        }
        const uint64_t page_last = std::min(end, (block | (page_entries - 1)) + 1);
        const uint32_t first_entry = block & (page_entries - 1);
        erase_page(key, first_entry, first_entry + static_cast<uint32_t>(page_last - block));
        block = page_last;
    }
}

void Index::erase_page(PageKey key, uint32_t first_entry, uint32_t end_entry) {
    PageRef& found = *ref(key);
    if (!found.used() || (found.frame == 0 && found.erased)) {
        return;
    }
    if (found.frame == 0 && end_entry - first_entry == page_entries) {
        mark_erased(key, found, true);
        erased_pages_.push_back(key);
        return;
    }
    uint64_t bits = entry_bits(first_entry, end_entry);
    if (found.frame != 0) {
        const Frame& frame = frames_[found.frame];
        for (uint32_t entry = first_entry; entry < end_entry; ++entry) {
            const bool empty = frame.knows(entry) && frame.places[entry] == 0;
            bits &= ~(uint64_t{empty} << entry);
        }
        if (bits == 0) {
            return;
        }
    }
    Frame& frame = change(key);
    for (; bits != 0; bits &= bits - 1) {
        put(found, frame, static_cast<uint32_t>(std::countr_zero(bits)), {});
    }
}

void Index::erase_volume(base::VolumeId volume) {
    const auto found = volumes_.find(volume);
    if (found == volumes_.end()) {
        return;
    }
    for (const uint32_t slot : found->second) {
        Extent& extent = extents_[slot];
        slots_.erase(extent.id);
        extent.deleted = true;
        erasing_pages_ += extent.pages - extent.erased;
        deleted_slots_.push_back(slot);
    }
    volumes_.erase(found);
}

bool Index::move(const base::ExtentId& id, uint32_t block, Place from, Place to) {
    const uint32_t slot = slot_of(id);
    const PageKey key{slot, block >> page_shift};
    const uint32_t entry = block & (page_entries - 1);
    const PageRef* found = slot == no_slot ? nullptr : ref(key);
    if (found == nullptr || found->frame == 0) {
        return false;
    }
    Frame& frame = frames_[found->frame];
    if (!frame.knows(entry) || frame.places[entry] != from) {
        return false;
    }
    frames_.mark_dirty(found->frame);
    put(*found, frame, entry, {to, frame.crcs[entry], frame.version(entry)});
    return true;
}

uint32_t Index::page_end(uint32_t slot) const {
    return static_cast<uint32_t>(extents_[slot].groups.size()) << group_shift;
}

uint64_t Index::bytes() const {
    return frames_.bytes() + groups_.bytes() + group_numbers_ * sizeof(uint32_t) +
           extents_.size() * (sizeof(Extent) + extent_overhead_bytes);
}

}  // namespace store
