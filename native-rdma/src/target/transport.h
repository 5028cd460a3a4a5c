// The port between the target and its transports (TCP now, RDMA later).
#pragma once

#include <cstdint>

#include "reactor/reactor.h"
#include "target/request.h"

namespace target {

class Controller;
class Target;

// One table per transport; each function is called on the queue's reactor.
struct TransportOps {
    // Sends `response_bytes` of the buffer (to_host, status 0) and the completion; releases the
    // buffer. Afterwards the slot is the transport's. On a closing connection it only frees.
    void (*respond)(Request& request);
    // Closes the connection: the controller is gone. Outstanding requests still respond().
    void (*disconnect)(Queue& queue);
};

// One submission/completion queue pair and the connection that carries it; embedded in the
// connection.
//
//   unconnected ──Connect──▶ live ──connection lost or controller gone──▶ closing ──▶ (freed)
struct Queue {
    const TransportOps* ops = nullptr;  // Set by the transport, as are the next three.
    Target* target = nullptr;
    reactor::Reactor* reactor = nullptr;
    bool discovery_port = false;  // The connection came in on the discovery service's port.

    // The target's own.
    Controller* controller = nullptr;  // Null until Connect succeeded.
    uint16_t id = 0;                   // 0 is the admin queue.
    uint16_t entries = 0;              // As granted by Connect.
    uint16_t sq_head = 0;
    uint32_t outstanding = 0;  // Dispatched and not yet responded to.
    bool closing = false;
    volume::Backing* backing = nullptr;  // Of an I/O queue: namespace 1, for this reactor.
};

}  // namespace target
