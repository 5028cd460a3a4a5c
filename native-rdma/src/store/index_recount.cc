// A recount of what the images name, while they change.
#include "base/check.h"
#include "store/index.h"

namespace store {

void Index::set_counted(PageRef& ref, bool counted) {
    if ((ref.counted != 0) != counted) {
        ref.counted = counted ? 1 : 0;
        counted_images_ += counted ? 1 : -1;
    }
}

void Index::uncount(PageKey key) {
    CHECK(!recounting_, "a page is taken out of a recount that is over");
    if (PageRef* found = ref(key)) {
        set_counted(*found, false);
    }
}

void Index::begin_recount() {
    CHECK(counted_images_ == 0, "a recount begins anew");
    segments_.begin_recount();
    recounting_ = true;
    recount_spoiled_ = false;
}

bool Index::uncounted(PageKey key) const {
    const PageRef* found = ref(key);
    return found != nullptr && found->place != 0 && found->counted == 0 && found->erased == 0 &&
           !extents_[key.slot].deleted;
}

void Index::count_place(Place place) {
    if (names_block(place)) {
        segments_.recount_names(place);
    }
}

void Index::count(PageKey key) {
    PageRef& found = *ref(key);
    CHECK(recounting_ && found.counted == 0 && found.frame != 0, "an image is counted once");
    const Frame& frame = frames_[found.frame];
    CHECK(!frame.is(Frame::owes), "what is counted is known");
    frames_.each_imaged(frame, [this](Place place) { count_place(place); });
    set_counted(found, true);
}

void Index::count(PageKey key, const IndexPage& image) {
    PageRef& found = *ref(key);
    CHECK(recounting_ && found.counted == 0, "an image is counted once");
    CHECK(crc_of(image) == found.crc, "a page is counted by its own image");
    for (const Place place : image.places) {
        count_place(place);
    }
    set_counted(found, true);
}

void Index::doubt(PageKey key) {
    CHECK(uncounted(key), "the page has an image");
    static_cast<void>(change(key));
}

void Index::note_loss(const PageRef& ref) {
    counts_exact_ = false;
    recount_spoiled_ = recount_spoiled_ || (recounting_ && ref.counted != 0);
}

void Index::end_recount() {
    CHECK(recounting_ && !recount_spoiled_ && all_counted(), "a recount knows all images");
    segments_.end_recount();
    recounting_ = false;
    counts_exact_ = true;
}

}  // namespace store
