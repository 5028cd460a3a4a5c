// A small controller for the host's tests: a RAM namespace behind a socket, one thread a queue.
//
// Well-behaved by default; a test's hook sees every PDU first and may answer it wrongly.
// Thread: made and destroyed on one; the hook runs on a queue's thread, one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "initiator/raw_connection.h"
#include "nvme/command.h"
#include "nvme/tcp_pdu.h"

namespace fake {

using initiator::Bytes;

// The controller's end of one queue.
class Peer {
  public:
    explicit Peer(int socket) : socket_(socket) {}
    // One whole PDU without its digests' check; empty when the host is gone.
    Bytes receive();
    void send(const void* bytes, size_t count) const;
    void send(const Bytes& bytes) const { send(bytes.data(), bytes.size()); }
    void respond(uint16_t command_id, uint16_t status = 0, uint64_t result = 0) const;
    // The whole data of a read in one PDU, standing for the completion too.
    void send_data(uint16_t command_id, const uint8_t* data, uint32_t bytes, uint8_t flags) const;
    void send_data(uint16_t command_id, const Bytes& data) const;
    void ask_for_data(uint16_t command_id, uint32_t offset, uint32_t bytes) const;
    void end() const;

    bool header_digest = false;
    bool data_digest = false;

  private:
    void send_header(Bytes header, uint32_t data_bytes) const;
    int socket_;
};

class Controller {
  public:
    static constexpr uint32_t blocks = 1024;
    static constexpr uint32_t block_bytes = 4096;
    static constexpr uint32_t h2c_data_bytes_max = 8192;
    static constexpr uint16_t controller_id = 7;

    // True: the hook has dealt with the PDU.
    using Hook = std::function<bool(Peer& peer, const Bytes& pdu)>;

    explicit Controller(Hook hook = {});
    ~Controller();

    [[nodiscard]] uint16_t port() const { return port_; }
    [[nodiscard]] uint32_t keep_alives() const { return keep_alives_; }
    [[nodiscard]] uint32_t connections() const { return connections_; }

  private:
    // What a queue's thread remembers between PDUs: the writes whose data are coming.
    struct QueueState {
        nvme::Command writes[128] = {};
    };
    void accept_loop();
    void serve(int socket);
    void handle(Peer& peer, QueueState& queue, const Bytes& pdu);
    void handle_command(Peer& peer, QueueState& queue, const Bytes& pdu);
    void handle_admin(Peer& peer, const nvme::Command& command);
    void handle_data(Peer& peer, QueueState& queue, const Bytes& pdu);
    Bytes identify(uint8_t cns) const;

    Hook hook_;
    int listener_ = -1;
    uint16_t port_ = 0;
    std::atomic<uint32_t> keep_alives_ = 0;
    std::atomic<uint32_t> connections_ = 0;
    std::atomic<bool> enabled_ = false;
    std::thread acceptor_;
    std::mutex mutex_;
    std::vector<std::thread> threads_;
    std::vector<int> sockets_;
    Bytes memory_;
};

[[nodiscard]] inline const nvme::Command& command_of(const Bytes& pdu) {
    return reinterpret_cast<const nvme::tcp::CommandPdu*>(pdu.data())->command;
}
[[nodiscard]] inline bool is_command(const Bytes& pdu, uint8_t opcode) {
    return pdu[0] == static_cast<uint8_t>(nvme::tcp::PduType::command) &&
           command_of(pdu).opcode == opcode;
}

}  // namespace fake
