// An index by itself: over segments that all hold log, with a map as the device for its images.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "store/index.h"

namespace test {

inline constexpr store::Layout index_layout{64, 14};  // 64 segments of 16384 blocks.

// Places are given out in order.
struct IndexFixture {
    explicit IndexFixture(uint64_t bytes_max = 0)
        : segments(index_layout), index(segments, bytes_max) {
        for (uint32_t segment = 0; segment < index_layout.segment_count; ++segment) {
            segments.take(segment < 8 ? store::SegmentState::index : store::SegmentState::log);
        }
    }
    store::Place set(const base::ExtentId& id, uint32_t block, uint32_t count = 1) {
        const store::Place place = next;
        const std::vector<uint32_t> crcs(count, 0xc0ffee);
        index.set(id, block, count, place, crcs.data(), {base::Epoch{1}, ++versions});
        next += count;
        return place;
    }
    // Where a block lies whose page is in memory, or that was never written.
    store::Location get(const base::ExtentId& id, uint32_t block) {
        const uint32_t entry = block & (store::page_entries - 1);
        const store::Index::Found found = index.find(
            index.slot_of(id), block >> store::page_shift, store::entry_bits(entry, entry + 1));
        REQUIRE(found.presence != store::Index::Presence::away);
        if (found.presence == store::Index::Presence::zero) {
            return {};
        }
        return {found.frame->places[entry], found.frame->crcs[entry], found.frame->version(entry)};
    }
    store::Place place_of(const base::ExtentId& id, uint32_t block) { return get(id, block).place; }
    // What the page writer does with one page.
    void write(store::PageKey key) {
        if (index.writable(key) == store::Index::Writable::owes) {
            load(key);
        }
        if (index.writable(key) == store::Index::Writable::empty) {
            index.vanished(key);
            return;
        }
        auto image = std::make_unique<store::IndexPage>();
        index.fill_image(key, *image);
        const store::ImageRef ref{
            index_layout.place(0, 1) + images / 4, images % 4, store::crc_of(*image)};
        ++images;
        device[{ref.place, ref.quarter}] = std::move(image);
        index.placed(key, ref);
    }
    void load(store::PageKey key) { index.loaded(key, image(key)); }
    void write_all() {
        store::PageKey key;
        const uint32_t epoch = index.end_epoch();
        while (index.pop_dirty(epoch, key)) {
            if (index.writable(key) != store::Index::Writable::no) {
                write(key);
            }
        }
    }
    // What the eraser does; `lost`: no image can be read.
    void erase_all(bool lost = false) {
        store::PageKey key;
        while (index.next_erased(key)) {
            if (!index.forget_frame(key)) {
                index.forget_image(key, lost ? nullptr : &image(key));
            }
        }
    }
    [[nodiscard]] const store::IndexPage& image(store::PageKey key) const {
        const store::ImageRef ref = index.image(key);
        return *device.at({ref.place, ref.quarter});
    }
    uint64_t imaged() const {
        uint64_t sum = 0;
        for (uint32_t segment = 0; segment < index_layout.segment_count; ++segment) {
            sum += segments.imaged(segment);
        }
        return sum;
    }

    store::Segments segments;
    store::Index index;
    std::map<std::pair<store::Place, uint32_t>, std::unique_ptr<store::IndexPage>> device;
    uint32_t images = 0;
    uint64_t versions = 0;
    store::Place next = index_layout.place(8, 1);
};

}  // namespace test
