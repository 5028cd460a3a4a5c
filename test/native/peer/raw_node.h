// A node that says whatever it is told on a blocking socket: for tests of what a network does about
// others that are wrong, old or silent.
#pragma once

#include <arpa/inet.h>
#include <cstdint>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "peer/frames.h"
#include "peer/hello.h"

namespace raw {

using frames::Bytes;

inline sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// HELLO of node `from` to node `to`, of the cell that tests use.
inline peer::Hello hello(uint32_t from, uint32_t to, uint64_t incarnation, uint32_t lane = 0) {
    peer::Hello said;
    said.cell.fill(1);
    said.from = base::NodeId{from};
    said.to = base::NodeId{to};
    said.incarnation = incarnation;
    said.lane = lane;
    return said;
}

class Socket {
  public:
    explicit Socket(int socket) : socket_(socket) {}
    Socket(Socket&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(socket_, other.socket_);
        return *this;
    }
    ~Socket() {
        if (socket_ >= 0) {
            close(socket_);
        }
    }
    static Socket connect_to(uint16_t port) {
        const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(port);
        REQUIRE(connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        return Socket(made);
    }
    void send(const Bytes& bytes) const {
        size_t sent = 0;
        while (sent < bytes.size()) {
            const ssize_t count =
                ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) {
                return;  // The other one has had enough.
            }
            sent += static_cast<size_t>(count);
        }
    }
    // So many bytes, or fewer when the connection ends or nothing comes for five seconds.
    [[nodiscard]] Bytes receive(size_t bytes) const {
        Bytes got(bytes);
        size_t filled = 0;
        pollfd poll_for{socket_, POLLIN, 0};
        while (filled < bytes && poll(&poll_for, 1, 5000) > 0) {
            const ssize_t count = recv(socket_, got.data() + filled, bytes - filled, 0);
            if (count <= 0) {
                break;
            }
            filled += static_cast<size_t>(count);
        }
        got.resize(filled);
        return got;
    }
    // Whether the other one ends the connection; what it still says is dropped.
    [[nodiscard]] bool ended() const {
        pollfd poll_for{socket_, POLLIN, 0};
        uint8_t dropped[4096];
        while (poll(&poll_for, 1, 5000) > 0) {
            if (recv(socket_, dropped, sizeof dropped, 0) <= 0) {
                return true;
            }
        }
        return false;
    }
    // Says HELLO; whether one comes back.
    [[nodiscard]] bool greet(const peer::Hello& said) const {
        send(frames::frame_of(said));
        return receive(peer::hello_bytes).size() == peer::hello_bytes;
    }
    [[nodiscard]] int number() const { return socket_; }

  private:
    int socket_;
};

class Server {
  public:
    Server() : listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = loopback(0);
        socklen_t bytes = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(bind(listening_.number(), generic, bytes) == 0);
        REQUIRE(listen(listening_.number(), 16) == 0);
        REQUIRE(getsockname(listening_.number(), generic, &bytes) == 0);
        port_ = ntohs(address.sin_port);
    }
    [[nodiscard]] uint16_t port() const { return port_; }
    // The next connection, greeted as node `from` to node `to`.
    [[nodiscard]] Socket accept_and_greet(uint32_t from, uint32_t to, uint64_t incarnation) const {
        Socket made(accept(listening_.number(), nullptr, nullptr));
        REQUIRE(made.receive(peer::hello_bytes).size() == peer::hello_bytes);
        made.send(frames::frame_of(hello(from, to, incarnation)));
        return made;
    }

  private:
    Socket listening_;
    uint16_t port_ = 0;
};

}  // namespace raw
