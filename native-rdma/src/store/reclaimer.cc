#include "store/reclaimer.h"

#include "store/segment_writer.h"

namespace store {

Reclaimer::Reclaimer(Device& device,
                     const Layout& layout,
                     const base::Uuid& store_id,
                     DeviceVerb write_verb,
                     Segments& segments)
    : layout_(layout),
      store_id_(store_id),
      write_verb_(write_verb),
      segments_(segments),
      page_(make_pages(1)),
      step_(device, *this) {}

void Reclaimer::kick() {
    if (busy_ || stopped_) {
        return;
    }
    segment_ = segments_.next_abandoned();
    if (segment_ != Segments::none) {
        busy_ = true;
        mark();
        return;
    }
    segment_ = segments_.next_retiring();
    if (segment_ != Segments::none) {
        busy_ = true;
        discard();
    }
}

void Reclaimer::mark() {
    SegmentStamp stamp;
    stamp.kind = SegmentKind::free;
    stamp.store_id = store_id_;
    stamp.sequence = segments_.sequence(segment_);
    stamp.durable_through = listener_->durable_through();
    stamp.index = segment_;
    write_segment_header(page_.get(), stamp);
    step_.run(write_verb_,
              Layout::offset_of(layout_.place(segment_, 0)),
              page_.get(),
              block_bytes,
              &Reclaimer::marked);
}

void Reclaimer::marked(base::Status status) {
    if (!status.ok()) {
        busy_ = false;
        listener_->reclaim_failed(status);
        return;
    }
    segments_.marked(segment_);
    discard();
}

void Reclaimer::discard() {
    step_.run(DeviceVerb::discard,
              Layout::offset_of(layout_.place(segment_, 1)),
              nullptr,
              static_cast<uint32_t>(layout_.segment_bytes() - block_bytes),
              &Reclaimer::discarded);
}

// A discard is a hint: that it failed changes nothing.
void Reclaimer::discarded(base::Status) {
    busy_ = false;
    segments_.freed(segment_);
    kick();
    listener_->reclaimed();
}

}  // namespace store
