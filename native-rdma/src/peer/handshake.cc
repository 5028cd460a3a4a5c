#include "peer/handshake.h"

#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/check.h"
#include "reactor/socket_address.h"

namespace peer {
namespace {

constexpr uint64_t timeout_ns = 2'000'000'000;
constexpr int user_timeout_ms = 1000;

}  // namespace

std::string error_text(int error) {
    const char* text = strerrordesc_np(error);
    return text != nullptr ? text : "error " + std::to_string(error);
}

void tune(int socket) {
    const auto set = [socket](int level, int option, int value) {
        static_cast<void>(setsockopt(socket, level, option, &value, sizeof value));
    };
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 1);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 1);
    set(IPPROTO_TCP, TCP_KEEPCNT, 2);
}

Handshake::Handshake(reactor::Reactor& reactor, Owner& owner, const Hello& own)
    : reactor_(reactor), owner_(owner), own_(own) {
    operation_.handshake = timer_.handshake = end_task_.handshake = this;
    operation_.done = [](reactor::Operation& operation, int32_t result, uint32_t) {
        static_cast<Owned<reactor::Operation>&>(operation).handshake->on_done(result);
    };
    timer_.fire = [](reactor::Timer& timer) {
        Handshake& late = *static_cast<Owned<reactor::Timer>&>(timer).handshake;
        late.end(late.step_ == Step::connecting ? "it does not answer"
                                                : "it sent no HELLO in time");
    };
    end_task_.run = [](reactor::Task& task) {
        Handshake& over = *static_cast<Owned<reactor::Task>&>(task).handshake;
        over.owner_.handshake_over(over, over.reason_);
    };
}

Handshake::~Handshake() {
    CHECK(step_ == Step::idle || step_ == Step::over, "a handshake ends before it is destroyed");
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

int Handshake::take_socket() {
    return std::exchange(socket_, -1);
}

void Handshake::dial(const std::string& address, uint16_t port) {
    dialled_ = true;
    address_bytes_ = reactor::parse_address(address, port, address_);
    if (address_bytes_ == 0) {
        begin("its address is not a numeric one");
        return;
    }
    socket_ = socket(address_.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    begin(socket_ < 0 ? error_text(errno) : std::string());
}

void Handshake::greet(int socket) {
    socket_ = socket;
    begin({});
}

void Handshake::begin(const std::string& reason) {
    CHECK(step_ == Step::idle, "a handshake is made once");
    reason_ = reason;
    if (!reason_.empty()) {
        step_ = Step::over;
        reactor_.defer(end_task_);
        return;
    }
    tune(socket_);
    reactor_.arm(timer_, reactor_.now_ns() + timeout_ns);
    submit(dialled_ ? Step::connecting : Step::receiving);
}

void Handshake::submit(Step step) {
    step_ = step;
    io_uring_sqe& entry = reactor_.prepare(operation_);
    if (step == Step::connecting) {
        const auto* address = reinterpret_cast<const sockaddr*>(&address_);
        io_uring_prep_connect(&entry, socket_, address, address_bytes_);
    } else if (step == Step::sending) {
        encode(own_, bytes_);
        io_uring_prep_send(&entry, socket_, bytes_, sizeof bytes_, MSG_NOSIGNAL | MSG_WAITALL);
    } else {
        io_uring_prep_recv(&entry, socket_, bytes_, sizeof bytes_, MSG_WAITALL);
    }
}

void Handshake::on_done(int32_t result) {
    if (!reason_.empty()) {
        step_ = Step::over;
        reactor_.defer(end_task_);
        return;
    }
    if (step_ == Step::receiving) {
        received(result);
        return;
    }
    if (result < 0) {
        step_ = Step::over;
        end(error_text(-result));
        return;
    }
    submit(step_ == Step::connecting ? Step::sending : Step::receiving);
}

void Handshake::received(int32_t result) {
    step_ = Step::over;
    if (result < 0) {
        end(error_text(-result));
        return;
    }
    if (result < static_cast<int32_t>(hello_bytes)) {
        end("it closed the connection without a HELLO");
        return;
    }
    if (const char* wrong = decode(std::span<const uint8_t, hello_bytes>(bytes_), theirs_);
        wrong != nullptr) {
        end(wrong);
        return;
    }
    std::string why = objection(own_, theirs_);
    if (!why.empty() && !dialled_) {
        // So that the caller can say why, too. A socket that is new has room for it.
        own_.to = theirs_.from;
        encode(own_, bytes_);
        static_cast<void>(send(socket_, bytes_, sizeof bytes_, MSG_NOSIGNAL | MSG_DONTWAIT));
    }
    end(std::move(why));
}

void Handshake::cancel() {
    end("it was given up");
}

// The operation in flight is brought home first.
void Handshake::end(std::string reason) {
    reactor_.disarm(timer_);
    if (!reason_.empty() || end_task_.queued) {
        return;
    }
    reason_ = std::move(reason);
    if (step_ == Step::over) {
        reactor_.defer(end_task_);
    } else if (step_ == Step::connecting) {
        reactor_.cancel(operation_);
    } else {
        static_cast<void>(shutdown(socket_, SHUT_RDWR));
    }
}

}  // namespace peer
