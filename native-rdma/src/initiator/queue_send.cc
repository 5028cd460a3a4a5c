// The way out: capsules and asked-for data of many commands in one send.
#include <algorithm>
#include <cerrno>

#include "initiator/queue.h"

namespace initiator {

void Queue::flush() {
    if (sending_ || unsent_.empty()) {
        return;
    }
    staged_bytes_ = 0;
    while (Slot* slot = unsent_.front()) {
        if (in_send_.size() == send_commands_) {
            break;
        }
        unsent_.remove(*slot);
        slot->sending = true;
        in_send_.push_back(slot);
        if (slot->capsule_sent) {
            compose_data(*slot);
        } else {
            compose_request(*slot);
        }
    }
    submit_send();
}

void Queue::compose_request(Slot& slot) {
    Io& io = *slot.io;
    const bool in_capsule = io.transfer == Transfer::to_controller && io.data_bytes != 0 &&
                            io.data_bytes <= options_.in_capsule_bytes;
    const uint32_t capsule_bytes = in_capsule ? io.data_bytes : 0;
    set_data_pointer(io.command, io.transfer == Transfer::none ? 0 : io.data_bytes, in_capsule);
    uint8_t* header = staging_.get() + staged_bytes_;
    append(header, write_command_header(header, wire_, io.command, capsule_bytes));
    if (in_capsule) {
        append_data(io.data, capsule_bytes);
        slot.transferred_bytes = capsule_bytes;
    }
    slot.capsule_sent = true;
}

// One PDU of what an R2T asked for.
void Queue::compose_data(Slot& slot) {
    const uint32_t left = slot.asked_end - slot.transferred_bytes;
    DataPart part;
    part.command_id = static_cast<uint16_t>(&slot - slots_.get());
    part.transfer_tag = slot.transfer_tag;
    part.offset = slot.transferred_bytes;
    part.bytes = std::min(left, wire_.h2c_data_bytes_max);
    part.last = part.bytes == left;
    uint8_t* header = staging_.get() + staged_bytes_;
    append(header, write_h2c_data_header(header, wire_, part));
    append_data(slot.io->data + part.offset, part.bytes);
    slot.transferred_bytes += part.bytes;
}

// Staged bytes follow one another: headers without data between them are one piece.
void Queue::append(const uint8_t* data, uint32_t bytes) {
    staged_bytes_ += bytes;
    if (!send_vectors_.empty()) {
        iovec& last = send_vectors_.back();
        if (static_cast<const uint8_t*>(last.iov_base) + last.iov_len == data) {
            last.iov_len += bytes;
            return;
        }
    }
    send_vectors_.push_back({const_cast<uint8_t*>(data), bytes});
}

void Queue::append_data(const uint8_t* data, uint32_t bytes) {
    send_vectors_.push_back({const_cast<uint8_t*>(data), bytes});
    uint8_t* digest = staging_.get() + staged_bytes_;
    if (const uint32_t count = write_data_digest(digest, wire_, {data, bytes}); count != 0) {
        append(digest, count);
    }
}

void Queue::submit_send() {
    sending_ = true;
    send_message_ = {};
    send_message_.msg_iov = send_vectors_.data() + vector_first_;
    send_message_.msg_iovlen = send_vectors_.size() - vector_first_;
    io_uring_prep_sendmsg(
        &reactor_.prepare(send_operation_), socket_, &send_message_, MSG_NOSIGNAL | MSG_WAITALL);
}

void Queue::on_sent(int32_t result) {
    sending_ = false;
    if (state_ == QueueState::closing) {
        schedule_turn();
        return;
    }
    if (result < 0 && result != -EINTR && result != -EAGAIN) {
        begin_close({base::Status(base::Errc::closed, static_cast<uint32_t>(-result)),
                     "the connection broke"});
        return;
    }
    for (auto left = static_cast<size_t>(std::max(result, 0)); left > 0;) {
        iovec& vector = send_vectors_[vector_first_];
        const size_t taken = std::min(left, vector.iov_len);
        vector.iov_base = static_cast<uint8_t*>(vector.iov_base) + taken;
        vector.iov_len -= taken;
        left -= taken;
        vector_first_ += vector.iov_len == 0 ? 1 : 0;
    }
    if (vector_first_ < send_vectors_.size()) {
        submit_send();
        return;
    }
    vector_first_ = 0;
    send_vectors_.clear();
    for (size_t i = 0; i < in_send_.size(); ++i) {
        Slot& slot = *in_send_[i];
        slot.sending = false;
        if (slot.answered) {
            complete(slot);
        } else if (slot.transferred_bytes < slot.asked_end) {
            unsent_.push_back(slot);
        }
    }
    in_send_.clear();
    if (!unsent_.empty()) {
        schedule_turn();
    }
}

}  // namespace initiator
