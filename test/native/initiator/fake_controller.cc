#include "initiator/fake_controller.h"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crc32c.h"

namespace fake {

namespace tcp = nvme::tcp;

namespace {

bool read_whole(int socket, uint8_t* to, size_t bytes) {
    while (bytes > 0) {
        const ssize_t got = recv(socket, to, bytes, MSG_WAITALL);
        if (got <= 0) {
            return false;
        }
        to += got;
        bytes -= static_cast<size_t>(got);
    }
    return true;
}

template <typename T>
void put(Bytes& data, size_t at, T value) {
    std::memcpy(data.data() + at, &value, sizeof(value));
}

template <typename T>
Bytes bytes_of(const T& pdu) {
    const auto* first = reinterpret_cast<const uint8_t*>(&pdu);
    return {first, first + sizeof(pdu)};
}

void put_digest(Bytes& to, const uint8_t* data, size_t bytes) {
    const uint32_t crc = base::crc32c(data, bytes);
    const auto* first = reinterpret_cast<const uint8_t*>(&crc);
    to.insert(to.end(), first, first + sizeof(crc));
}

}  // namespace

Bytes Peer::receive() {
    Bytes pdu(sizeof(tcp::PduHeader));
    if (!read_whole(socket_, pdu.data(), pdu.size())) {
        return {};
    }
    const uint32_t bytes = reinterpret_cast<tcp::PduHeader*>(pdu.data())->pdu_bytes;
    pdu.resize(bytes);
    return read_whole(socket_, pdu.data() + 8, bytes - 8) ? pdu : Bytes{};
}

void Peer::send(const void* bytes, size_t count) const {
    static_cast<void>(::send(socket_, bytes, count, MSG_NOSIGNAL));
}

void Peer::send_header(Bytes header, uint32_t data_bytes) const {
    auto& common = *reinterpret_cast<tcp::PduHeader*>(header.data());
    const auto header_bytes = static_cast<uint32_t>(header.size());
    const uint32_t end = header_bytes + (header_digest ? 4 : 0);
    common.header_bytes = static_cast<uint8_t>(header_bytes);
    common.data_offset = static_cast<uint8_t>(data_bytes == 0 ? 0 : end);
    common.pdu_bytes = end + data_bytes + (data_digest && data_bytes != 0 ? 4 : 0);
    common.flags |=
        static_cast<uint8_t>((header_digest ? tcp::flag_header_digest : 0) |
                             (data_digest && data_bytes != 0 ? tcp::flag_data_digest : 0));
    if (header_digest) {
        put_digest(header, header.data(), header_bytes);
    }
    send(header);
}

void Peer::respond(uint16_t command_id, uint16_t status, uint64_t result) const {
    tcp::ResponsePdu pdu{};
    pdu.header.type = tcp::PduType::response;
    pdu.completion.command_id = command_id;
    pdu.completion.status = static_cast<uint16_t>(status << 1);
    pdu.completion.result = result;
    send_header(bytes_of(pdu), 0);
}

void Peer::send_data(uint16_t command_id,
                     const uint8_t* data,
                     uint32_t bytes,
                     uint8_t flags) const {
    tcp::DataPdu pdu{};
    pdu.header.type = tcp::PduType::c2h_data;
    pdu.header.flags = flags;
    pdu.command_id = command_id;
    pdu.bytes = bytes;
    send_header(bytes_of(pdu), bytes);
    Bytes rest(data, data + bytes);
    if (data_digest) {
        put_digest(rest, data, bytes);
    }
    send(rest);
}

void Peer::send_data(uint16_t command_id, const Bytes& data) const {
    send_data(command_id,
              data.data(),
              static_cast<uint32_t>(data.size()),
              tcp::flag_last | tcp::flag_success);
}

void Peer::ask_for_data(uint16_t command_id, uint32_t offset, uint32_t bytes) const {
    tcp::ReadyToTransferPdu pdu{};
    pdu.header.type = tcp::PduType::ready_to_transfer;
    pdu.command_id = command_id;
    pdu.transfer_tag = static_cast<uint16_t>(command_id + 100);
    pdu.offset = offset;
    pdu.bytes = bytes;
    send_header(bytes_of(pdu), 0);
}

void Peer::end() const {
    static_cast<void>(shutdown(socket_, SHUT_RDWR));
}

Controller::Controller(Hook hook) : hook_(std::move(hook)), memory_(size_t{blocks} * block_bytes) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(listen(listener_, 16) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_loop(); });
}

Controller::~Controller() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    for (const int socket : sockets_) {
        shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) {
        thread.join();
    }
    for (const int socket : sockets_) {
        close(socket);
    }
}

