#include "store/block_reader.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

// Entries of the page that begins at `page_first`, from `first` up to, not including, `end`.
uint64_t wanted_bits(uint32_t page_first, uint32_t first, uint32_t end) {
    const uint32_t from = std::max(first, page_first) - page_first;
    const uint32_t to = std::min(end - page_first, page_entries);
    const uint64_t below = to == page_entries ? ~uint64_t{0} : (uint64_t{1} << to) - 1;
    return below & ~((uint64_t{1} << from) - 1);
}

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

// Whether the index's pages are in memory; otherwise the read waits for the first that is not.
bool BlockReader::find_pages(ReadOp& op, uint32_t slot) {
    const uint32_t end = op.first_block + op.block_count;
    for (uint32_t page = op.first_block >> page_shift; page << page_shift < end; ++page) {
        const uint64_t wanted = wanted_bits(page << page_shift, op.first_block, end);
        if (parts_.index.find(slot, page, wanted).presence == Index::Presence::away) {
            promised_ += op.block_count;
            parts_.loader.load({slot, page}, op);
            return false;
        }
    }
    return true;
}

void BlockReader::start(ReadOp& op) {
    const uint32_t slot = parts_.index.slot_of(op.extent);
    const uint32_t end = op.first_block + op.block_count;
    // Most reads are of one page: it is looked up once.
    if (op.first_block >> page_shift != (end - 1) >> page_shift && !find_pages(op, slot)) {
        return;
    }
    Piece* piece = nullptr;
    for (uint32_t block = op.first_block; block < end;) {
        const uint32_t page = block >> page_shift;
        const uint32_t page_end = std::min(end, (page + 1) << page_shift);
        const Index::Found found =
            parts_.index.find(slot, page, wanted_bits(page << page_shift, op.first_block, end));
        if (found.presence == Index::Presence::away) {
            CHECK(piece == nullptr && op.pieces_left == 0, "a read begins when all is known");
            promised_ += op.block_count;
            parts_.loader.load({slot, page}, op);
            return;
        }
        for (; block < page_end; ++block) {
            const uint32_t entry = block & (page_entries - 1);
            const Place place =
                found.presence == Index::Presence::zero ? 0 : found.frame->places[entry];
            if (place == 0) {
                std::memset(op.data + size_t{block - op.first_block} * block_bytes, 0, block_bytes);
            } else if (place == lost_place) {
                note_damage(op, block);
            } else {
                piece = append(op, piece, block, place, found.frame->crcs[entry]);
            }
        }
    }
    if (piece != nullptr) {
        send(*piece);
    } else {
        zeroes_.push_back(op);
        parts_.executor.defer(zero_task_);
    }
}

void BlockReader::resume(ReadOp& op, Status status) {
    promised_ -= op.block_count;
    if (status.ok()) {
        start(op);
        return;
    }
    // The index itself is damaged: the first block of the page that could not be read is named.
    ++parts_.stats.checksum_errors;
    op.status = status;
    op.failed_block = op.first_block;
    const uint32_t slot = parts_.index.slot_of(op.extent);
    const uint32_t next_page = ((op.first_block >> page_shift) + 1) << page_shift;
    const uint64_t wanted = wanted_bits(next_page - page_entries, op.first_block, next_page);
    if (parts_.index.find(slot, op.first_block >> page_shift, wanted).presence !=
        Index::Presence::away) {
        op.failed_block = next_page;
    }
    zeroes_.push_back(op);
    parts_.executor.defer(zero_task_);
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

void BlockReader::finish_zeroes() {
    for (uint32_t left = zeroes_.count(); left > 0; --left) {
        finish(*zeroes_.pop_front());
    }
}

}  // namespace store
