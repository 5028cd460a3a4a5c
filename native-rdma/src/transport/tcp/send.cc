#include <cerrno>

#include "transport/tcp/connection.h"

namespace transport::tcp {

void Connection::flush() {
    if (sending_) {
        return;  // What is ready now leaves together when this one is through.
    }
    compose();
    if (vector_count_ > 0) {
        submit_send();
    }
}

// Puts all that is to be said, as far as it fits, into one send.
void Connection::compose() {
    vector_first_ = vector_count_ = 0;
    staged_bytes_ = 0;
    send_bytes_ = 0;
    if (ic_response_due_) {
        ic_response_due_ = false;
        append_staged(write_ic_response(staged(), wire_, base::limits::transfer_bytes_max));
    }
    if (terminate_due_) {
        static_assert(sizeof(nvme::tcp::IcResponse) + terminate_bytes_max <= staging_bytes);
        terminate_due_ = false;
        append_staged(write_terminate(
            staged(), reader_.error(), reader_.error_information(), reader_.offending_header()));
    }
    if (ending()) {
        return;
    }
    while (Slot* slot = unsent_.front()) {
        if (!has_room(*slot)) {
            return;
        }
        unsent_.remove(*slot);
        slot->state == SlotState::fetching ? compose_transfer(*slot) : compose_response(*slot);
    }
}

bool Connection::has_room(const Slot& slot) const {
    constexpr uint32_t staged_max =
        data_header_bytes_max + nvme::tcp::digest_bytes + response_bytes_max;
    constexpr uint32_t vectors_max = 3;  // Before the data, the data, behind them.
    static_assert(staged_max <= staging_bytes && vectors_max <= send_vectors_max);
    return staged_bytes_ + staged_max <= staging_bytes &&
           vector_count_ + vectors_max <= send_vectors_max &&
           (send_bytes_ == 0 || send_bytes_ + slot.response_bytes <= send_bytes_max);
}

// One R2T asks for everything: a host need not support more than one at a time.
void Connection::compose_transfer(Slot& slot) {
    append_staged(write_ready_to_transfer(
        staged(), wire_, slot.command.command_id, slot.tag, 0, slot.transfer_bytes));
}

void Connection::compose_response(Slot& slot) {
    const uint32_t bytes = slot.response_bytes;
    if (bytes == 0) {
        append_staged(write_response(staged(), wire_, slot.completion));
        release_buffer(slot);
        free_slot(slot);
        return;
    }
    // The success flag stands for a completion of zeroes, and tells nothing of the queue's head.
    const bool success = flow_control_off_ && slot.completion.result == 0;
    const std::span<const uint8_t> data{slot.buffer.data, bytes};
    append_staged(write_data_header(staged(), wire_, slot.command.command_id, bytes, success));
    append(data.data(), bytes);
    append_staged(write_data_digest(staged(), wire_, data));
    if (!success) {
        append_staged(write_response(staged(), wire_, slot.completion));
    }
    unconfirmed_.push_back(slot);
}

void Connection::append_staged(uint32_t bytes) {
    if (bytes > 0) {
        append(staged(), bytes);
        staged_bytes_ += bytes;
    }
}

void Connection::append(const uint8_t* data, uint32_t bytes) {
    send_bytes_ += bytes;
    if (vector_count_ > 0) {
        iovec& last = send_vectors_[vector_count_ - 1];
        if (static_cast<const uint8_t*>(last.iov_base) + last.iov_len == data) {
            last.iov_len += bytes;
            return;
        }
    }
    send_vectors_[vector_count_++] = {const_cast<uint8_t*>(data), bytes};
}

void Connection::submit_send() {
    constexpr int flags = MSG_NOSIGNAL | MSG_WAITALL;
    sending_ = true;
    send_submitted_ns_ = shard_.reactor->now_ns();
    io_uring_sqe& entry = shard_.reactor->prepare(send_operation_);
    iovec* vectors = send_vectors_ + vector_first_;
    const uint32_t count = vector_count_ - vector_first_;
    if (count == 1) {
        io_uring_prep_send(&entry, socket_, vectors->iov_base, vectors->iov_len, flags);
        return;
    }
    send_message_ = {};
    send_message_.msg_iov = vectors;
    send_message_.msg_iovlen = count;
    io_uring_prep_sendmsg(&entry, socket_, &send_message_, flags);
}

void Connection::on_sent(int32_t result) {
    sending_ = false;
    if (state_ == ConnectionState::closing) {
        schedule_turn();
        return;
    }
    if (result == -EINTR || result == -EAGAIN) {
        submit_send();
        return;
    }
    if (result <= 0) {
        begin_close();
        return;
    }
    shard_.counted.bytes_sent.add(static_cast<uint32_t>(result));
    auto bytes = static_cast<size_t>(result);
    while (vector_first_ < vector_count_ && bytes >= send_vectors_[vector_first_].iov_len) {
        bytes -= send_vectors_[vector_first_].iov_len;
        ++vector_first_;
    }
    if (vector_first_ == vector_count_) {
        sent_all();
        return;
    }
    iovec& partial = send_vectors_[vector_first_];
    partial.iov_base = static_cast<uint8_t*>(partial.iov_base) + bytes;
    partial.iov_len -= bytes;
    submit_send();
}

void Connection::sent_all() {
    while (Slot* slot = unconfirmed_.pop_front()) {
        release_buffer(*slot);
        free_slot(*slot);
    }
    if (!unsent_.empty() || ic_response_due_ || terminate_due_) {
        schedule_turn();
    }
}

}  // namespace transport::tcp
