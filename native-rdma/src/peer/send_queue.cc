#include "peer/send_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace peer {

uint8_t* SendQueue::reserve(uint32_t bytes) {
    Batch& batch = waiting();
    const uint32_t wanted = batch.used + bytes;
    if (wanted > waiting_bytes_max) {
        return nullptr;
    }
    if (wanted > batch.capacity) {
        const uint32_t capacity = std::max(bytes_first, std::bit_ceil(wanted));
        auto larger = std::make_unique_for_overwrite<uint8_t[]>(capacity);
        if (batch.used > 0) {
            std::memcpy(larger.get(), batch.staged.get(), batch.used);
        }
        batch.staged = std::move(larger);
        batch.capacity = capacity;
    }
    return batch.staged.get() + batch.used;
}

void SendQueue::commit(uint32_t bytes, std::span<const uint8_t> payload) {
    Batch& batch = waiting();
    if (!batch.pieces.empty() && batch.pieces.back().payload == nullptr) {
        batch.pieces.back().bytes += bytes;
    } else {
        batch.pieces.push_back({nullptr, batch.used, bytes});
    }
    batch.used += bytes;
    if (!payload.empty()) {
        batch.pieces.push_back({payload.data(), 0, static_cast<uint32_t>(payload.size())});
    }
}

void SendQueue::begin() {
    CHECK(!sending_ && !empty(), "there is something to send, one send at a time");
    CHECK(leaving().requests.empty() && leaving().parcels.empty(), "what was sent is taken back");
    filling_ = 1 - filling_;
    sending_ = true;
    piece_first_ = 0;
    piece_sent_ = 0;
}

uint32_t SendQueue::gather(std::span<iovec, vectors_max> vectors) const {
    const Batch& batch = batches_[1 - filling_];
    uint32_t count = 0;
    uint32_t skipped = piece_sent_;
    for (size_t index = piece_first_; index < batch.pieces.size() && count < vectors_max; ++index) {
        const Piece& piece = batch.pieces[index];
        const uint8_t* from =
            piece.payload != nullptr ? piece.payload : batch.staged.get() + piece.offset;
        vectors[count++] = {const_cast<uint8_t*>(from) + skipped, piece.bytes - skipped};
        skipped = 0;
    }
    return count;
}

bool SendQueue::sent(uint64_t bytes) {
    Batch& batch = leaving();
    while (bytes > 0) {
        CHECK(piece_first_ < batch.pieces.size(), "no more is sent than there was");
        const uint32_t left = batch.pieces[piece_first_].bytes - piece_sent_;
        if (bytes < left) {
            piece_sent_ += static_cast<uint32_t>(bytes);
            return false;
        }
        bytes -= left;
        ++piece_first_;
        piece_sent_ = 0;
    }
    if (piece_first_ < batch.pieces.size()) {
        return false;
    }
    batch.pieces.clear();
    batch.used = 0;
    sending_ = false;
    return true;
}

Request* SendQueue::take_request() {
    CHECK(!sending_, "the kernel still reads what they carry");
    Request* request = leaving().requests.pop_front();
    return request == nullptr && abandoned_ ? waiting().requests.pop_front() : request;
}

Parcel* SendQueue::take_parcel() {
    CHECK(!sending_, "the kernel still reads what they carry");
    Parcel* parcel = leaving().parcels.pop_front();
    return parcel == nullptr && abandoned_ ? waiting().parcels.pop_front() : parcel;
}

}  // namespace peer
