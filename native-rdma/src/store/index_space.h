// Where in the index's segments the next images and checkpoint blocks go.
//
// Thread: the store's.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "store/segments.h"

namespace store {

class IndexSpace {
  public:
    IndexSpace(Segments& segments, const base::Uuid& store_id)
        : segments_(segments), store_id_(store_id) {}

    struct Run {
        Place place = 0;  // Of the first block; 0: there is no room.
        uint32_t blocks = 0;
        bool begins_segment = false;  // The block before it is the segment's header.
    };
    // Up to `wanted` blocks one behind the other; fewer only at a segment's end. With `whole`: all
    // of them or none.
    [[nodiscard]] Run take(uint32_t wanted, bool whole);
    // What is to be written for a run whose blocks lie at `memory` behind one more: that becomes
    // the header of a segment that the run begins.
    struct Span {
        uint64_t offset = 0;
        uint8_t* data = nullptr;
        uint32_t bytes = 0;
    };
    [[nodiscard]] Span span(const Run& run, uint8_t* memory) const;

  private:
    Segments& segments_;
    base::Uuid store_id_;
    uint32_t segment_ = Segments::none;  // Open.
    uint32_t block_ = 0;
};

}  // namespace store
