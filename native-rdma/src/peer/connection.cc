#include "peer/connection.h"

#include <unistd.h>

#include "base/check.h"
#include "peer/lane.h"

namespace peer {

Connection::Connection(
    int socket, Direction direction, const Hello& theirs, ReactorLane& lane, Owner& owner)
    : socket_(socket), direction_(direction), theirs_(theirs), lane_(lane), owner_(owner) {
    turn_task_.connection = timer_.connection = this;
    receive_operation_.connection = send_operation_.connection = this;
    turn_task_.run = [](reactor::Task& task) {
        static_cast<Owned<reactor::Task>&>(task).connection->turn();
    };
    timer_.fire = [](reactor::Timer& timer) {
        static_cast<Owned<reactor::Timer>&>(timer).connection->schedule_turn();
    };
    receive_operation_.done = [](reactor::Operation& operation, int32_t result, uint32_t flags) {
        static_cast<Owned<reactor::Operation>&>(operation).connection->on_received(result, flags);
    };
    send_operation_.done = [](reactor::Operation& operation, int32_t result, uint32_t) {
        static_cast<Owned<reactor::Operation>&>(operation).connection->on_sent(result);
    };
    for (uint32_t slot = 0; slot < slots; ++slot) {
        free_slots_[slot] = static_cast<uint8_t>(slots - 1 - slot);
    }
    lane_.counted.connections.fetch_add(1);
}

Connection::~Connection() {
    CHECK(state_ == ConnectionState::closed, "a connection is closed before it is destroyed");
    ::close(socket_);
    lane_.counted.connections.fetch_sub(1);
}

void Connection::move(ConnectionState to) {
    CHECK(may_move(state_, to), "a connection goes through its states in order");
    state_ = to;
}

void Connection::start(const Hello* hello) {
    if (hello != nullptr) {
        uint8_t* out = queue_.reserve(hello_bytes);
        CHECK(out != nullptr, "an empty queue has room");
        encode(*hello, std::span<uint8_t, hello_bytes>(out, hello_bytes));
        queue_.commit(hello_bytes, {});
    }
    schedule_turn();
}

// Everything a turn of the reactor brings leaves at its end, with one send.
void Connection::schedule_turn() {
    lane_.reactor().defer(turn_task_);
}

void Connection::turn() {
    if (state_ == ConnectionState::closing) {
        if (!receiving_ && !queue_.sending()) {
            finish();  // It may be destroyed in it.
        }
        return;
    }
    flush();
    arm_receive();
}

void Connection::close(const std::string& reason) {
    if (state_ != ConnectionState::live) {
        return;
    }
    move(ConnectionState::closing);
    lane_.reactor().disarm(timer_);
    // Brings the receive and the send in flight home.
    shutdown(socket_, SHUT_RDWR);
    schedule_turn();
    owner_.connection_over(*this, reason);
}

void Connection::finish() {
    move(ConnectionState::closed);
    queue_.abandon();
    if (taking_ != nullptr && taking_->kind == ParcelKind::call) {
        calls_.remove(*taking_);
        taking_->connection = nullptr;
    }
    if (taking_ != nullptr) {
        lane_.recycle(*taking_);
        taking_ = nullptr;
    }
    give_back();
    end_requests();
    while (Parcel* parcel = calls_.pop_front()) {
        parcel->connection = nullptr;  // Its answer reaches nobody.
    }
    while (Parcel* parcel = answers_.pop_front()) {
        parcel->connection = nullptr;
        lane_.recycle(*parcel);
    }
    owner_.connection_gone(*this);
}

// What became of them is not known.
void Connection::end_requests() {
    const base::Status lost(base::Errc::not_primary);
    for (Request*& place : under_way_) {
        Request* request = place;
        place = nullptr;
        if (request != nullptr) {
            request->done(*request, lost);
        }
    }
    while (Request* request = waiting_.pop_front()) {
        request->done(*request, lost);
    }
}

}  // namespace peer
