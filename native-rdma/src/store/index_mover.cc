#include "store/index_mover.h"

#include <algorithm>

#include "base/check.h"

namespace store {

IndexMover::IndexMover(Device& device, Index& index, PageLoader& loader, Client& client)
    : device_(device),
      index_(index),
      loader_(loader),
      client_(client),
      layout_(index.layout()),
      window_(make_pages(window_blocks)) {
    io_.mover = this;
    io_.verb = DeviceVerb::read;
    io_.vector = &part_;
    io_.vector_count = 1;
    io_.done = [](DeviceIo& io, base::Status status) {
        IndexMover& self = *static_cast<Io&>(io).mover;
        if (status.ok() && !self.stopped_) {
            self.go_on();
        } else {
            self.end();
        }
    };
    wait_.mover = this;
    wait_.resume = [](PageWaiter& waiter, base::Status status, const IndexPage*) {
        IndexMover& self = *static_cast<Wait&>(waiter).mover;
        self.image_ += status.ok() ? 0 : 1;  // It is looked at again, unless it cannot be read.
        if (self.stopped_) {
            self.end();
        } else {
            self.go_on();
        }
    };
}

IndexMover::~IndexMover() {
    CHECK(idle(), "images are moved before their store ends");
}

void IndexMover::start(uint32_t segment) {
    segment_ = segment;
    block_ = 1;
    read_window();
}

void IndexMover::read_window() {
    count_ = std::min(window_blocks, layout_.segment_blocks() - block_);
    image_ = 0;
    part_ = {window_.get(), size_t{count_} * block_bytes};
    io_.offset = Layout::offset_of(layout_.place(segment_, block_));
    io_.bytes = count_ * block_bytes;
    device_.submit(io_);
}

void IndexMover::go_on() {
    const auto* pages = reinterpret_cast<const IndexPage*>(window_.get());
    for (; image_ < count_ * pages_per_block; ++image_) {
        const Place place = layout_.place(segment_, block_ + image_ / pages_per_block);
        if (!keep(pages[image_], {place, image_ % pages_per_block, crc_of(pages[image_])})) {
            return;
        }
    }
    block_ += count_;
    if (block_ < layout_.segment_blocks()) {
        read_window();
    } else {
        end();
    }
}

// False when the page must be read first; then it is looked at again.
bool IndexMover::keep(const IndexPage& page, const ImageRef& image) {
    if (page.magic != index_page_magic) {
        return true;
    }
    const uint32_t slot =
        index_.slot_of({base::VolumeId{page.volume}, page.extent_index, base::PgId{page.pg}});
    const PageKey key{slot, page.page};
    if (slot == Index::no_slot || index_.image(key) != image || index_.erased(key)) {
        return true;
    }
    if (index_.owes(key)) {
        loader_.load(key, wait_);
        return false;
    }
    index_.touch(key);
    return true;
}

void IndexMover::end() {
    segment_ = Segments::none;
    client_.index_moved();
}

}  // namespace store
