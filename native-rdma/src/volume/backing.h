// What the target needs of whatever holds a namespace's blocks: the port between target and volume.
//
// Implemented by Volume (extents on stores) and RamBacking (memory, for measuring the target
// alone). Thread: one reactor; each reactor that serves a namespace has its own Backing object for
// it.
#pragma once

#include <cstdint>

#include "base/limits.h"
#include "base/status.h"
#include "reactor/executor.h"
#include "router/part.h"
#include "store/store.h"

namespace volume {

enum class Verb : uint8_t { read, write, deallocate, flush };
inline constexpr uint32_t verb_count = 4;

class Backing;
struct Op;

// One operation on a namespace, embedded in the target's Request. The caller fills the first group.
struct Op {
    using Done = void (*)(Op& op, base::Status status);
    struct Later : reactor::Task {
        Op* op = nullptr;
    };

    Verb verb = Verb::read;
    uint64_t first_block = 0;
    uint32_t block_count = 0;  // read, write: <= transfer_bytes_max; deallocate: any.
    uint8_t* data = nullptr;   // read, write: block_count x 4096, aligned; untouched until done.
    uint16_t registered_index = memory::not_registered;
    Done done = nullptr;        // Exactly once, on the submitting reactor, never inside submit().
    uint64_t failed_block = 0;  // With Errc::checksum_wrong: the damaged block of the namespace.

    // The backing's own.
    Backing* backing = nullptr;
    Later task;
    base::Status status;
    uint64_t submitted_ns = 0;
    uint32_t parts_left = 0;
    uint64_t next_block = 0;  // deallocate: what is still to be split.
    uint64_t end_block = 0;
    router::Part parts[2];
    uint32_t block_crcs[store::blocks_per_op_max];
};

class Backing {
  public:
    virtual ~Backing() = default;
    [[nodiscard]] virtual uint64_t block_count() const = 0;
    // Refuses with out_of_range (past the end); otherwise op.done will be called.
    [[nodiscard]] virtual base::Status submit(Op& op) = 0;
};

}  // namespace volume
