// What a node asks of the primary on another node, and what comes in from there.
//
// Thread: a Lane and a Sink belong to one reactor; everything here is called on it, and nothing
// calls back inside.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/status.h"
#include "replication/client.h"
#include "replication/message.h"
#include "replication/ports.h"

namespace peer {

enum class Verb : uint8_t { read, write };

// A read or write of one extent's blocks that another node's primary is to carry out, embedded by
// the caller. Ends exactly once, never inside Lane::request(), with the primary's answer or with
//   not_primary   that node does not serve the group, or the connection to it broke, or there is
//                 none: what became of a write is not known
//   stale_fence   a newer attachment of the volume exists, and nothing was done
struct Request : base::ListLink {
    using Done = void (*)(Request& request, base::Status status);
    Verb verb = Verb::read;
    replication::Range range;  // At most store::blocks_per_op_max blocks, more to deallocate.
    base::Epoch epoch;         // Of the configuration that the asker goes by.
    base::Fence fence;
    base::Generation generation;     // Of a write.
    const uint8_t* data = nullptr;   // Of a write; null deallocates. Stays as it is until done.
    const uint32_t* crcs = nullptr;  // CRC32C of each block to write, until done.
    uint8_t* target = nullptr;       // Of a read, until done. What is in it after ok was verified.
    Done done = nullptr;
    uint32_t failed_block = 0;  // With checksum_wrong, in the extent.

    // The lane's own.
    uint64_t id = 0;
    base::Status status;
    bool sending = false;   // The kernel reads the data.
    bool answered = false;  // Meanwhile.
};

// A request that came in. The sink looks at `epoch` first, then gives `write` or `read` to its
// replica: all but `done` is filled in, and the data are in the lane's own memory.
struct Call : base::ListLink {
    // Once, on the sink's reactor; the call must not be touched any more.
    using Answer = void (*)(Call& call, base::Status status);
    struct Write : replication::Write {
        Call* call = nullptr;  // The sink's, for its own use.
    };
    struct Read : replication::Read {
        Call* call = nullptr;  // Likewise.
    };
    base::NodeId from;
    base::Epoch epoch;
    Verb verb = Verb::read;
    Write write;  // With verb write; or:
    Read read;    // its failed_block is what the asker is told.
    Answer answer = nullptr;
    void* owner = nullptr;  // The sink's, for its own use.
};

// What takes that which comes from other nodes. Only ever called on the home reactor of the
// message's group, and in the order in which one node's lane sent it.
struct Sink {
    virtual void message(base::NodeId from, const replication::Message& message) = 0;
    // Blocks to store; it calls incoming.release() once, on this reactor.
    virtual void append(base::NodeId from, replication::Incoming& incoming) = 0;
    virtual void call(Call& call) = 0;
    // This reactor's connection to the node broke, or the node runs anew. Said before anything of
    // the new run comes or is sent to it, and perhaps more than once.
    virtual void peer_down(base::NodeId node) = 0;

  protected:
    ~Sink() = default;
};

// One reactor's way to the other nodes. Messages are dropped where there is no connection, and
// where a queue is full: the protocol sends again.
struct Lane : replication::Peers {
    virtual void request(base::NodeId to, Request& request) = 0;
    // Breaks the connection to a node that does not answer, and makes another: its requests end
    // with not_primary.
    virtual void renew(base::NodeId to) = 0;

  protected:
    ~Lane() = default;
};

}  // namespace peer
