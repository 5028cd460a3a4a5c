#include "store/index_space.h"

#include <algorithm>

#include "store/segment_writer.h"

namespace store {

IndexSpace::Run IndexSpace::take(uint32_t wanted, bool whole) {
    const Layout& layout = segments_.layout();
    if (segment_ != Segments::none) {
        const uint32_t left = layout.segment_blocks() - block_;
        if (left == 0 || (whole && left < wanted)) {
            segments_.close(segment_);
            segment_ = Segments::none;
        }
    }
    const bool begins = segment_ == Segments::none;
    if (begins) {
        if (segments_.free_count() == 0) {
            return {};
        }
        segment_ = segments_.take(SegmentState::index);
        block_ = 1;
    }
    const uint32_t blocks = std::min(wanted, layout.segment_blocks() - block_);
    const Run run{layout.place(segment_, block_), blocks, begins};
    block_ += blocks;
    return run;
}

IndexSpace::Span IndexSpace::span(const Run& run, uint8_t* memory) const {
    if (!run.begins_segment) {
        return {Layout::offset_of(run.place), memory + block_bytes, run.blocks * block_bytes};
    }
    SegmentStamp stamp;
    stamp.kind = SegmentKind::index;
    stamp.store_id = store_id_;
    stamp.index = segments_.layout().segment_of(run.place);
    stamp.sequence = segments_.sequence(stamp.index);
    write_segment_header(memory, stamp);
    return {Layout::offset_of(run.place - 1), memory, (run.blocks + 1) * block_bytes};
}

}  // namespace store
