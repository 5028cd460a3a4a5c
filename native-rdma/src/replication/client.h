// What a group does for its clients: the router's parts, and the group's own writes.
//
// An operation completes exactly once, never inside its submission. Errc::not_primary: this node
// does not serve the group, and what became of a write is not known; stale_fence: a newer
// attachment of the volume exists, and nothing was done.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/status.h"
#include "replication/message.h"
#include "store/store.h"

namespace replication {

class Primary;

// Stores blocks of one extent on every member; with `data` null it deallocates them.
struct Write : base::ListLink {
    using Done = void (*)(Write& write, base::Status status);
    Range range;
    const uint8_t* data = nullptr;   // Aligned to 4096, until done.
    const uint32_t* crcs = nullptr;  // CRC32C of each block, until done.
    base::Generation generation;
    base::Fence fence;
    Done done = nullptr;

    // The primary's own.
    struct Local : store::WriteOp {
        Write* write = nullptr;
    };
    Local local;
    Primary* primary = nullptr;
    base::Version version;
    bool internal = false;  // The group's: needs neither lease nor fence.
    bool local_done = false;
};

struct Read : base::ListLink {
    using Done = void (*)(Read& read, base::Status status);
    Range range;
    uint8_t* data = nullptr;  // Aligned to 4096.
    uint16_t registered_index = memory::not_registered;
    base::Fence fence;
    Done done = nullptr;
    uint32_t failed_block = 0;  // With checksum_wrong, in the extent.

    // The primary's own.
    struct Local : store::ReadOp {
        Read* read = nullptr;
    };
    Local local;
    Primary* primary = nullptr;
    base::Version after;  // It waits until this is committed.
    base::Status status;
    bool landed = false;
};

}  // namespace replication
