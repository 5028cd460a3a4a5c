#include "store/segment_sweep.h"

#include <algorithm>

namespace store {

SegmentSweep::SegmentSweep(Device& device, const Layout& layout, DeviceVerb verb, Client& client)
    : device_(device),
      layout_(layout),
      verb_(verb),
      client_(client),
      pages_(make_pages(in_flight_max)) {
    for (uint32_t number = 0; number < in_flight_max; ++number) {
        io_[number].sweep = this;
        io_[number].memory = {pages_.get() + size_t{number} * block_bytes, block_bytes};
        io_[number].verb = verb;
        io_[number].bytes = block_bytes;
        io_[number].vector = &io_[number].memory;
        io_[number].vector_count = 1;
        io_[number].done = [](DeviceIo& io, base::Status status) {
            auto& landed = static_cast<Io&>(io);
            landed.sweep->landed(landed, status);
        };
    }
}

void SegmentSweep::start() {
    const uint32_t count = std::min(in_flight_max, layout_.segment_count);
    for (uint32_t number = 0; number < count; ++number) {
        next(io_[number]);
    }
}

void SegmentSweep::next(Io& io) {
    io.segment = next_segment_++;
    io.offset = Layout::offset_of(layout_.place(io.segment, 0));
    if (verb_ != DeviceVerb::read) {
        static_cast<void>(client_.visit(io.segment, static_cast<uint8_t*>(io.memory.iov_base)));
    }
    ++in_flight_;
    device_.submit(io);
}

void SegmentSweep::landed(Io& io, base::Status status) {
    --in_flight_;
    if (!status.ok() && status_.ok()) {
        status_ = status;
    }
    ended_ = ended_ || !status.ok();
    if (!ended_ && verb_ == DeviceVerb::read) {
        ended_ = !client_.visit(io.segment, static_cast<uint8_t*>(io.memory.iov_base));
    }
    if (!ended_ && next_segment_ < layout_.segment_count) {
        next(io);
    } else if (in_flight_ == 0) {
        client_.swept(status_);
    }
}

}  // namespace store
