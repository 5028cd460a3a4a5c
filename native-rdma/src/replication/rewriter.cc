#include "replication/rewriter.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"

namespace replication {

using base::Status;
using base::limits::block_bytes;

Rewriter::Rewriter(store::Store& store, Client& client)
    : store_(store), client_(client), pages_(store::make_pages(piece_blocks)), crcs_(piece_blocks) {
    reading_.rewriter = this;
    reading_.done = [](store::ReadOp& op, Status status) {
        static_cast<Reading&>(op).rewriter->was_read(status);
    };
    write_.rewriter = this;
    write_.internal = true;
    write_.done = [](Write& write, Status status) {
        static_cast<Op&>(write).rewriter->written(status);
    };
}

Rewriter::~Rewriter() {
    CHECK(idle(), "rewriting ends before its group");
}

void Rewriter::start(std::vector<Range> ranges) {
    CHECK(idle(), "one rewriting at a time");
    stopped_ = false;
    for (const Range& range : ranges) {
        for (uint32_t block = 0; block < range.block_count; block += piece_blocks) {
            ranges_.push_back({range.extent,
                               range.first_block + block,
                               std::min(piece_blocks, range.block_count - block)});
        }
    }
    next();
}

void Rewriter::stop() {
    stopped_ = true;
    ranges_.clear();
    if (refused_) {
        refused_ = busy_ = false;
    }
}

void Rewriter::tick() {
    if (refused_) {
        next();
    }
}

void Rewriter::next() {
    busy_ = !ranges_.empty();
    if (!busy_) {
        if (stopped_) {
            client_.rewriter_rests();
        } else {
            client_.rewritten();
        }
        return;
    }
    const Range range = ranges_.front();
    reading_.extent = range.extent;
    reading_.first_block = range.first_block;
    reading_.block_count = range.block_count;
    reading_.data = pages_.get();
    write_.range = range;
    refused_ = !store_.submit_read(reading_).ok();
    if (!refused_) {
        ranges_.pop_front();
    }
}

// What is damaged here is left as it is: it is an error for hosts, never a wrong byte. Of a device
// that fails nobody knows what it will read as once it works again.
void Rewriter::was_read(Status status) {
    const Range& range = write_.range;
    if (!status.ok() && status.code() != base::Errc::checksum_wrong && !stopped_) {
        stop();
        client_.rewriting_failed();
    }
    if (!status.ok() && range.block_count > 1 && !stopped_) {
        for (uint32_t block = range.block_count; block-- > 0;) {
            ranges_.push_front({range.extent, range.first_block + block, 1});
        }
    }
    if (!status.ok() || stopped_) {
        next();
        return;
    }
    const size_t bytes = size_t{range.block_count} * block_bytes;
    const uint8_t* data = pages_.get();
    const bool zero = data[0] == 0 && std::memcmp(data, data + 1, bytes - 1) == 0;
    for (uint32_t block = 0; !zero && block < range.block_count; ++block) {
        crcs_[block] = base::crc32c(data + size_t{block} * block_bytes, block_bytes);
    }
    write_.data = zero ? nullptr : data;  // What was deallocated stays so.
    write_.crcs = zero ? nullptr : crcs_.data();
    client_.rewrite(write_);
}

void Rewriter::written(Status status) {
    stopped_ = stopped_ || !status.ok();
    if (stopped_) {
        ranges_.clear();
    }
    next();
}

}  // namespace replication
