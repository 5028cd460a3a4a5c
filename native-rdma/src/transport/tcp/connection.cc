#include "transport/tcp/connection.h"

#include <algorithm>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <unistd.h>

#include "nvme/status.h"

namespace transport::tcp {
namespace {

constexpr uint64_t millisecond_ns = 1'000'000;

// A peer that is gone without a word is found in about a minute, also where no keep-alive is due.
void tune(int socket) {
    const auto set = [socket](int level, int option, int value) {
        static_cast<void>(setsockopt(socket, level, option, &value, sizeof value));
    };
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace

const target::TransportOps Connection::ops = {
    .respond =
        [](target::Request& request) {
            auto& slot = static_cast<Slot&>(request);
            slot.connection->on_response(slot);
        },
    .disconnect =
        [](target::Queue& queue) { static_cast<Owned<target::Queue>&>(queue).connection->close(); },
};

void Connection::FreeAligned::operator()(uint8_t* memory) const {
    std::free(memory);
}

Connection::Connection(int socket, bool discovery_port, Shard& shard)
    : socket_(socket),
      reader_({base::limits::in_capsule_bytes, base::limits::transfer_bytes_max}),
      shard_(shard) {
    queue_.connection = this;
    queue_.ops = &ops;
    queue_.target = shard.target;
    queue_.reactor = shard.reactor;
    queue_.discovery_port = discovery_port;
    receive_operation_.connection = this;
    receive_operation_.done = [](reactor::Operation& operation, int32_t result, uint32_t flags) {
        static_cast<Owned<reactor::Operation>&>(operation).connection->on_received(result, flags);
    };
    send_operation_.connection = this;
    send_operation_.done = [](reactor::Operation& operation, int32_t result, uint32_t) {
        static_cast<Owned<reactor::Operation>&>(operation).connection->on_sent(result);
    };
    turn_task_.connection = this;
    turn_task_.run = [](reactor::Task& task) {
        static_cast<Owned<reactor::Task>&>(task).connection->turn();
    };
    timer_.connection = this;
    timer_.fire = [](reactor::Timer& timer) {
        static_cast<Owned<reactor::Timer>&>(timer).connection->on_timer();
    };
    start_task.connection = this;
    start_task.run = [](reactor::Task& task) {
        static_cast<Owned<reactor::Task>&>(task).connection->start();
    };
    adopt(first_slot_, 0);
}

Connection::~Connection() {
    // What is free leaves its list before both go.
    while (free_.pop_front() != nullptr) {
    }
    ::close(socket_);
}

void Connection::move(ConnectionState to) {
    CHECK(may_move(state_, to), "a connection goes through its states in order");
    state_ = to;
}

void Connection::start() {
    shard_.connections.push_back(*this);
    tune(socket_);
    deadline_ns_ = shard_.reactor->now_ns() + shard_.connect_timeout_ns;
    shard_.reactor->arm(timer_, deadline_ns_);
    if (shard_.closing || !grow_receive_buffer()) {
        begin_close();
    }
    schedule_turn();
}

void Connection::close() {
    close_asked_ = true;
    schedule_turn();
}

Slot& Connection::slot_at(uint32_t index) {
    return index == 0 ? first_slot_ : more_slots_[index - 1];
}

void Connection::adopt(Slot& slot, uint32_t index) {
    slot.connection = this;
    slot.queue = &queue_;
    slot.tag = static_cast<uint16_t>(index);
    slot.waiter.slot = &slot;
    slot.waiter.ready = [](memory::Waiter& waiter, memory::Buffer buffer) {
        Slot& waiting = *static_cast<SlotWaiter&>(waiter).slot;
        waiting.connection->on_buffer(waiting, buffer);
    };
    free_.push_back(slot);
}

// Connect has succeeded: the queue gets as many slots as it has entries.
void Connection::connected() {
    connected_ = true;
    shard_.reactor->disarm(timer_);
    flow_control_off_ = first_slot_.completion.sq_head == 0xffff;
    if (queue_.entries > 1) {
        const uint32_t more = queue_.entries - 1u;
        more_slots_.reset(new (std::nothrow) Slot[more]);
        if (more_slots_ == nullptr) {
            close();
            return;
        }
        for (uint32_t index = 1; index <= more; ++index) {
            adopt(slot_at(index), index);
        }
        slot_count_ += more;
    }
}

// Everything a turn of the reactor brings is answered at its end, with one send.
void Connection::schedule_turn() {
    shard_.reactor->defer(turn_task_);
}

void Connection::turn() {
    if (close_asked_ && state_ != ConnectionState::closing) {
        begin_close();
    }
    if (state_ == ConnectionState::closing) {
        if (receiving_ || sending_) {
            return;  // The kernel still has our memory.
        }
        drop_requests();
        if (busy_slots_ == 0 && !turn_task_.queued) {
            finish();
        }
        return;
    }
    resume();
    flush();
    arm_receive();
    watch();
}

// Arms the timer while the host owes something. It is not moved for every command: it looks.
void Connection::watch() {
    if (!timer_.armed() && watched()) {
        shard_.reactor->arm(timer_, shard_.reactor->now_ns() + shard_.transfer_timeout_ns / 2);
    }
}

bool Connection::watched() const {
    return state_ == ConnectionState::live &&
           (sending_ || fetching_slots_ > 0 || pdu_started_ns_ != 0);
}

void Connection::on_timer() {
    const uint64_t now_ns = shard_.reactor->now_ns();
    if (state_ == ConnectionState::closing) {
        return;
    }
    if (!overdue(now_ns)) {
        if (!connected_ || state_ == ConnectionState::terminating) {
            shard_.reactor->arm(timer_, std::max(deadline_ns_, now_ns + millisecond_ns));
        }
        watch();
        return;
    }
    if (state_ != ConnectionState::terminating) {
        shard_.counted.timeouts.add(1);
    }
    begin_close();
}

bool Connection::overdue(uint64_t now_ns) {
    if (!connected_ || state_ == ConnectionState::terminating) {
        return now_ns >= deadline_ns_;
    }
    const uint64_t allowed_ns = shard_.transfer_timeout_ns;
    if (sending_ && now_ns >= send_submitted_ns_ + allowed_ns) {
        return true;
    }
    if (stall_ != Stall::none) {
        return false;  // It is we who do not read.
    }
    const auto late = [&](uint64_t started_ns) {
        return now_ns >= std::max(started_ns, stall_ended_ns_) + allowed_ns;
    };
    if (pdu_started_ns_ != 0 && late(pdu_started_ns_)) {
        return true;
    }
    for (uint32_t index = 0; fetching_slots_ > 0 && index < slot_count_; ++index) {
        const Slot& slot = slot_at(index);
        if (slot.state == SlotState::fetching && late(slot.fetch_started_ns)) {
            return true;
        }
    }
    return false;
}

// Says what is wrong, then reads no more commands and waits a moment for the host to hang up.
void Connection::terminate(nvme::tcp::FatalError error, uint32_t information) {
    if (reader_.error() == nvme::tcp::FatalError::none) {
        reader_.refuse(error, information);
    }
    shard_.counted.protocol_errors.add(1);
    move(ConnectionState::terminating);
    terminate_due_ = true;
    deadline_ns_ = shard_.reactor->now_ns() + base::limits::terminate_timeout_ms * millisecond_ns;
    shard_.reactor->arm(timer_, deadline_ns_);
    schedule_turn();
}

void Connection::begin_close() {
    move(ConnectionState::closing);
    // Brings the receive and the send in flight home.
    shutdown(socket_, SHUT_RDWR);
    shard_.target->queue_closing(queue_);
    schedule_turn();
}

// Ends every command that only the host could have brought further. Requires: the kernel has none
// of our memory any more.
void Connection::drop_requests() {
    while (Slot* slot = unconfirmed_.pop_front()) {
        release_buffer(*slot);
        free_slot(*slot);
    }
    while (Slot* slot = unsent_.pop_front()) {
        if (slot->state == SlotState::responding) {
            release_buffer(*slot);
            free_slot(*slot);
        }
    }
    data_slot_ = nullptr;
    for (uint32_t index = 0; index < slot_count_; ++index) {
        Slot& slot = slot_at(index);
        if (slot.state == SlotState::waiting_buffer) {
            shard_.pool->cancel(slot.waiter);
            --waiting_slots_;
            fail(slot, nvme::command_aborted);
        } else if (slot.state == SlotState::fetching) {
            end_fetch(slot);
            fail(slot, nvme::command_aborted);
        }
    }
}

void Connection::finish() {
    move(ConnectionState::closed);
    shard_.target->queue_closed(queue_);
    shard_.reactor->disarm(timer_);
    shard_.connections.remove(*this);
    Shard& shard = shard_;
    delete this;
    shard.connection_gone(shard);
}

}  // namespace transport::tcp
