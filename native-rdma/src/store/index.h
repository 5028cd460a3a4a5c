// Where each block of each extent lies: extent → page → entry.
//
// A page holds 64 neighbouring blocks. It is in memory as a frame, on the device as an image, or
// both; what is in neither was never written. A change never waits for an image to be read: the
// frame then knows only what was changed, and owes the rest until it is merged with the image.
//
// What lies where is counted in Segments: `live` by what pages say (with, for a frame that owes,
// all that its image names), `imaged` by what images name. So a checkpoint, which saves images and
// `imaged`, needs no moment at which everything stands still.
//
// When an image is lost nobody knows what it named, and all that stays counted. A recount takes
// that away: it visits each image while everything goes on, and follows those it has visited.
//
// Deleting moves no block: an extent that is deleted, and a page that is erased without a frame,
// are only marked; the eraser visits them later.
//
// Thread: the store's.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/ids.h"
#include "store/batch_format.h"
#include "store/index_frames.h"
#include "store/segments.h"
#include "store/slab.h"

namespace store {

// A version in seven bytes, in the same order.
struct PackedVersion {
    [[nodiscard]] static bool fits(base::Version version) {
        return version.epoch.value >> version_epoch_bits == 0 &&
               version.counter >> version_counter_bits == 0;
    }
    [[nodiscard]] static uint64_t pack(base::Version version) {
        return uint64_t{version.epoch.value} << version_counter_bits | version.counter;
    }
    [[nodiscard]] static base::Version unpack(uint64_t packed) {
        return {base::Epoch{static_cast<uint32_t>(packed >> version_counter_bits)},
                packed & ((uint64_t{1} << version_counter_bits) - 1)};
    }
};
static_assert(version_epoch_bits + version_counter_bits <= 8 * page_version_bytes);

struct Location {
    Place place = 0;  // 0: there is no such block.
    uint32_t crc = 0;
    uint64_t version = 0;  // A PackedVersion.
};

struct ExtentHash {
    size_t operator()(const base::ExtentId& id) const noexcept {
        uint64_t mixed = id.volume.value * 0x9e3779b97f4a7c15;
        mixed ^= (uint64_t{id.index} << 32 | id.pg.value) + (mixed >> 29);
        return (mixed ^ mixed >> 32) * 0xbf58476d1ce4e5b9;
    }
};

// A page, as it is known in memory. An extent's slot may be another's after a while.
struct PageKey {
    uint32_t slot = 0;
    uint32_t page = 0;
    constexpr auto operator<=>(const PageKey&) const = default;
    [[nodiscard]] uint64_t packed() const { return uint64_t{slot} << 32 | page; }
};

// Where a page's image lies.
struct ImageRef {
    Place place = 0;  // 0: it has none.
    uint32_t quarter = 0;
    uint32_t crc = 0;
    constexpr auto operator<=>(const ImageRef&) const = default;
};

class Index {
  public:
    static constexpr uint32_t no_slot = 0xffffffff;

    // `bytes_max`: ceiling of the memory; 0: none.
    Index(Segments& segments, uint64_t bytes_max);

    enum class Presence : uint8_t { zero, here, away };
    struct Found {
        Presence presence = Presence::zero;  // zero: nothing of it was written.
        const Frame* frame = nullptr;        // With here.
    };
    [[nodiscard]] uint32_t slot_of(const base::ExtentId& id) const;
    // A page's entries `wanted`, a bit for each. Good until anything else of the index is called.
    [[nodiscard]] Found find(uint32_t slot, uint32_t page, uint64_t wanted);
    // How many of the blocks were never written, as far as memory can tell.
    [[nodiscard]] uint32_t count_new(const base::ExtentId& id,
                                     uint32_t first_block,
                                     uint32_t block_count) const;

    // Blocks of an extent come to lie one behind the other from `place` on.
    void set(const base::ExtentId& id,
             uint32_t first_block,
             uint32_t block_count,
             Place place,
             const uint32_t* crcs,
             base::Version version);
    // Forgets blocks; costs by what is held, not by the range.
    void erase(const base::ExtentId& id, uint32_t first_block, uint32_t block_count);
    void erase_volume(base::VolumeId volume);
    // A block was copied: unless it has been written or erased meanwhile, it now lies at `to`.
    // Requires: the page was found here and nothing was evicted since (hold()).
    bool move(const base::ExtentId& id, uint32_t block, Place from, Place to);

