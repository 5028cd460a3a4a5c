// What the connections of one reactor have in common: its pool, the target, limits and counters.
//
// Thread: its reactor's, but for the counters, which any thread reads. Lifetime: the server's.
#pragma once

#include <cstdint>

#include "base/counter.h"
#include "base/intrusive_list.h"
#include "memory/buffer_pool.h"
#include "reactor/reactor.h"
#include "target/target.h"

namespace transport::tcp {

class Connection;

struct Shard {
    reactor::Reactor* reactor = nullptr;
    memory::BufferPool* pool = nullptr;
    target::Target* target = nullptr;
    uint64_t connect_timeout_ns = 0;
    uint64_t transfer_timeout_ns = 0;

    // The server's: told after a connection's memory has gone.
    void (*connection_gone)(Shard& shard) = nullptr;
    bool closing = false;  // Connections that still arrive are ended at once.
    base::IntrusiveList<Connection> connections;

    struct {
        base::Counter protocol_errors, timeouts, commands, bytes_received, bytes_sent;
    } counted;
};

}  // namespace transport::tcp
