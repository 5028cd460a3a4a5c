#include "store/block_reader.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

// As many pages as a read can touch.
constexpr uint32_t pages_per_op_max = blocks_per_op_max / page_entries + 1;
static_assert(blocks_per_op_max % page_entries == 0);

}  // namespace

BlockReader::BlockReader(const ReaderParts& parts, Listener& listener)
    : parts_(parts),
      listener_(listener),
      pieces_(std::make_unique<Piece[]>(parts.pieces_max)),
      free_count_(parts.pieces_max) {
    for (uint32_t number = parts.pieces_max; number-- > 0;) {
        Piece& piece = pieces_[number];
        piece.reader = this;
        piece.verb = DeviceVerb::read;
        piece.vector = &piece.memory;
        piece.vector_count = 1;
        piece.done = [](DeviceIo& io, Status status) {
            auto& landed = static_cast<Piece&>(io);
            landed.reader->piece_done(landed, status);
        };
        piece.next_free = free_;
        free_ = &piece;
    }
    zero_task_.reader = this;
    zero_task_.run = [](reactor::Task& task) {
        static_cast<ZeroTask&>(task).reader->finish_zeroes();
    };
}

BlockReader::~BlockReader() {
    CHECK(in_flight_ == 0 && !zero_task_.queued, "reads end before their store");
}

Status BlockReader::submit(ReadOp& op) {
    if (free_count_ - promised_ < op.block_count) {
        return Status(Errc::busy);
    }
    ++in_flight_;
    op.status = Status();
    op.failed_block = 0;
    op.pieces_left = 0;
    op.reader = this;
    op.resume = [](PageWaiter& waiter, Status status, const IndexPage*) {
        auto& self = static_cast<ReadOp&>(waiter);
        self.reader->resume(self, status);
    };
    start(op);
    return Status();
}

// Begins when all pages of the index are in memory; until then it waits for the first that is not.
void BlockReader::start(ReadOp& op) {
    const uint32_t slot = parts_.index.slot_of(op.extent);
    const uint32_t end = op.first_block + op.block_count;
    Index::Found found[pages_per_op_max];
    uint32_t pages = 0;
    for (uint32_t block = op.first_block; block < end; ++pages) {
        const uint32_t page = block >> page_shift;
        const uint32_t page_first = page << page_shift;
        const uint32_t page_end = std::min(end, page_first + page_entries);
        found[pages] =
            parts_.index.find(slot, page, entry_bits(block - page_first, page_end - page_first));
        if (found[pages].presence == Index::Presence::away) {
            promised_ += op.block_count;
            op.failed_block = block;  // If the page cannot be read.
            parts_.loader.load({slot, page}, op);
            return;
        }
        block = page_end;
    }
    Piece* piece = nullptr;
    for (uint32_t block = op.first_block; block < end; ++block) {
        const Index::Found& page = found[(block >> page_shift) - (op.first_block >> page_shift)];
        const uint32_t entry = block & (page_entries - 1);
        const Place place = page.presence == Index::Presence::zero ? 0 : page.frame->places[entry];
        if (place == 0) {
            std::memset(op.data + size_t{block - op.first_block} * block_bytes, 0, block_bytes);
        } else if (place == lost_place) {
            note_damage(op, block);
        } else {
            piece = append(op, piece, block, place, page.frame->crcs[entry]);
        }
    }
    if (piece != nullptr) {
        send(*piece);
    } else {
        finish_later(op);
    }
}

void BlockReader::resume(ReadOp& op, Status status) {
    promised_ -= op.block_count;
    if (status.ok()) {
        op.failed_block = 0;
        start(op);
        return;
    }
    ++parts_.stats.checksum_errors;
    op.status = status;
    finish_later(op);
}

// Adds a block to the piece when it is its neighbour, or sends that off and begins another.
BlockReader::Piece* BlockReader::append(
    ReadOp& op, Piece* piece, uint32_t block, Place place, uint32_t crc) {
    if (piece != nullptr && piece->first_block + piece->count == block &&
        piece->place + piece->count == place) {
        piece->crcs[piece->count++] = crc;
        return piece;
    }
    if (piece != nullptr) {
        send(*piece);
    }
    piece = free_;
    free_ = piece->next_free;
    --free_count_;
    ++op.pieces_left;
    piece->op = &op;
    piece->place = place;
    piece->first_block = block;
    piece->count = 1;
    piece->crcs[0] = crc;
    parts_.segments.pin(place);
    return piece;
}

void BlockReader::send(Piece& piece) {
    const ReadOp& op = *piece.op;
    uint8_t* data = op.data + size_t{piece.first_block - op.first_block} * block_bytes;
    piece.memory = {data, size_t{piece.count} * block_bytes};
    piece.offset = Layout::offset_of(piece.place);
    piece.bytes = piece.count * block_bytes;
    piece.registered_index = op.registered_index;
    parts_.device.submit(piece);
}

void BlockReader::piece_done(Piece& piece, Status status) {
    ReadOp& op = *piece.op;
    if (status.ok()) {
        verify(piece);
    } else if (op.status.ok()) {
        op.status = status;
        op.failed_block = piece.first_block;
    }
    parts_.segments.unpin(piece.place);
    piece.next_free = free_;
    free_ = &piece;
    ++free_count_;
    if (--op.pieces_left == 0) {
        finish(op);
    }
}

// Of several damaged blocks the lowest is named.
void BlockReader::verify(Piece& piece) {
    ReadOp& op = *piece.op;
    const auto* data = static_cast<const uint8_t*>(piece.memory.iov_base);
    for (uint32_t index = 0; index < piece.count; ++index) {
        if (base::crc32c(data + size_t{index} * block_bytes, block_bytes) == piece.crcs[index]) {
            continue;
        }
        note_damage(op, piece.first_block + index);
    }
}

void BlockReader::note_damage(ReadOp& op, uint32_t block) {
    ++parts_.stats.checksum_errors;
    if (op.status.ok() || (op.status.code() == Errc::checksum_wrong && block < op.failed_block)) {
        op.status = Status(Errc::checksum_wrong);
        op.failed_block = block;
    }
}

void BlockReader::finish(ReadOp& op) {
    --in_flight_;
    op.done(op, op.status);
    listener_.read_over();
}

void BlockReader::finish_later(ReadOp& op) {
    zeroes_.push_back(op);
    parts_.executor.defer(zero_task_);
}

void BlockReader::finish_zeroes() {
    for (uint32_t left = zeroes_.count(); left > 0; --left) {
        finish(*zeroes_.pop_front());
    }
}

}  // namespace store
