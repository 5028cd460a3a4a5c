#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "nvme/status.h"
#include "transport/tcp/connection.h"

namespace transport::tcp {

using nvme::tcp::DataPdu;
using nvme::tcp::FatalError;

// Receives into the private buffer, and a large piece of a command's data straight into its own.
void Connection::arm_receive() {
    if (receiving_ || stall_ != Stall::none || state_ == ConnectionState::closing ||
        !grow_receive_buffer()) {
        return;
    }
    CHECK(input_.empty(), "what came is parsed before more is received");
    receiving_ = true;
    io_uring_sqe& entry = shard_.reactor->prepare(receive_operation_);
    const std::span<uint8_t> direct = reader_.direct_target();
    if (direct.size() < direct_bytes_min) {
        direct_bytes_ = 0;
        io_uring_prep_recv(&entry, socket_, receive_buffer_.get(), receive_buffer_bytes_, 0);
    } else {
        direct_bytes_ = static_cast<uint32_t>(direct.size());
        receive_vectors_[0] = {direct.data(), direct.size()};
        receive_vectors_[1] = {receive_buffer_.get(), receive_buffer_bytes_};
        receive_message_ = {};
        receive_message_.msg_iov = receive_vectors_;
        receive_message_.msg_iovlen = 2;
        io_uring_prep_recvmsg(&entry, socket_, &receive_message_, 0);
    }
    if (socket_drained_) {
        entry.ioprio |= IORING_RECVSEND_POLL_FIRST;  // Trying at once would be in vain.
    }
}

// As large as the connection has earned: little until it is a queue. False: it ends.
bool Connection::grow_receive_buffer() {
    uint32_t wanted = handshake_buffer_bytes;
    if (connected_) {
        wanted = queue_.id == 0 ? admin_buffer_bytes : io_buffer_bytes;
    }
    if (receive_buffer_bytes_ == wanted) {
        return true;
    }
    receive_buffer_.reset(new (std::nothrow) uint8_t[wanted]);
    receive_buffer_bytes_ = receive_buffer_ == nullptr ? 0 : wanted;
    if (receive_buffer_ == nullptr) {
        close();
    }
    return receive_buffer_ != nullptr;
}

void Connection::on_received(int32_t result, uint32_t cqe_flags) {
    receiving_ = false;
    // A kernel that has the one flag has the other.
    socket_drained_ =
        shard_.reactor->features().defer_taskrun && (cqe_flags & IORING_CQE_F_SOCK_NONEMPTY) == 0;
    take_received(result);
    // Behind what the commands have put off themselves, so that it finds their answers.
    schedule_turn();
}

void Connection::take_received(int32_t result) {
    if (state_ == ConnectionState::closing || result == -EINTR || result == -EAGAIN) {
        return;
    }
    if (result <= 0) {
        begin_close();
        return;
    }
    auto bytes = static_cast<uint32_t>(result);
    shard_.counted.bytes_received.add(bytes);
    if (state_ == ConnectionState::terminating) {
        return;  // Read, so that closing does not take back what the host is told.
    }
    if (direct_bytes_ > 0) {
        const uint32_t placed = std::min(bytes, direct_bytes_);
        reader_.data_placed(placed);
        bytes -= placed;
    }
    input_ = {receive_buffer_.get(), bytes};
    process();
}

// Goes on where a stall ended.
void Connection::resume() {
    if (stall_ == Stall::slot && !free_.empty() && state_ == ConnectionState::live) {
        stall_ = Stall::none;
        stall_ended_ns_ = shard_.reactor->now_ns();
        handle_command();
    }
    if (!receiving_) {
        process();
    }
}

void Connection::process() {
    while (stall_ == Stall::none && !close_asked_ && !ending()) {
        const ReadEvent event = reader_.next(input_);
        if (event == ReadEvent::need_more) {
            if (reader_.between_pdus()) {
                pdu_started_ns_ = 0;
            } else if (pdu_started_ns_ == 0) {
                pdu_started_ns_ = shard_.reactor->now_ns();
            }
            return;
        }
        pdu_started_ns_ = 0;
        handle(event);
    }
    if (stall_ == Stall::none) {
        input_ = {};
    }
}

void Connection::handle(ReadEvent event) {
    switch (event) {
        case ReadEvent::ic_request:
            return handle_ic_request();
        case ReadEvent::command:
            return handle_command();
        case ReadEvent::h2c_data:
            return handle_h2c_data();
        case ReadEvent::data_end:
            return handle_data_end();
        case ReadEvent::terminate:
            return begin_close();
        case ReadEvent::broken:
            return terminate(reader_.error(), reader_.error_information());
        case ReadEvent::need_more:
            break;
    }
}

void Connection::handle_ic_request() {
    const auto& request = reader_.header<nvme::tcp::IcRequest>();
    wire_.header_digest = (request.digests & nvme::tcp::digest_header) != 0;
    wire_.data_digest = (request.digests & nvme::tcp::digest_data) != 0;
    wire_.data_alignment_bytes = (request.alignment + 1u) * 4;
    reader_.negotiated(wire_.header_digest, wire_.data_digest);
    reserve_.reset(
        static_cast<uint8_t*>(std::aligned_alloc(base::limits::block_bytes, reserve_bytes)));
    if (reserve_ == nullptr) {
        begin_close();
        return;
    }
    move(ConnectionState::live);
    ic_response_due_ = true;
    schedule_turn();
}

void Connection::handle_command() {
    Slot* slot = free_.pop_front();
    if (slot == nullptr) {
        stall_ = Stall::slot;
        return;
    }
    shard_.counted.commands.add(1);
    ++busy_slots_;
    slot->command = reader_.header<nvme::tcp::CommandPdu>().command;
    slot->move(SlotState::received);
    begin(*slot);
}

void Connection::handle_h2c_data() {
    const auto& data = reader_.header<DataPdu>();
    Slot* slot = fetching_slot(data.transfer_tag);
    if (slot == nullptr) {
        return terminate(FatalError::invalid_header_field, offsetof(DataPdu, transfer_tag));
    }
    if (data.command_id != slot->command.command_id) {
        return terminate(FatalError::invalid_header_field, offsetof(DataPdu, command_id));
    }
    if (data.offset != slot->fetched_bytes ||
        data.bytes > slot->transfer_bytes - slot->fetched_bytes) {
        return terminate(FatalError::data_out_of_range, offsetof(DataPdu, offset));
    }
    const bool complete = data.offset + data.bytes == slot->transfer_bytes;
    const bool last = (data.header.flags & nvme::tcp::flag_last) != 0;
    if (complete != last) {
        return terminate(FatalError::invalid_header_field, offsetof(nvme::tcp::PduHeader, flags));
    }
    data_slot_ = slot;
    reader_.set_target(slot->buffer.data + slot->fetched_bytes, data.bytes);
}

void Connection::handle_data_end() {
    Slot* slot = std::exchange(data_slot_, nullptr);
    if (slot == nullptr) {
        return;  // The command was answered without them.
    }
    slot->digest_failed |= !reader_.digest_ok();
    slot->fetched_bytes += reader_.data_bytes();
    if (slot->in_capsule || slot->fetched_bytes == slot->transfer_bytes) {
        end_fetch(*slot);
        // Only this command's data are in doubt: the host sends it again.
        slot->digest_failed ? fail(*slot, nvme::transient_transport_error) : execute(*slot);
    }
}

}  // namespace transport::tcp