void Controller::accept_loop() {
    for (;;) {
        const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) {
            return;
        }
        const int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        ++connections_;
        sockets_.push_back(socket);
        threads_.emplace_back([this, socket] { serve(socket); });
    }
}

void Controller::serve(int socket) {
    Peer peer(socket);
    QueueState queue;
    for (Bytes pdu = peer.receive(); !pdu.empty(); pdu = peer.receive()) {
        const std::lock_guard lock(mutex_);
        if (!hook_ || !hook_(peer, pdu)) {
            handle(peer, queue, pdu);
        }
    }
    peer.end();
}

void Controller::handle(Peer& peer, QueueState& queue, const Bytes& pdu) {
    switch (static_cast<tcp::PduType>(pdu[0])) {
        case tcp::PduType::ic_request: {
            tcp::IcResponse response{};
            response.header = {tcp::PduType::ic_response, 0, sizeof(response), 0, {0}};
            response.header.pdu_bytes = sizeof(response);
            response.digests = reinterpret_cast<const tcp::IcRequest*>(pdu.data())->digests;
            response.h2c_data_bytes_max = h2c_data_bytes_max;
            peer.send(&response, sizeof(response));
            peer.header_digest = (response.digests & tcp::digest_header) != 0;
            peer.data_digest = (response.digests & tcp::digest_data) != 0;
            break;
        }
        case tcp::PduType::command:
            handle_command(peer, queue, pdu);
            break;
        case tcp::PduType::h2c_data:
            handle_data(peer, queue, pdu);
            break;
        default:
            peer.end();
    }
}

void Controller::handle_command(Peer& peer, QueueState& queue, const Bytes& pdu) {
    const nvme::Command& command = command_of(pdu);
    const uint32_t bytes = command.sgl.length;
    uint8_t* place = memory_.data() + command.cdw10 % blocks * block_bytes;
    if (command.opcode == 0x01 && command.sgl.identifier == tcp::sgl_in_capsule) {
        std::memcpy(place, pdu.data() + pdu[3], bytes);
        peer.respond(command.command_id);
    } else if (command.opcode == 0x01) {
        queue.writes[command.command_id] = command;
        peer.ask_for_data(command.command_id, 0, bytes);
    } else if (command.opcode == 0x02 && bytes > 0) {
        peer.send_data(command.command_id, Bytes(place, place + bytes));
    } else {
        handle_admin(peer, command);
    }
}

void Controller::handle_data(Peer& peer, QueueState& queue, const Bytes& pdu) {
    const auto& data = *reinterpret_cast<const tcp::DataPdu*>(pdu.data());
    const nvme::Command& command = queue.writes[data.command_id];
    uint8_t* place = memory_.data() + command.cdw10 % blocks * block_bytes;
    std::memcpy(place + data.offset, pdu.data() + data.header.data_offset, data.bytes);
    if ((data.header.flags & tcp::flag_last) != 0) {
        const bool whole = data.offset + data.bytes == command.sgl.length;
        const bool tagged = data.transfer_tag == data.command_id + 100;
        peer.respond(data.command_id, whole && tagged ? 0 : 0x04);
    }
}

void Controller::handle_admin(Peer& peer, const nvme::Command& command) {
    const uint16_t id = command.command_id;
    switch (command.opcode) {
        case 0x7f:  // Fabrics: Property Set, Connect, Property Get.
            if (command.namespace_id == 0x00) {
                enabled_ = (command.cdw12 & 1) != 0;
                peer.respond(id);
            } else if (command.namespace_id == 0x01) {
                peer.respond(id, 0, controller_id);
            } else {
                peer.respond(id, 0, command.cdw11 == 0x1c ? uint64_t{enabled_} : 10u << 24 | 127);
            }
            break;
        case 0x06:
            peer.send_data(id, identify(static_cast<uint8_t>(command.cdw10)));
            break;
        case 0x09:
            peer.respond(id, 0, 1u | 1u << 16);  // Two I/O queues.
            break;
        case 0x0c:
            break;  // An event request is kept.
        case 0x18:
            ++keep_alives_;
            peer.respond(id);
            break;
        default:
            peer.respond(id);
    }
}

Bytes Controller::identify(uint8_t cns) const {
    Bytes data(4096);
    if (cns == 1) {
        std::memset(data.data() + 4, ' ', 60);
        std::memcpy(data.data() + 4, "serial-1", 8);
        std::memcpy(data.data() + 24, "fake model", 10);
        data[77] = 5;  // MDTS: 128 KiB.
        put<uint16_t>(data, 78, controller_id);
        put<uint32_t>(data, 1792, (8192 + 64) / 16);
    } else {
        put<uint64_t>(data, 0, blocks);
        data[128 + 2] = 12;
    }
    return data;
}

}  // namespace fake
