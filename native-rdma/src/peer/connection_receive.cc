// A connection's way in: frames, and the memory that their payloads go to.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "peer/connection.h"
#include "peer/handshake.h"
#include "peer/lane.h"

namespace peer {

using base::limits::block_bytes;

// Receives into the reader's own memory, and a large piece of a payload straight to its place.
void Connection::arm_receive() {
    if (receiving_ || state_ != ConnectionState::live) {
        return;
    }
    receiving_ = true;
    io_uring_sqe& entry = lane_.reactor().prepare(receive_operation_);
    const std::span<uint8_t> space = reader_.space();
    const std::span<uint8_t> direct = reader_.direct_target();
    if (direct.size() < direct_bytes_min) {
        direct_bytes_ = 0;
        io_uring_prep_recv(&entry, socket_, space.data(), space.size(), 0);
    } else {
        direct_bytes_ = static_cast<uint32_t>(direct.size());
        receive_vectors_[0] = {direct.data(), direct.size()};
        receive_vectors_[1] = {space.data(), space.size()};
        receive_message_ = {};
        receive_message_.msg_iov = receive_vectors_;
        receive_message_.msg_iovlen = 2;
        io_uring_prep_recvmsg(&entry, socket_, &receive_message_, 0);
    }
    if (socket_drained_) {
        entry.ioprio |= IORING_RECVSEND_POLL_FIRST;  // Trying at once would be in vain.
    }
}

void Connection::on_received(int32_t result, uint32_t cqe_flags) {
    receiving_ = false;
    socket_drained_ =
        lane_.reactor().features().defer_taskrun && (cqe_flags & IORING_CQE_F_SOCK_NONEMPTY) == 0;
    schedule_turn();
    if (state_ != ConnectionState::live || result == -EINTR || result == -EAGAIN) {
        return;
    }
    if (result <= 0) {
        close(result == 0 ? "it closed the connection" : error_text(-result));
        return;
    }
    auto bytes = static_cast<uint32_t>(result);
    lane_.counted.bytes_received.add(bytes);
    const uint32_t placed = std::min(bytes, direct_bytes_);
    if (placed > 0) {
        reader_.placed(placed);
    }
    reader_.received(bytes - placed);
    process();
}

void Connection::process() {
    while (state_ == ConnectionState::live) {
        const char* wrong = nullptr;
        switch (reader_.next()) {
            case ReadEvent::need_more:
                return;
            case ReadEvent::frame:
                lane_.counted.frames_received.add(1);
                wrong = handle_frame();
                break;
            case ReadEvent::payload_end:
                wrong = handle_payload_end();
                break;
            case ReadEvent::broken:
                wrong = reader_.error();
                break;
        }
        if (wrong != nullptr) {
            lane_.registry().refused(theirs_.from, wrong);
            close(wrong);
        }
    }
}

// Null, or why the connection has to end.
const char* Connection::handle_frame() {
    const FrameType type = reader_.decoded().type;
    if ((direction_ == Direction::outgoing) != (type == FrameType::response)) {
        return "type: this direction of a connection has no such frames";
    }
    switch (type) {
        case FrameType::response:
            return handle_response();
        case FrameType::request:
            return handle_request();
        case FrameType::append:
            handle_append();
            return nullptr;
        default:
            lane_.deliver_message(theirs_.from, theirs_.incarnation, reader_.decoded());
            return nullptr;
    }
}

// Who it is from, and the checksums, which must outlast the frame.
void Connection::fill(Parcel& parcel) {
    parcel.from = theirs_.from;
    parcel.incarnation = theirs_.incarnation;
    const uint32_t blocks = reader_.payload_bytes() / block_bytes;
    std::copy_n(reader_.decoded().crcs.begin(), blocks, parcel.crcs.begin());
}

void Connection::handle_append() {
    Parcel* parcel = lane_.take(ParcelKind::append, reader_.payload_bytes());
    if (parcel == nullptr) {
        lane_.counted.messages_dropped.add(1);
        return;
    }
    fill(*parcel);
    auto& append = parcel->stored.append;
    append = std::get<replication::Append>(reader_.decoded().message);
    append.data = parcel->buffer.data;
    append.crcs = append.data == nullptr ? nullptr : parcel->crcs.data();
    if (append.data == nullptr) {
        lane_.deliver(*parcel, append.pg);
        return;
    }
    reader_.set_target(parcel->buffer.data);
    taking_ = parcel;
}

const char* Connection::handle_request() {
    const RequestFrame& asked = reader_.decoded().request;
    const bool is_read = asked.verb == Verb::read;
    const uint32_t bytes =
        is_read ? asked.range.block_count * block_bytes : reader_.payload_bytes();
    Parcel* parcel = lane_.take(ParcelKind::call, bytes);
    if (parcel == nullptr) {
        return refuse(asked);
    }
    fill(*parcel);
    parcel->id = asked.id;
    parcel->connection = this;
    Call& call = parcel->asked;
    call.from = theirs_.from;
    call.epoch = asked.epoch;
    call.verb = asked.verb;
    call.owner = nullptr;
    call.read.range = call.write.range = asked.range;
    call.read.fence = call.write.fence = asked.fence;
    calls_.push_back(*parcel);
    parcel->status = {};
    if (is_read) {
        call.read.data = parcel->buffer.data;
        call.read.registered_index = parcel->buffer.registered_index;
        call.read.failed_block = 0;
    } else {
        call.write.generation = asked.generation;
        call.write.data = parcel->buffer.data;
        call.write.crcs = asked.deallocate ? nullptr : parcel->crcs.data();
    }
    if (reader_.payload_bytes() == 0) {
        lane_.deliver(*parcel, asked.range.extent.pg);
        return nullptr;
    }
    reader_.set_target(parcel->buffer.data);
    taking_ = parcel;
    return nullptr;
}

const char* Connection::handle_response() {
    const ResponseFrame& response = reader_.decoded().response;
    Request* request = find(response.id);
    if (request == nullptr) {
        return "id: no such request is under way";
    }
    const bool has_data = request->verb == Verb::read && response.status.ok();
    if (response.block_count != (has_data ? request->range.block_count : 0)) {
        return "block_count: expected what was asked for";
    }
    request->failed_block = response.failed_block;
    if (!has_data) {
        complete(*request, response.status);
        return nullptr;
    }
    reader_.set_target(request->target);
    answering_ = request;
    return nullptr;
}

bool Connection::checksums_hold(const uint8_t* data, uint32_t block_count) {
    for (uint32_t block = 0; block < block_count; ++block) {
        if (base::crc32c(data + size_t{block} * block_bytes, block_bytes) !=
            reader_.decoded().crcs[block]) {
            return false;
        }
    }
    return true;
}

const char* Connection::handle_payload_end() {
    const uint32_t block_count = reader_.payload_bytes() / block_bytes;
    if (answering_ != nullptr) {
        Request& request = *answering_;
        if (!checksums_hold(request.target, block_count)) {
            return "payload: expected blocks that their checksums fit";
        }
        answering_ = nullptr;
        complete(request, {});
        return nullptr;
    }
    Parcel* parcel = taking_;
    if (parcel == nullptr) {
        return nullptr;  // It found no memory.
    }
    if (parcel->kind == ParcelKind::append) {
        // Its checksums are the replica's to look at: what is sent late may be overwritten.
        taking_ = nullptr;
        lane_.deliver(*parcel, parcel->stored.append.pg);
        return nullptr;
    }
    if (!checksums_hold(parcel->buffer.data, block_count)) {
        return "payload: expected blocks that their checksums fit";
    }
    taking_ = nullptr;
    lane_.deliver(*parcel, parcel->asked.write.range.extent.pg);
    return nullptr;
}

}  // namespace peer
