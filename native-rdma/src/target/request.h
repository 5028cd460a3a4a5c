// One NVMe command from capsule to completion, embedded in the transport's slot for it.
//
//   transport: fills command ─▶ Target::dispatch ─▶ transport: obtains a buffer, moves host data
//   into it ─▶ request.execute ─▶ ... ─▶ TransportOps::respond ─▶ data and completion sent, slot
//   free again
//
// Thread: the reactor of its queue. Lifetime: the slot's; nothing is allocated on the way.
#pragma once

#include <cstdint>

#include "memory/buffer_pool.h"
#include "nvme/command.h"
#include "volume/backing.h"

namespace target {

struct Queue;

enum class DataDirection : uint8_t { none, to_controller, to_host };

struct Request : base::ListLink {
    // Set by the transport before dispatch().
    nvme::Command command;
    Queue* queue = nullptr;

    // Set by dispatch(): what the transport must obtain before it calls `execute`.
    DataDirection direction = DataDirection::none;
    uint32_t transfer_bytes = 0;  // Exactly what the command moves; 0 with none.
    void (*execute)(Request& request) = nullptr;

    // Set by the transport before `execute`: capacity >= transfer_bytes; empty with none.
    memory::Buffer buffer;

    // Set by the target before respond(). A failed command (status != 0) sends no data.
    nvme::Completion completion;
    uint32_t response_bytes = 0;  // to_host: how much of the buffer goes to the host.

    // The target's own: the command's work below it, and where a command of many steps stands.
    struct Work : volume::Op {
        Request* request = nullptr;
    };
    Work op;
    uint64_t cursor = 0;
};

}  // namespace target
