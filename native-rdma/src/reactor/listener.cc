#include "reactor/listener.h"

#include <arpa/inet.h>
#include <cerrno>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

namespace reactor {
namespace {

constexpr int backlog = 1024;
// How long to leave others in the backlog when the process has no descriptor or memory left.
constexpr uint64_t retry_ns = 100'000'000;

base::Status status_of(int error) {
    switch (error) {
        case EADDRINUSE:
            return base::Status(base::Errc::address_in_use);
        case EADDRNOTAVAIL:
            return base::Status(base::Errc::invalid_argument, static_cast<uint32_t>(error));
        default:
            return base::Status(base::Errc::io_error, static_cast<uint32_t>(error));
    }
}

// A bound and listening socket, or -errno.
int open_socket(const addrinfo& address) {
    const int socket =
        ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (socket < 0) {
        return -errno;
    }
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ai_family == AF_INET6) {
        // So that "::" and "0.0.0.0" can both be listened on.
        setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind(socket, address.ai_addr, address.ai_addrlen) != 0 || listen(socket, backlog) != 0) {
        const int error = errno;
        ::close(socket);
        return -error;
    }
    return socket;
}

uint16_t port_of(int socket) {
    sockaddr_storage name{};
    socklen_t bytes = sizeof name;
    getsockname(socket, reinterpret_cast<sockaddr*>(&name), &bytes);
    return ntohs(name.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(name).sin_port
                                           : reinterpret_cast<const sockaddr_in6&>(name).sin6_port);
}

}  // namespace

base::Result<std::unique_ptr<Listener>> Listener::open(
    const std::string& address, uint16_t port, uint32_t tag, Reactor& reactor, Owner& owner) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    addrinfo* found = nullptr;
    if (address.empty() ||
        getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return base::Status(base::Errc::invalid_argument);
    }
    const int socket = open_socket(*found);
    freeaddrinfo(found);
    if (socket < 0) {
        return status_of(-socket);
    }
    return std::unique_ptr<Listener>(new Listener(socket, port_of(socket), tag, reactor, owner));
}

Listener::Listener(int socket, uint16_t port, uint32_t tag, Reactor& reactor, Owner& owner)
    : socket_(socket), port_(port), tag_(tag), reactor_(reactor), owner_(owner) {
    accept_.listener = start_task_.listener = stop_task_.listener = retry_.listener = this;
    accept_.done = [](Operation& operation, int32_t result, uint32_t flags) {
        static_cast<Owned<Operation>&>(operation).listener->on_accepted(
            result, (flags & IORING_CQE_F_MORE) != 0);
    };
    start_task_.run = [](Task& task) { static_cast<Owned<Task>&>(task).listener->arm(); };
    stop_task_.run = [](Task& task) { static_cast<Owned<Task>&>(task).listener->begin_stop(); };
    retry_.fire = [](Timer& timer) { static_cast<Owned<Timer>&>(timer).listener->arm(); };
}

Listener::~Listener() {
    ::close(socket_);
}

void Listener::start() {
    reactor_.post(start_task_);
}

void Listener::stop() {
    reactor_.post(stop_task_);
}

void Listener::arm() {
    accepting_ = true;
    io_uring_sqe& entry = reactor_.prepare(accept_);
    if (reactor_.features().multishot_accept) {
        io_uring_prep_multishot_accept(&entry, socket_, nullptr, nullptr, SOCK_CLOEXEC);
    } else {
        io_uring_prep_accept(&entry, socket_, nullptr, nullptr, SOCK_CLOEXEC);
    }
}

void Listener::on_accepted(int32_t result, bool more) {
    accepting_ = more;
    if (result >= 0) {
        owner_.accepted(result, tag_);
    }
    if (more) {
        return;
    }
    if (stopping_) {
        owner_.listener_gone();
        return;
    }
    const bool exhausted =
        result == -EMFILE || result == -ENFILE || result == -ENOBUFS || result == -ENOMEM;
    if (exhausted) {
        reactor_.arm(retry_, reactor_.now_ns() + retry_ns);
    } else {
        arm();
    }
}

void Listener::begin_stop() {
    stopping_ = true;
    reactor_.disarm(retry_);
    if (accepting_) {
        reactor_.cancel(accept_);
    } else {
        owner_.listener_gone();
    }
}

}  // namespace reactor
