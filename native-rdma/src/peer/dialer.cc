#include "peer/dialer.h"

#include <algorithm>
#include <unistd.h>
#include <utility>

#include "base/check.h"
#include "peer/lane.h"

namespace peer {
namespace {

constexpr uint64_t backoff_first_ns = 100'000'000;
constexpr uint64_t backoff_most_ns = 2'000'000'000;
// A connection that lasted less is as one that was refused: both sides must not spin.
constexpr uint64_t lasting_ns = 1'000'000'000;

}  // namespace

Dialer::Dialer(const PeerAddress& address, ReactorLane& lane)
    : address_(address), lane_(lane), backoff_ns_(backoff_first_ns) {
    admission_.dialer = timer_.dialer = rest_task_.dialer = this;
    admission_.node = address.node;
    admission_.reactor = &lane.reactor();
    admission_.done = [](Admission& admission) {
        static_cast<Owned<Admission>&>(admission).dialer->admitted();
    };
    timer_.fire = [](reactor::Timer& timer) {
        static_cast<Owned<reactor::Timer>&>(timer).dialer->dial();
    };
    rest_task_.run = [](reactor::Task& task) {
        Dialer& dialer = *static_cast<Owned<reactor::Task>&>(task).dialer;
        dialer.lane_.dialer_retired(dialer);
    };
}

Dialer::~Dialer() {
    CHECK(state_ == DialerState::retired, "a dialer is retired before it is destroyed");
}

void Dialer::move(DialerState to) {
    CHECK(may_move(state_, to), "a dialer goes through its states in order");
    state_ = to;
}

void Dialer::hurry() {
    if (state_ == DialerState::waiting && !retiring_) {
        lane_.reactor().disarm(timer_);
        dial();
    } else if (state_ == DialerState::ending) {
        at_once_ = true;
    }
}

void Dialer::dial() {
    move(DialerState::greeting);
    at_once_ = false;
    handshake_ = std::make_unique<Handshake>(
        lane_.reactor(), *this, lane_.hello(address_.node, lane_.index()));
    handshake_->dial(address_.address, address_.port);
}

void Dialer::handshake_over(Handshake& handshake, const std::string& reason) {
    const std::unique_ptr<Handshake> over = std::move(handshake_);
    theirs_ = handshake.theirs();
    socket_ = reason.empty() ? handshake.take_socket() : -1;
    if (retiring_ || !reason.empty()) {
        wait(reason);
        return;
    }
    move(DialerState::admitting);
    admission_.incarnation = theirs_.incarnation;
    lane_.registry().admit(admission_);
}

void Dialer::admitted() {
    if (admission_.refusal != nullptr || retiring_) {
        wait(admission_.refusal != nullptr ? admission_.refusal : "");
        return;
    }
    move(DialerState::live);
    live_since_ns_ = lane_.reactor().now_ns();
    run_changed_ = false;
    connection_ = std::make_unique<Connection>(
        std::exchange(socket_, -1), Connection::Direction::outgoing, theirs_, lane_, *this);
    connection_->start();
    lane_.registry().connected(address_.node, lane_.index());
}

// Until the next try.
void Dialer::wait(const std::string& reason) {
    if (socket_ >= 0) {
        ::close(std::exchange(socket_, -1));
    }
    if (!retiring_) {
        lane_.registry().disconnected(address_.node, lane_.index(), reason);
    }
    if (retiring_) {
        rest();
        return;
    }
    move(DialerState::waiting);
    const uint64_t now_ns = lane_.reactor().now_ns();
    const uint64_t wait_ns = at_once_ ? 0 : lane_.jitter(backoff_ns_);
    at_once_ = false;
    backoff_ns_ = std::min(backoff_ns_ * 2, backoff_most_ns);
    lane_.reactor().arm(timer_, now_ns + wait_ns);
}

void Dialer::run_changed(uint64_t incarnation) {
    if (connection_ != nullptr && connection_->live() &&
        connection_->incarnation() != incarnation) {
        run_changed_ = true;
        connection_->close("the node runs anew");
    }
}

void Dialer::connection_over(Connection&, const std::string& reason) {
    move(DialerState::ending);
    reason_ = reason;
    lane_.registry().disconnected(address_.node, lane_.index(), reason);
    if (lane_.reactor().now_ns() >= live_since_ns_ + lasting_ns) {
        backoff_ns_ = backoff_first_ns;
    }
    if (!run_changed_) {
        lane_.sink().peer_down(address_.node);
    }
}

void Dialer::connection_gone(Connection&) {
    connection_.reset();
    wait(reason_);
}

void Dialer::renew() {
    if (connection_ != nullptr && connection_->live()) {
        connection_->close("it answered no request");
    }
}

Connection* Dialer::connection() {
    return connection_ != nullptr && connection_->live() ? connection_.get() : nullptr;
}

void Dialer::retire() {
    if (retiring_) {
        return;
    }
    retiring_ = true;
    lane_.reactor().disarm(timer_);
    if (state_ == DialerState::waiting) {
        rest();
    } else if (state_ == DialerState::greeting) {
        handshake_->cancel();
    } else if (state_ == DialerState::live) {
        connection_->close("it is not wanted any more");
    }
}

void Dialer::rest() {
    move(DialerState::retired);
    lane_.reactor().defer(rest_task_);
}

}  // namespace peer
