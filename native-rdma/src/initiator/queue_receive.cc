// The way in: the controller's PDUs, matched to the commands they answer.
#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "initiator/queue.h"

namespace initiator {

namespace tcp = nvme::tcp;

namespace {

constexpr uint32_t h2c_data_bytes_min = 4096;

// Whether a controller's ICResp is one the standard allows as an answer to our request.
bool acceptable(const tcp::IcResponse& response, bool header_digest, bool data_digest) {
    const auto digests = static_cast<uint8_t>((header_digest ? tcp::digest_header : 0) |
                                              (data_digest ? tcp::digest_data : 0));
    return response.version == 0 && response.digests == digests &&
           response.alignment <= tcp::alignment_max &&
           response.h2c_data_bytes_max >= h2c_data_bytes_min &&
           response.h2c_data_bytes_max % 4 == 0;
}

}  // namespace

void Queue::arm_receive() {
    receiving_ = true;
    uint32_t count = 0;
    const std::span<uint8_t> direct = reader_.direct_target();
    direct_bytes_ = 0;
    if (direct.size() >= direct_bytes_min) {
        direct_bytes_ = static_cast<uint32_t>(direct.size());
        receive_vectors_[count++] = {direct.data(), direct.size()};
    }
    receive_vectors_[count++] = {receive_buffer_.get(), receive_buffer_bytes};
    io_uring_sqe& entry = reactor_.prepare(receive_operation_);
    if (count == 1) {
        io_uring_prep_recv(&entry, socket_, receive_buffer_.get(), receive_buffer_bytes, 0);
    } else {
        receive_message_ = {};
        receive_message_.msg_iov = receive_vectors_;
        receive_message_.msg_iovlen = count;
        io_uring_prep_recvmsg(&entry, socket_, &receive_message_, 0);
    }
    if (socket_drained_) {
        entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
    }
}

void Queue::on_received(int32_t result, uint32_t cqe_flags) {
    receiving_ = false;
    socket_drained_ = (cqe_flags & IORING_CQE_F_SOCK_NONEMPTY) == 0;
    schedule_turn();
    if (state_ == QueueState::closing || result == -EINTR || result == -EAGAIN) {
        return;
    }
    if (result == 0) {
        begin_close({base::Status(base::Errc::closed), "the controller closed the connection"});
        return;
    }
    if (result < 0) {
        begin_close({base::Status(base::Errc::closed, static_cast<uint32_t>(-result)),
                     "the connection broke"});
        return;
    }
    auto bytes = static_cast<uint32_t>(result);
    const uint32_t placed = std::min(bytes, direct_bytes_);
    if (placed > 0) {
        reader_.data_placed(placed);
        bytes -= placed;
    }
    process({receive_buffer_.get(), bytes});
}

void Queue::process(std::span<const uint8_t> input) {
    while (state_ != QueueState::closing) {
        const ResponseEvent event = reader_.next(input);
        if (event == ResponseEvent::need_more || !handle(event)) {
            return;
        }
    }
}

// False when the connection is over.
bool Queue::handle(ResponseEvent event) {
    switch (event) {
        case ResponseEvent::negotiated:
            return handle_negotiated();
        case ResponseEvent::response:
            return handle_response();
        case ResponseEvent::ready:
            return handle_ready();
        case ResponseEvent::data:
            return handle_data();
        case ResponseEvent::data_end:
            return handle_data_end();
        case ResponseEvent::terminate:
            begin_close({base::Status(base::Errc::closed),
                         "the controller ended the connection with a fatal error",
                         0,
                         reader_.header<tcp::TerminatePdu>().error});
            return false;
        case ResponseEvent::need_more:
        case ResponseEvent::broken:
            break;
    }
    fail_protocol("the controller sent a malformed PDU");
    return false;
}

void Queue::fail_protocol(const char* reason) {
    begin_close({base::Status(base::Errc::corrupt), reason});
}

bool Queue::handle_negotiated() {
    const auto& response = reader_.header<tcp::IcResponse>();
    if (state_ != QueueState::negotiating ||
        !acceptable(response, options_.header_digest, options_.data_digest)) {
        fail_protocol("the controller's ICResp is not acceptable");
        return false;
    }
    wire_.header_digest = options_.header_digest;
    wire_.data_digest = options_.data_digest;
    wire_.data_alignment_bytes = (uint32_t{response.alignment} + 1) * 4;
    wire_.h2c_data_bytes_max = response.h2c_data_bytes_max;
    reader_.negotiated(wire_.header_digest, wire_.data_digest);
    move(QueueState::joining);
    fill_connect_data(connect_data_,
                      options_.host_id,
                      options_.controller_id,
                      options_.subsystem_nqn,
                      options_.host_nqn);
    connect_io_.command = connect_command(options_.id, options_.entries, options_.keep_alive_ms);
    connect_io_.transfer = Transfer::to_controller;
    connect_io_.data = reinterpret_cast<uint8_t*>(&connect_data_);
    connect_io_.data_bytes = sizeof(connect_data_);
    CHECK(take_slot(connect_io_) != nullptr, "the first command finds a slot");
    return true;
}

// The command that a PDU names, if it is one the controller has been told.
Queue::Slot* Queue::slot_of(uint16_t command_id) {
    if (command_id >= slot_count_) {
        return nullptr;
    }
    Slot& slot = slots_[command_id];
    return slot.io != nullptr && slot.capsule_sent && !slot.answered ? &slot : nullptr;
}

bool Queue::handle_response() {
    const nvme::Completion& completion = reader_.header<tcp::ResponsePdu>().completion;
    Slot* slot = slot_of(completion.command_id);
    if (slot == nullptr) {
        fail_protocol("the controller answered a command that is not outstanding");
        return false;
    }
    slot->io->completion = completion;
    complete(*slot);
    return true;
}

bool Queue::handle_ready() {
    const auto& ready = reader_.header<tcp::ReadyToTransferPdu>();
    Slot* slot = slot_of(ready.command_id);
    const bool in_order = slot != nullptr && slot->io->transfer == Transfer::to_controller &&
                          slot->transferred_bytes >= slot->asked_end &&
                          ready.offset == slot->transferred_bytes && ready.bytes > 0 &&
                          ready.bytes <= slot->io->data_bytes - slot->transferred_bytes;
    if (!in_order) {
        fail_protocol("the controller asked for data out of order");
        return false;
    }
    slot->transfer_tag = ready.transfer_tag;
    slot->asked_end = ready.offset + ready.bytes;
    if (!slot->sending) {
        unsent_.push_back(*slot);
        schedule_turn();
    }
    return true;
}

bool Queue::handle_data() {
    const auto& data = reader_.header<tcp::DataPdu>();
    Slot* slot = slot_of(data.command_id);
    const bool in_order = slot != nullptr && slot->io->transfer == Transfer::to_host &&
                          data.offset == slot->transferred_bytes &&
                          data.bytes <= slot->io->data_bytes - slot->transferred_bytes;
    const bool last = (data.header.flags & tcp::flag_last) != 0;
    const bool success = (data.header.flags & tcp::flag_success) != 0;
    if (!in_order || (success && !last)) {
        fail_protocol("the controller sent data out of order");
        return false;
    }
    data_slot_ = slot;
    reader_.set_target(slot->io->data + slot->transferred_bytes);
    return true;
}

bool Queue::handle_data_end() {
    Slot& slot = *data_slot_;
    data_slot_ = nullptr;
    slot.transferred_bytes += reader_.data_bytes();
    slot.io->received_bytes = slot.transferred_bytes;
    slot.digest_failed = slot.digest_failed || !reader_.digest_ok();
    const auto& data = reader_.header<tcp::DataPdu>();
    if ((data.header.flags & tcp::flag_success) != 0) {
        slot.io->completion.command_id = data.command_id;
        complete(slot);
    }
    return true;
}

}  // namespace initiator
