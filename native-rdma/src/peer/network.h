// The connections between this node and the other nodes of its cell. PROTOCOL.md has the bytes.
//
//   Lane ──own connection to each node──▶ the node's Network ──home reactor of the group──▶ Sink
//
// Each reactor opens a connection of its own to each other node. Messages and requests leave on it,
// and only the answers to requests come back on it; so nobody has to agree on who connects.
//
// Thread: each function says. Lifetime: outlived by reactors, pools and sinks; destroyed after
// close() has answered.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "memory/buffer_pool.h"
#include "peer/port.h"
#include "reactor/reactor.h"

namespace peer {

struct NetworkOptions {
    base::Uuid cell{};
    base::NodeId node;         // This one's number in the cell.
    uint64_t incarnation = 0;  // Of this process: another at each start.
    // One of each for a reactor, in the order of its index.
    std::vector<reactor::Reactor*> reactors;
    std::vector<memory::BufferPool*> pools;
    std::vector<Sink*> sinks;
    // The place of the reactor that a group is at home on. Any reactor's thread; constant.
    std::function<uint32_t(base::PgId pg)> home_of;
};

struct PeerAddress {
    base::NodeId node;
    std::string address;  // Numeric, IPv4 or IPv6.
    uint16_t port = 0;
    bool operator==(const PeerAddress&) const = default;
};

enum class PeerState : uint8_t { connecting, connected };

struct PeerStatus {
    base::NodeId node;
    PeerState state = PeerState::connecting;  // Connected: every reactor is.
    std::string reason;                       // Why it is not, or was not last.
};

struct NetworkStatus {
    std::vector<PeerStatus> peers;
    // Of connections from nodes that are none of the peers, or that did not say who they are.
    uint64_t strangers = 0;
    std::string stranger_reason;  // Why the last of them was closed.
};

struct NetworkCounters {
    uint64_t connections = 0;  // Open now, both ways.
    uint64_t frames_sent = 0;
    uint64_t frames_received = 0;
    uint64_t bytes_sent = 0;
    uint64_t bytes_received = 0;
    uint64_t messages_dropped = 0;  // No connection, a full queue, or no memory for the data.
    uint64_t requests_put_off = 0;  // The primary had no memory for them at first.
};

class Network {
  public:
    explicit Network(NetworkOptions options);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    // Any thread but a reactor's: binds a numeric address and accepts. The bound port (0 lets the
    // kernel choose), or address_in_use, invalid_argument, io_error, closed.
    [[nodiscard]] base::Result<uint16_t> listen(const std::string& address, uint16_t port);
    // Any thread but a reactor's: all the other nodes. Connections to those that are not named, or
    // elsewhere now, end; connections from nodes that are not named are refused.
    void set_peers(std::vector<PeerAddress> peers);
    // The lane of a reactor. Until close() has answered.
    [[nodiscard]] Lane& lane(uint32_t reactor);

    // Any thread but a reactor's.
    [[nodiscard]] NetworkStatus status() const;
    [[nodiscard]] NetworkCounters counters() const;

    // Any thread but a reactor's, once: nothing is taken or sent any more, and requests end with
    // not_primary. `done` runs on a reactor's thread when also every call was answered and every
    // incoming was released: so groups are closed meanwhile, not after it.
    void close(std::function<void()> done);

    struct Impl;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace peer
