// A TCP connection to a controller that sends whatever it is told: for tests of hostile hosts.
//
// Thread: one; calls block, each with a time limit. Lifetime: the destructor closes the socket.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "initiator/request_writer.h"
#include "nvme/command.h"
#include "nvme/fabrics.h"
#include "nvme/tcp_pdu.h"

namespace initiator {

using Bytes = std::vector<uint8_t>;

// What came of waiting for a PDU.
struct RawPdu {
    enum class Outcome : uint8_t {
        pdu,        // `bytes` hold one whole PDU, digests and all.
        closed,     // The peer closed or reset the connection.
        timed_out,  // Neither, in the time given.
    };
    Outcome outcome = Outcome::timed_out;
    Bytes bytes;

    [[nodiscard]] bool is(nvme::tcp::PduType type) const {
        return outcome == Outcome::pdu && bytes[0] == static_cast<uint8_t>(type);
    }
    // Requires: bytes.size() >= sizeof(T).
    template <typename T>
    [[nodiscard]] const T& as() const {
        return *reinterpret_cast<const T*>(bytes.data());
    }
};

class RawConnection {
  public:
    // Fails with io_error (detail: errno).
    static base::Result<std::unique_ptr<RawConnection>> open(const std::string& address,
                                                             uint16_t port);
    ~RawConnection();
    RawConnection(const RawConnection&) = delete;
    RawConnection& operator=(const RawConnection&) = delete;

    // False when the peer is gone or takes nothing within the time.
    bool send(std::span<const uint8_t> bytes, uint32_t timeout_ms = 5'000);
    // As send(), one piece of `piece_bytes` after another, each its own segment.
    bool send_in_pieces(std::span<const uint8_t> bytes, size_t piece_bytes);
    [[nodiscard]] RawPdu receive(uint32_t timeout_ms = 5'000);
    // Reads and drops what comes. Whether the peer closes in time.
    [[nodiscard]] bool wait_closed(uint32_t timeout_ms = 5'000);
    // Ends our half: the peer reads an end, we may still read.
    void shut_down_sending();
    // Makes the socket's close a reset.
    void reset_on_close();

    // The ICReq of a good host, for what comes after it. False when refused; wire() is for the
    // builders below.
    [[nodiscard]] bool negotiate(bool header_digest = false, bool data_digest = false);
    [[nodiscard]] const WireOptions& wire() const { return wire_; }

  private:
    explicit RawConnection(int socket) : socket_(socket) {}
    [[nodiscard]] RawPdu::Outcome fill(size_t wanted, uint64_t deadline_ns);

    int socket_;
    WireOptions wire_;
    Bytes received_;
};

// PDUs of a good host, to be sent as they are or spoilt first.
[[nodiscard]] Bytes ic_request_pdu(bool header_digest = false, bool data_digest = false);
// A capsule; with data they lie in it, and the command's descriptor says so.
[[nodiscard]] Bytes command_pdu(const WireOptions& wire,
                                nvme::Command command,
                                uint16_t command_id,
                                std::span<const uint8_t> data = {});
// A capsule whose `data_bytes` are to be moved by R2T and H2CData, or by C2HData.
[[nodiscard]] Bytes transfer_command_pdu(const WireOptions& wire,
                                         nvme::Command command,
                                         uint16_t command_id,
                                         uint32_t data_bytes);
struct ConnectParameters {
    uint16_t queue_id = 0;
    uint16_t controller_id = nvme::controller_id_dynamic;
    uint32_t entries = 32;
};
[[nodiscard]] Bytes connect_pdu(const WireOptions& wire,
                                const std::string& subsystem_nqn,
                                const std::string& host_nqn,
                                const ConnectParameters& parameters = {});
[[nodiscard]] Bytes h2c_data_pdu(const WireOptions& wire,
                                 const DataPart& part,
                                 std::span<const uint8_t> data);

}  // namespace initiator