    // While held no frame makes room for another.
    void hold() { ++holds_; }
    void release() { --holds_; }

    // Whether so many more pages may be changed; if not, some must be written first.
    [[nodiscard]] bool has_room(uint32_t pages) const;
    // Evicts what is above the ceiling, as far as it is clean.
    void shrink();

    // --- Images (index_images.cc): for the pager, the eraser and checkpoints.

    // The page's image, also when a frame says more.
    [[nodiscard]] ImageRef image(PageKey key) const;
    // Whether the image must be read to know the page, or to let it go.
    [[nodiscard]] bool owes(PageKey key) const;
    // The image has been read: the page is in memory.
    void loaded(PageKey key, const IndexPage& image);
    // The image cannot be read: what only it knew is lost.
    void lose(PageKey key);
    // Makes a page dirty that is in memory, so that its image moves.
    void touch(PageKey key);

    enum class Writable : uint8_t { no, owes, empty, yes };
    // no: not dirty, or deleted; owes: its image must be read first.
    // A dirty page, out of the queue; false: none that became dirty by the end of `epoch`.
    [[nodiscard]] bool pop_dirty(uint32_t epoch, PageKey& key);
    [[nodiscard]] bool any_dirty(uint32_t epoch) { return frames_.any_dirty(epoch); }
    [[nodiscard]] Writable writable(PageKey key) const;
    void fill_image(PageKey key, IndexPage& image) const;
    // A dirty page has a new image; or, being empty, needs none.
    void placed(PageKey key, const ImageRef& image);
    void vanished(PageKey key);
    uint32_t end_epoch() { return frames_.end_epoch(); }
    [[nodiscard]] uint32_t dirty_pages() const { return frames_.dirty_count(); }

    // What is to be erased: the next page; false: none. Its blocks are forgotten by forget_frame()
    // when that says true, or else once its image has been read, by forget_image().
    [[nodiscard]] bool next_erased(PageKey& key);
    [[nodiscard]] bool forget_frame(PageKey key);
    void forget_image(PageKey key, const IndexPage* image);
    [[nodiscard]] uint64_t erasing_pages() const { return erasing_pages_; }
    // Frames that owe: with their next images blocks are forgotten that count as alive.
    [[nodiscard]] uint64_t owing_pages() const { return owing_pages_; }

    // --- A recount of what images name (index_recount.cc), for the recounter.

    // False at first, and when an image was lost: more may be counted than there is.
    [[nodiscard]] bool counts_exact() const { return counts_exact_; }
    // Before a recount: takes a page out of the last one.
    void uncount(PageKey key);
    void begin_recount();
    void give_up_recount() { recounting_ = false; }
    // Whether the page has an image that is to be counted. What is to be erased soon has none.
    [[nodiscard]] bool uncounted(PageKey key) const;
    // Requires: uncounted. A page that does not owe is counted as its frame knows it; one that
    // does, by its image.
    void count(PageKey key);
    void count(PageKey key, const IndexPage& image);
    // The image cannot be read: its page becomes dirty, so that it is given up when its next image
    // is made.
    void doubt(PageKey key);
    [[nodiscard]] bool all_counted() const { return counted_images_ == images_; }
    // An image was lost that had been counted: only another recount helps.
    [[nodiscard]] bool recount_spoiled() const { return recount_spoiled_; }
    // Requires: all counted, not spoiled, and that no checkpoint is saving the counts.
    void end_recount();

    // Walks all extents and pages, for checkpoints and scrub.
    [[nodiscard]] uint32_t slot_count() const { return static_cast<uint32_t>(extents_.size()); }
    [[nodiscard]] bool used(uint32_t slot) const { return extents_[slot].used; }
    [[nodiscard]] bool deleted(uint32_t slot) const {
        return extents_[slot].used && extents_[slot].deleted;
    }
    [[nodiscard]] const base::ExtentId& id(uint32_t slot) const { return extents_[slot].id; }
    [[nodiscard]] uint32_t page_end(uint32_t slot) const;
    [[nodiscard]] bool erased(PageKey key) const;
    [[nodiscard]] bool holds(PageKey key) const;
    [[nodiscard]] uint64_t page_count() const { return page_count_; }
    // Recovery.
    uint32_t restore_extent(const base::ExtentId& id, bool deleted);
    void restore_page(PageKey key, const ImageRef& image, bool erased);

