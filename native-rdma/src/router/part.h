// The piece of a volume's operation that falls into one extent, on its way to a store and back.
//
// Embedded in volume::Op, so crossing to another reactor and back allocates nothing and every
// mailbox is bounded by the operations there are.
#pragma once

#include <cstdint>

#include "base/intrusive_list.h"
#include "base/status.h"
#include "reactor/reactor.h"
#include "store/store.h"

namespace router {

class Shard;

// The list link is the shard's: where a part waits while the store is busy.
struct Part : base::ListLink {
    using Done = void (*)(Part& part, base::Status status);
    enum class Verb : uint8_t { read, write };

    struct Hop : reactor::Task {
        Part* part = nullptr;
    };
    struct Write : store::WriteOp {
        Part* part = nullptr;
    };
    struct Read : store::ReadOp {
        Part* part = nullptr;
    };

    // Set by the volume. `write` without data deallocates.
    Verb verb = Verb::read;
    Write write;          // All but version and done; or:
    Read read;            // all but done.
    Done done = nullptr;  // Exactly once, on the submitting reactor, never inside run().
    void* owner = nullptr;

    // The router's own.
    Shard* shard = nullptr;
    reactor::Executor* origin = nullptr;
    reactor::Reactor* origin_reactor = nullptr;  // Null when the shard is on the same thread.
    Hop hop;
    base::Status status;
};

}  // namespace router
