// A connection's way out: messages and requests, or the answers to them.
#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "peer/connection.h"
#include "peer/encode.h"
#include "peer/handshake.h"
#include "peer/lane.h"

namespace peer {

using base::limits::block_bytes;

namespace {

constexpr uint32_t slot_bits = 8;

// What a request carries, there or back.
uint64_t data_bytes(const Request& request) {
    const bool has_data = request.verb == Verb::read || request.data != nullptr;
    return has_data ? uint64_t{request.range.block_count} * block_bytes : 0;
}

}  // namespace

bool Connection::send(const replication::Message& message) {
    const uint32_t bytes = frame_bytes(message);
    uint8_t* out = state_ == ConnectionState::live ? queue_.reserve(bytes) : nullptr;
    if (out == nullptr) {
        return false;
    }
    queue_.commit(bytes, encode(message, out));
    lane_.counted.frames_sent.add(1);
    schedule_turn();
    return true;
}

void Connection::request(Request& request) {
    CHECK(live() && direction_ == Direction::outgoing, "a request leaves on an open connection");
    request.sending = request.answered = false;
    waiting_.push_back(request);
    schedule_turn();
}

// Nobody overtakes those who wait. One always may: no more than a whole transfer is asked for.
bool Connection::may_send(const Request& request) const {
    return free_count_ > 0 &&
           (under_way_bytes_ == 0 || under_way_bytes_ + data_bytes(request) <= request_bytes_max);
}

void Connection::send_waiting() {
    while (Parcel* parcel = answers_.front()) {
        if (!send_answer(*parcel)) {
            return;
        }
    }
    if (put_off_until_ns_ > lane_.reactor().now_ns()) {
        return;
    }
    while (Request* request = waiting_.front()) {
        if (!may_send(*request) || queue_.reserve(frame_bytes(*request)) == nullptr) {
            return;
        }
        waiting_.remove(*request);
        send_request(*request);
    }
}

void Connection::send_request(Request& request) {
    const uint32_t slot = free_slots_[--free_count_];
    under_way_[slot] = &request;
    under_way_bytes_ += data_bytes(request);
    request.id = next_number_++ << slot_bits | slot;
    const uint32_t bytes = frame_bytes(request);
    uint8_t* out = queue_.reserve(bytes);
    const std::span<const uint8_t> payload = encode(request, out);
    queue_.commit(bytes, payload);
    lane_.counted.frames_sent.add(1);
    if (!payload.empty()) {
        request.sending = true;
        queue_.pin(request);
    }
}

Request* Connection::find(uint64_t id) {
    Request* request = under_way_[id & (slots - 1)];
    const bool asked =
        request != nullptr && request->id == id && !request->answered && request != answering_;
    return asked ? request : nullptr;
}

// The answer is there; the kernel may still read what the request carries.
void Connection::complete(Request& request, base::Status status) {
    request.status = status;
    request.answered = true;
    if (!request.sending) {
        settle(request);
    }
}

void Connection::settle(Request& request) {
    const auto slot = static_cast<uint8_t>(request.id & (slots - 1));
    under_way_[slot] = nullptr;
    free_slots_[free_count_++] = slot;
    under_way_bytes_ -= data_bytes(request);
    if (request.status.code() != base::Errc::busy) {
        if (live() && !waiting_.empty()) {
            schedule_turn();
        }
        request.done(request, request.status);
        return;
    }
    // Nothing was done: it goes before those that wait, when the primary has had time.
    lane_.counted.requests_put_off.add(1);
    request.answered = false;
    waiting_.push_front(request);
    if (!live()) {
        return;
    }
    put_off_until_ns_ = lane_.reactor().now_ns() + put_off_ns;
    lane_.reactor().arm(timer_, put_off_until_ns_);
}

void Connection::answered(Parcel& parcel) {
    calls_.remove(parcel);
    if (state_ != ConnectionState::live) {
        parcel.connection = nullptr;
        lane_.recycle(parcel);
        return;
    }
    answers_.push_back(parcel);
    schedule_turn();
}

// There is no memory for it: the asker puts it off.
const char* Connection::refuse(const RequestFrame& asked) {
    Answer answer;
    answer.pg = asked.range.extent.pg;
    answer.epoch = asked.epoch;
    answer.id = asked.id;
    answer.status = base::Status(base::Errc::busy);
    const uint32_t bytes = frame_bytes(answer);
    uint8_t* out = queue_.reserve(bytes);
    if (out == nullptr) {
        return "id: more requests than a connection may have under way";
    }
    queue_.commit(bytes, encode(answer, out));
    lane_.counted.frames_sent.add(1);
    return nullptr;
}

// False when the queue has no room for it now.
bool Connection::send_answer(Parcel& parcel) {
    const Call& call = parcel.asked;
    Answer answer;
    answer.pg = call.read.range.extent.pg;
    answer.epoch = call.epoch;
    answer.id = parcel.id;
    answer.status = parcel.status;
    if (call.verb == Verb::read && parcel.status.ok()) {
        answer.data = parcel.buffer.data;
        answer.block_count = call.read.range.block_count;
    } else if (call.verb == Verb::read) {
        answer.failed_block = call.read.failed_block;
    }
    const uint32_t bytes = frame_bytes(answer);
    uint8_t* out = queue_.reserve(bytes);
    if (out == nullptr) {
        return false;
    }
    const std::span<const uint8_t> payload = encode(answer, out);
    queue_.commit(bytes, payload);
    lane_.counted.frames_sent.add(1);
    answers_.remove(parcel);
    parcel.connection = nullptr;
    if (payload.empty()) {
        lane_.recycle(parcel);
    } else {
        queue_.pin(parcel);
    }
    return true;
}

void Connection::flush() {
    send_waiting();
    if (queue_.sending() || queue_.empty()) {
        return;  // What is ready now leaves together when this send is through.
    }
    queue_.begin();
    submit_send();
}

void Connection::submit_send() {
    io_uring_sqe& entry = lane_.reactor().prepare(send_operation_);
    send_message_ = {};
    send_message_.msg_iov = send_vectors_.data();
    send_message_.msg_iovlen = queue_.gather(send_vectors_);
    io_uring_prep_sendmsg(&entry, socket_, &send_message_, MSG_NOSIGNAL | MSG_WAITALL);
}

void Connection::on_sent(int32_t result) {
    if (state_ != ConnectionState::live) {
        queue_.abandon();
        schedule_turn();
        return;
    }
    if (result == -EINTR || result == -EAGAIN) {
        submit_send();
        return;
    }
    if (result <= 0) {
        queue_.abandon();
        close(result == -EPIPE ? "the connection broke" : error_text(-result));
        return;
    }
    lane_.counted.bytes_sent.add(static_cast<uint32_t>(result));
    if (!queue_.sent(static_cast<uint32_t>(result))) {
        submit_send();
        return;
    }
    give_back();
    schedule_turn();
}

// What the kernel has read, or never will.
void Connection::give_back() {
    while (Parcel* parcel = queue_.take_parcel()) {
        lane_.recycle(*parcel);
    }
    while (Request* request = queue_.take_request()) {
        request->sending = false;
        if (request->answered) {
            settle(*request);
        }
    }
}

}  // namespace peer