    [[nodiscard]] const Layout& layout() const { return segments_.layout(); }
    [[nodiscard]] uint64_t bytes() const;
    [[nodiscard]] uint64_t hits() const { return hits_; }
    [[nodiscard]] uint64_t misses() const { return misses_; }

  private:
    static constexpr uint32_t group_shift = 6;
    static constexpr uint32_t group_pages = 1u << group_shift;

    struct PageRef {
        Place place;
        uint32_t crc;
        uint32_t frame : 28;
        uint32_t quarter : 2;
        uint32_t erased : 1;
        uint32_t counted : 1;  // The image, by the recount.
        [[nodiscard]] bool used() const { return place != 0 || frame != 0; }
    };
    static_assert(sizeof(PageRef) == 12);
    struct Group {
        PageRef at[group_pages];
    };
    struct Extent {
        base::ExtentId id;
        std::vector<uint32_t> groups;  // Slab numbers; 0: none. As long as its pages need.
        uint32_t pages = 0;            // Used ones,
        uint32_t erased = 0;           // and of them, those that are erased.
        uint32_t in_volume = 0;        // Its place in the volume's list.
        bool used = false;
        bool deleted = false;
    };

    [[nodiscard]] PageRef* ref(PageKey key);
    [[nodiscard]] const PageRef* ref(PageKey key) const;
    PageRef& make_ref(PageKey key);
    void use(PageKey key);
    void leave(PageKey key);
    uint32_t open(const base::ExtentId& id);
    uint32_t take_slot(const base::ExtentId& id);
    void remove_extent(uint32_t slot);

    uint32_t obtain_frame();
    void evict(uint32_t number);
    Frame& change(PageKey key);
    void mark_erased(PageKey key, PageRef& ref, bool erased);
    void set_owing(Frame& frame, bool owing);
    void drop_frame(PageRef& ref);
    void drop_image(PageRef& ref);
    void put(const PageRef& ref, Frame& frame, uint32_t entry, const Location& location);
    void erase_page(PageKey key, uint32_t first_entry, uint32_t end_entry);
    void settle_images(const PageRef& ref, Frame& frame);
    void came_alive(Place place);
    void forgotten(Place place);
    void image_names(const PageRef& ref, Place place);
    void image_forgets(const PageRef& ref, Place place);
    void set_counted(PageRef& ref, bool counted);
    void count_place(Place place);
    void note_loss(const PageRef& ref);
    [[nodiscard]] uint64_t frames_max() const;

    Segments& segments_;
    uint64_t bytes_max_;
    std::deque<Extent> extents_;
    std::vector<uint32_t> free_slots_;
    std::unordered_map<base::ExtentId, uint32_t, ExtentHash> slots_;
    std::unordered_map<base::VolumeId, std::vector<uint32_t>> volumes_;
    Slab<Group> groups_;
    FramePool frames_;
    std::deque<PageKey> erased_pages_;
    std::deque<uint32_t> deleted_slots_;
    uint32_t deleted_page_ = 0;   // Where the walk of the first deleted extent is.
    uint64_t group_numbers_ = 0;  // Entries of all extents' lists.
    uint64_t page_count_ = 0;
    uint64_t images_ = 0;
    uint64_t counted_images_ = 0;  // Of them, those that the last recount has or had counted.
    bool recounting_ = false;
    bool recount_spoiled_ = false;
    bool counts_exact_ = false;
    uint64_t erasing_pages_ = 0;
    uint64_t owing_pages_ = 0;
    uint64_t hits_ = 0;
    uint64_t misses_ = 0;
    uint64_t loads_ = 0;  // Pages read that have not been looked at since: no hit of the memory.
    uint32_t holds_ = 0;
};

}  // namespace store
