// The index's pages as images on the device.
#include <algorithm>
#include <cstring>
#include <utility>

#include "store/index.h"

namespace store {

ImageRef Index::image(PageKey key) const {
    const PageRef* found = ref(key);
    return found == nullptr ? ImageRef{} : ImageRef{found->place, found->quarter, found->crc};
}

bool Index::owes(PageKey key) const {
    const PageRef* found = ref(key);
    return found != nullptr && found->place != 0 &&
           (found->frame == 0 || frames_[found->frame].is(Frame::owes));
}

bool Index::erased(PageKey key) const {
    const PageRef* found = ref(key);
    return found != nullptr && found->erased != 0;
}

bool Index::holds(PageKey key) const {
    const PageRef* found = ref(key);
    return found != nullptr && found->used() && !found->erased;
}

// An image that says less than the frame: what was changed since is known and wins, and what it
// replaced is forgotten now.
void Index::loaded(PageKey key, const IndexPage& image) {
    ++loads_;
    PageRef& found = *ref(key);
    if (found.frame == 0) {
        const uint32_t number = obtain_frame();
        Frame& frame = frames_[number];
        frame.slot = key.slot;
        frame.page = static_cast<uint16_t>(key.page);
        frame.known = ~uint64_t{0};
        std::memcpy(frame.places, image.places, sizeof frame.places);
        std::memcpy(frame.crcs, image.crcs, sizeof frame.crcs);
        std::memcpy(frame.versions, image.versions, sizeof frame.versions);
        found.frame = number;
        return;
    }
    Frame& frame = frames_[found.frame];
    CHECK(frame.is(Frame::owes), "an image is merged once");
    set_owing(frame, false);
    for (uint32_t entry = 0; entry < page_entries; ++entry) {
        const Place place = image.places[entry];
        if (!frame.knows(entry)) {
            frame.places[entry] = place;
            frame.crcs[entry] = image.crcs[entry];
            std::memcpy(frame.versions + size_t{entry} * page_version_bytes,
                        image.versions + size_t{entry} * page_version_bytes,
                        page_version_bytes);
            continue;
        }
        forgotten(place);  // It was counted as the image's.
        if (place != frame.places[entry]) {
            frames_.note_change(frame, entry, place);
        }
    }
    frame.known = ~uint64_t{0};
}

// What the image named stays counted, until a recount: nobody knows what it was.
void Index::lose(PageKey key) {
    PageRef& found = *ref(key);
    if (found.frame == 0) {
        static_cast<void>(change(key));
    }
    Frame& frame = frames_[found.frame];
    CHECK(frame.is(Frame::owes), "what was read is not lost");
    set_owing(frame, false);
    for (uint32_t entry = 0; entry < page_entries; ++entry) {
        if (!frame.knows(entry)) {
            frame.places[entry] = lost_place;
            frame.crcs[entry] = 0;
            frame.set_version(entry, 0);
        }
    }
    frame.known = ~uint64_t{0};
    note_loss(found);
    set_counted(found, false);
    drop_image(found);
}

void Index::touch(PageKey key) {
    const PageRef* found = ref(key);
    CHECK(found != nullptr && found->frame != 0, "the page is in memory");
    frames_.mark_dirty(found->frame);
}

bool Index::pop_dirty(uint32_t epoch, PageKey& key) {
    const uint32_t number = frames_.pop_dirty(epoch);
    if (number == 0) {
        return false;
    }
    key = {frames_[number].slot, frames_[number].page};
    return true;
}

Index::Writable Index::writable(PageKey key) const {
    const PageRef* found = ref(key);
    if (found == nullptr || found->frame == 0 || extents_[key.slot].deleted ||
        !frames_[found->frame].is(Frame::dirty)) {
        return Writable::no;
    }
    const Frame& frame = frames_[found->frame];
    if (frame.is(Frame::owes)) {
        return Writable::owes;
    }
    return frame.empty() ? Writable::empty : Writable::yes;
}

void Index::fill_image(PageKey key, IndexPage& image) const {
    const Frame& frame = frames_[ref(key)->frame];
    const base::ExtentId& extent = extents_[key.slot].id;
    image.magic = index_page_magic;
    image.volume = extent.volume.value;
    image.extent_index = extent.index;
    image.pg = extent.pg.value;
    image.page = key.page;
    std::memset(image.reserved, 0, sizeof image.reserved);
    std::memcpy(image.places, frame.places, sizeof image.places);
    std::memcpy(image.crcs, frame.crcs, sizeof image.crcs);
    std::memcpy(image.versions, frame.versions, sizeof image.versions);
    for (uint32_t entry = 0; entry < page_entries; ++entry) {
        if (frame.places[entry] == 0) {  // Whatever was there is nobody's.
            image.crcs[entry] = 0;
            std::memset(image.versions + size_t{entry} * page_version_bytes, 0, page_version_bytes);
        }
    }
}

void Index::image_names(const PageRef& ref, Place place) {
    if (names_block(place)) {
        segments_.image_names(place);
        if (recounting_ && ref.counted != 0) {
            segments_.recount_names(place);
        }
    }
}

void Index::image_forgets(const PageRef& ref, Place place) {
    if (names_block(place)) {
        segments_.image_forgets(place);
        if (recounting_ && ref.counted != 0) {
            segments_.recount_forgets(place);
        }
    }
}

// From here on the images name what the frame says.
void Index::settle_images(const PageRef& ref, Frame& frame) {
    CHECK(!frame.is(Frame::owes), "a page is known before its image is made");
    if (ref.place == 0) {
        std::for_each_n(frame.places, page_entries, [&](Place place) { image_names(ref, place); });
        return;
    }
    frames_.take_changes(frame, [&](uint32_t entry, Place before) {
        image_forgets(ref, before);
        image_names(ref, frame.places[entry]);
    });
}

void Index::drop_image(PageRef& ref) {
    if (ref.place != 0) {
        segments_.unstored(ref.place, 1);
        ref.place = 0;
        --images_;
    }
}

void Index::drop_frame(PageRef& ref) {
    frames_.give_back(ref.frame);
    ref.frame = 0;
}

void Index::placed(PageKey key, const ImageRef& image) {
    PageRef& found = *ref(key);
    settle_images(found, frames_[found.frame]);
    drop_image(found);
    found.place = image.place;
    found.quarter = image.quarter & 3;
    found.crc = image.crc;
    segments_.stored(image.place, 1);
    ++images_;
    frames_.mark_clean(found.frame);
    if (recounting_ && found.counted == 0) {
        count(key);
    }
}

void Index::vanished(PageKey key) {
    PageRef& found = *ref(key);
    settle_images(found, frames_[found.frame]);
    drop_image(found);
    drop_frame(found);
    leave(key);
}

bool Index::next_erased(PageKey& key) {
    while (!erased_pages_.empty()) {
        key = erased_pages_.front();
        erased_pages_.pop_front();
        if (erased(key)) {
            return true;
        }
    }
    while (!deleted_slots_.empty()) {
        const uint32_t slot = deleted_slots_.front();
        for (; deleted(slot) && deleted_page_ < page_end(slot); ++deleted_page_) {
            const PageRef* found = ref({slot, deleted_page_});
            if (found == nullptr) {
                deleted_page_ |= group_pages - 1;
            } else if (found->used()) {
                key = {slot, deleted_page_++};
                return true;
            }
        }
        deleted_slots_.pop_front();
        deleted_page_ = 0;
    }
    return false;
}

// True when nothing has to be read for it.
bool Index::forget_frame(PageKey key) {
    PageRef& found = *ref(key);
    if (found.frame == 0) {
        return false;
    }
    Frame& frame = frames_[found.frame];
    for (uint32_t entry = 0; entry < page_entries; ++entry) {
        if (frame.knows(entry)) {
            put(found, frame, entry, {});
        }
    }
    const bool known = !frame.is(Frame::owes);
    if (known) {
        settle_images(found, frame);
        drop_image(found);
    } else {
        set_owing(frame, false);
    }
    drop_frame(found);
    if (known) {
        leave(key);
    }
    return known;
}

// `image` null: it cannot be read, and what it named stays counted until a recount.
void Index::forget_image(PageKey key, const IndexPage* image) {
    PageRef& found = *ref(key);
    CHECK(found.frame == 0 && found.place != 0, "only the image is left");
    if (image != nullptr) {
        for (const Place place : image->places) {
            forgotten(place);
            image_forgets(found, place);
        }
    } else {
        note_loss(found);
    }
    mark_erased(key, found, false);
    drop_image(found);
    leave(key);
}

uint32_t Index::restore_extent(const base::ExtentId& id, bool deleted) {
    if (!deleted) {
        CHECK(!slots_.contains(id), "an extent is restored once");
        return open(id);
    }
    const uint32_t slot = take_slot(id);
    extents_[slot].deleted = true;
    deleted_slots_.push_back(slot);
    return slot;
}

void Index::restore_page(PageKey key, const ImageRef& image, bool erased) {
    PageRef& found = make_ref(key);
    CHECK(!found.used(), "a page is restored once");
    found.place = image.place;
    found.quarter = image.quarter & 3;
    found.crc = image.crc;
    use(key);
    segments_.stored(image.place, 1);
    ++images_;
    erasing_pages_ += extents_[key.slot].deleted ? 1 : 0;
    if (erased) {
        mark_erased(key, found, true);
        erased_pages_.push_back(key);
    }
}

}  // namespace store
