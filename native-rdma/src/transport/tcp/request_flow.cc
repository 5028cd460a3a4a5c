#include "nvme/status.h"
#include "transport/tcp/connection.h"

namespace transport::tcp {

void Connection::begin(Slot& slot) {
    slot.direction = target::DataDirection::none;
    slot.transfer_bytes = 0;
    slot.execute = nullptr;
    slot.buffer = {};
    slot.completion = {};
    slot.response_bytes = 0;
    slot.fetched_bytes = 0;
    slot.in_capsule = false;
    slot.digest_failed = false;
    if (!shard_.target->dispatch(slot)) {
        return;  // Answered. Data in its capsule are dropped, as nobody sets their target.
    }
    if (slot.direction == target::DataDirection::none || slot.transfer_bytes == 0) {
        execute(slot);
        return;
    }
    if (const uint16_t status = check_data_pointer(slot); status != 0) {
        fail(slot, status);
        return;
    }
    obtain_buffer(slot);
}

// The status that refuses the command's data descriptor, or 0.
uint16_t Connection::check_data_pointer(Slot& slot) const {
    constexpr uint8_t psdt_mask = 0xc0;
    constexpr uint8_t psdt_sgl = 0x40;
    const nvme::SglDescriptor& sgl = slot.command.sgl;
    const uint32_t capsule_bytes = reader_.data_bytes();
    if ((slot.command.flags & psdt_mask) != psdt_sgl) {
        return nvme::invalid_field;
    }
    slot.in_capsule = sgl.identifier == nvme::tcp::sgl_in_capsule;
    if (slot.in_capsule) {
        if (slot.direction != target::DataDirection::to_controller) {
            return nvme::sgl_type_invalid;
        }
        if (sgl.address != 0) {
            return nvme::sgl_offset_invalid;
        }
        if (sgl.length != capsule_bytes) {
            return nvme::sgl_length_invalid;
        }
    } else if (sgl.identifier != nvme::tcp::sgl_transport || capsule_bytes != 0) {
        return nvme::sgl_type_invalid;
    }
    return sgl.length < slot.transfer_bytes ? nvme::sgl_length_invalid : uint16_t{0};
}

// Before Connect the pool is not touched: a flood of half-made queues must not empty it.
void Connection::obtain_buffer(Slot& slot) {
    slot.move(SlotState::waiting_buffer);
    ++waiting_slots_;
    memory::Buffer buffer;
    if (connected_) {
        buffer = shard_.pool->acquire(slot.transfer_bytes);
    }
    if (buffer.empty() && may_use_reserve(slot)) {
        buffer = take_reserve();
    }
    if (!buffer.empty()) {
        on_buffer(slot, buffer);
        return;
    }
    if (!connected_) {
        --waiting_slots_;
        fail(slot, nvme::invalid_field);
        return;
    }
    shard_.pool->wait(slot.waiter, slot.transfer_bytes);
    if (slot.in_capsule) {
        data_slot_ = &slot;
        stall_ = Stall::buffer;
    }
}

// Data fetched by R2T must not have it: they may come behind what waits for it.
bool Connection::may_use_reserve(const Slot& slot) const {
    return !reserve_taken_ && slot.transfer_bytes <= reserve_bytes &&
           (slot.in_capsule || !connected_ ||
            (queue_.id == 0 && slot.direction == target::DataDirection::to_host));
}

memory::Buffer Connection::take_reserve() {
    reserve_taken_ = true;
    return {reserve_.get(), reserve_bytes, memory::not_registered};
}

void Connection::on_buffer(Slot& slot, memory::Buffer buffer) {
    --waiting_slots_;
    slot.buffer = buffer;
    if (ending()) {
        fail(slot, nvme::command_aborted);
    } else if (slot.direction == target::DataDirection::to_host) {
        execute(slot);
    } else {
        begin_fetch(slot);
    }
}

void Connection::begin_fetch(Slot& slot) {
    slot.move(SlotState::fetching);
    ++fetching_slots_;
    slot.fetch_started_ns = shard_.reactor->now_ns();
    if (!slot.in_capsule) {
        unsent_.push_back(slot);  // Its R2T.
        schedule_turn();
        return;
    }
    reader_.set_target(slot.buffer.data, slot.transfer_bytes);
    data_slot_ = &slot;
    if (stall_ == Stall::buffer) {
        stall_ = Stall::none;
        stall_ended_ns_ = slot.fetch_started_ns;
        schedule_turn();
    }
}

void Connection::end_fetch(Slot& slot) {
    CHECK(slot.state == SlotState::fetching, "only what is fetched can end being so");
    --fetching_slots_;
}

void Connection::execute(Slot& slot) {
    slot.move(SlotState::executing);
    slot.execute(slot);
}

// Answered by the target, which counts it: through on_response().
void Connection::fail(Slot& slot, uint16_t status) {
    shard_.target->fail(slot, status);
}

void Connection::on_response(Slot& slot) {
    slot.move(SlotState::responding);
    if (!connected_ && queue_.controller != nullptr) {
        connected();
    }
    if (ending()) {
        release_buffer(slot);
        free_slot(slot);
        schedule_turn();
        return;
    }
    if (slot.completion.status != 0 || slot.direction != target::DataDirection::to_host) {
        slot.response_bytes = 0;
        release_buffer(slot);
    }
    unsent_.push_back(slot);
    schedule_turn();
}

void Connection::release_buffer(Slot& slot) {
    if (slot.buffer.empty()) {
        return;
    }
    if (slot.buffer.data != reserve_.get()) {
        shard_.pool->release(slot.buffer);
        return;
    }
    slot.buffer = {};
    reserve_taken_ = false;
    offer_reserve();
}

// To the head of the stream first, then to whoever else may have it.
void Connection::offer_reserve() {
    if (waiting_slots_ == 0 || ending()) {
        return;
    }
    Slot* taker = stall_ == Stall::buffer ? data_slot_ : nullptr;
    for (uint32_t index = 0; taker == nullptr && queue_.id == 0 && index < slot_count_; ++index) {
        Slot& slot = slot_at(index);
        if (slot.state == SlotState::waiting_buffer && may_use_reserve(slot)) {
            taker = &slot;
        }
    }
    if (taker != nullptr) {
        const memory::Buffer reserve = take_reserve();
        shard_.pool->cancel(taker->waiter);
        on_buffer(*taker, reserve);
    }
}

void Connection::free_slot(Slot& slot) {
    slot.move(SlotState::idle);
    --busy_slots_;
    free_.push_front(slot);
    if (stall_ == Stall::slot) {
        schedule_turn();
    }
}

// The command whose data an H2CData of this tag may carry: its R2T has left.
Slot* Connection::fetching_slot(uint16_t tag) {
    if (tag >= slot_count_) {
        return nullptr;
    }
    Slot& slot = slot_at(tag);
    const bool asked = slot.state == SlotState::fetching && !slot.in_capsule && !slot.linked();
    return asked ? &slot : nullptr;
}

}  // namespace transport::tcp
