#include "initiator/raw_connection.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "initiator/commands.h"
#include "reactor/reactor.h"
#include "reactor/socket_address.h"

namespace initiator {

namespace tcp = nvme::tcp;

namespace {

constexpr uint64_t nanoseconds_per_ms = 1'000'000;
constexpr uint32_t pdu_bytes_max = 8u << 20;  // More than any controller of ours sends.

uint64_t after_ms(uint32_t timeout_ms) {
    return reactor::Reactor::clock_ns() + timeout_ms * nanoseconds_per_ms;
}

bool wait_for(int socket, short events, uint64_t deadline_ns) {
    const uint64_t now_ns = reactor::Reactor::clock_ns();
    const uint64_t left_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / nanoseconds_per_ms : 0;
    pollfd waiting{socket, events, 0};
    return poll(&waiting, 1, static_cast<int>(left_ms)) > 0;
}

Bytes whole(const uint8_t* header,
            uint32_t header_bytes,
            const WireOptions& wire,
            std::span<const uint8_t> data) {
    Bytes pdu(header, header + header_bytes);
    if (!data.empty()) {
        pdu.insert(pdu.end(), data.begin(), data.end());
        uint8_t digest[tcp::digest_bytes];
        pdu.insert(pdu.end(), digest, digest + write_data_digest(digest, wire, data));
    }
    return pdu;
}

}  // namespace

base::Result<std::unique_ptr<RawConnection>> RawConnection::open(const std::string& address,
                                                                 uint16_t port) {
    sockaddr_storage to{};
    const socklen_t length = reactor::parse_address(address, port, to);
    const int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (length == 0 || fd < 0 ||
        ::connect(fd, reinterpret_cast<const sockaddr*>(&to), length) != 0) {
        const base::Status status(base::Errc::io_error, static_cast<uint32_t>(errno));
        if (fd >= 0) {
            close(fd);
        }
        return status;
    }
    const int on = 1;
    static_cast<void>(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
    return std::unique_ptr<RawConnection>(new RawConnection(fd));
}

RawConnection::~RawConnection() {
    close(socket_);
}

bool RawConnection::send(std::span<const uint8_t> bytes, uint32_t timeout_ms) {
    const uint64_t deadline_ns = after_ms(timeout_ms);
    while (!bytes.empty()) {
        const ssize_t sent =
            ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            bytes = bytes.subspan(static_cast<size_t>(sent));
        } else if (errno != EINTR &&
                   (errno != EAGAIN || !wait_for(socket_, POLLOUT, deadline_ns))) {
            return false;
        }
    }
    return true;
}

bool RawConnection::send_in_pieces(std::span<const uint8_t> bytes, size_t piece_bytes) {
    while (!bytes.empty()) {
        const size_t piece = std::min(piece_bytes, bytes.size());
        if (!send(bytes.first(piece))) {
            return false;
        }
        bytes = bytes.subspan(piece);
    }
    return true;
}

// Receives until `wanted` bytes are there.
RawPdu::Outcome RawConnection::fill(size_t wanted, uint64_t deadline_ns) {
    while (received_.size() < wanted) {
        uint8_t piece[16384];
        const ssize_t got = recv(socket_, piece, sizeof(piece), MSG_DONTWAIT);
        if (got > 0) {
            received_.insert(received_.end(), piece, piece + got);
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return RawPdu::Outcome::closed;
        } else if (!wait_for(socket_, POLLIN, deadline_ns)) {
            return RawPdu::Outcome::timed_out;
        }
    }
    return RawPdu::Outcome::pdu;
}

RawPdu RawConnection::receive(uint32_t timeout_ms) {
    const uint64_t deadline_ns = after_ms(timeout_ms);
    RawPdu pdu;
    pdu.outcome = fill(sizeof(tcp::PduHeader), deadline_ns);
    if (pdu.outcome != RawPdu::Outcome::pdu) {
        return pdu;
    }
    const auto& header = *reinterpret_cast<const tcp::PduHeader*>(received_.data());
    const uint32_t bytes =
        std::clamp<uint32_t>(header.pdu_bytes, sizeof(tcp::PduHeader), pdu_bytes_max);
    pdu.outcome = fill(bytes, deadline_ns);
    if (pdu.outcome == RawPdu::Outcome::pdu) {
        pdu.bytes.assign(received_.begin(), received_.begin() + bytes);
        received_.erase(received_.begin(), received_.begin() + bytes);
    }
    return pdu;
}

bool RawConnection::wait_closed(uint32_t timeout_ms) {
    const uint64_t deadline_ns = after_ms(timeout_ms);
    RawPdu::Outcome outcome = RawPdu::Outcome::pdu;
    while (outcome == RawPdu::Outcome::pdu) {
        received_.clear();
        outcome = fill(1, deadline_ns);
    }
    return outcome == RawPdu::Outcome::closed;
}

void RawConnection::shut_down_sending() {
    static_cast<void>(shutdown(socket_, SHUT_WR));
}

void RawConnection::reset_on_close() {
    const linger at_once{1, 0};
    static_cast<void>(setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
}

bool RawConnection::negotiate(bool header_digest, bool data_digest) {
    if (!send(ic_request_pdu(header_digest, data_digest))) {
        return false;
    }
    const RawPdu answer = receive();
    if (!answer.is(tcp::PduType::ic_response) || answer.bytes.size() != sizeof(tcp::IcResponse)) {
        return false;
    }
    const auto& response = answer.as<tcp::IcResponse>();
    wire_.header_digest = (response.digests & tcp::digest_header) != 0;
    wire_.data_digest = (response.digests & tcp::digest_data) != 0;
    wire_.data_alignment_bytes = (uint32_t{response.alignment} + 1) * 4;
    wire_.h2c_data_bytes_max = response.h2c_data_bytes_max;
    return wire_.header_digest == header_digest && wire_.data_digest == data_digest;
}

Bytes ic_request_pdu(bool header_digest, bool data_digest) {
    Bytes pdu(sizeof(tcp::IcRequest));
    write_ic_request(pdu.data(), header_digest, data_digest);
    return pdu;
}

Bytes command_pdu(const WireOptions& wire,
                  nvme::Command command,
                  uint16_t command_id,
                  std::span<const uint8_t> data) {
    const auto bytes = static_cast<uint32_t>(data.size());
    command.command_id = command_id;
    set_data_pointer(command, bytes, bytes != 0);
    uint8_t header[request_header_bytes_max];
    return whole(header, write_command_header(header, wire, command, bytes), wire, data);
}

Bytes transfer_command_pdu(const WireOptions& wire,
                           nvme::Command command,
                           uint16_t command_id,
                           uint32_t data_bytes) {
    command.command_id = command_id;
    set_data_pointer(command, data_bytes, false);
    uint8_t header[request_header_bytes_max];
    return whole(header, write_command_header(header, wire, command, 0), wire, {});
}

Bytes connect_pdu(const WireOptions& wire,
                  const std::string& subsystem_nqn,
                  const std::string& host_nqn,
                  const ConnectParameters& parameters) {
    nvme::ConnectData data;
    fill_connect_data(data, {}, parameters.controller_id, subsystem_nqn, host_nqn);
    return command_pdu(wire,
                       connect_command(parameters.queue_id, parameters.entries, 0),
                       0,
                       {reinterpret_cast<const uint8_t*>(&data), sizeof(data)});
}

Bytes h2c_data_pdu(const WireOptions& wire, const DataPart& part, std::span<const uint8_t> data) {
    uint8_t header[request_header_bytes_max];
    return whole(header, write_h2c_data_header(header, wire, part), wire, data);
}

}  // namespace initiator
