// The piece of a volume's operation that falls into one extent, on its way to the primary of the
// extent's group and back.
//
// Embedded in volume::Op, so crossing to another reactor or node and back allocates nothing and
// every queue is bounded by the operations there are.
#pragma once

#include <cstdint>

#include "base/intrusive_list.h"
#include "base/status.h"
#include "peer/port.h"
#include "reactor/reactor.h"
#include "replication/client.h"

namespace router {

class Group;
class Shard;

// The list link is the group's: the queue of what has not been answered.
struct Part : base::ListLink {
    using Done = void (*)(Part& part, base::Status status);
    enum class Verb : uint8_t { read, write };

    struct Hop : reactor::Task {
        Part* part = nullptr;
    };
    struct Write : replication::Write {
        Part* part = nullptr;
    };
    struct Read : replication::Read {
        Part* part = nullptr;
    };
    struct Request : peer::Request {
        Part* part = nullptr;
    };

    // Set by the volume. `write` without data deallocates.
    Verb verb = Verb::read;
    replication::Range range;
    base::Fence fence;
    const uint8_t* data = nullptr;   // Of a write, aligned to 4096, until done.
    const uint32_t* crcs = nullptr;  // CRC32C of each block to write, until done.
    uint8_t* target = nullptr;       // Of a read, aligned to 4096.
    uint16_t registered_index = memory::not_registered;
    Done done = nullptr;  // Exactly once, on the submitting reactor, never inside run().
    void* owner = nullptr;
    uint32_t failed_block = 0;  // With checksum_wrong, in the extent.

    // The router's own.
    Shard* shard = nullptr;
    Group* group = nullptr;
    reactor::Executor* origin = nullptr;
    reactor::Reactor* origin_reactor = nullptr;  // Null when the shard is on the same thread.
    Hop hop;
    base::Status status;
    uint64_t deadline_ns = 0;  // Until when it may wait for the group to be served.
    bool sent = false;
    // One of them is under way: here, or at the primary's node.
    Write write;
    Read read;
    Request request;
};

}  // namespace router
