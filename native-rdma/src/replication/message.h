// What members of a placement group say to each other. PROTOCOL.md has the table and the pictures.
//
// These are the messages as the protocol sees them; how they lie on a wire is the transport's.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "replication/group_config.h"
#include "store/store.h"

namespace replication {

// Neighbouring blocks of one extent.
struct Range {
    base::ExtentId extent;
    uint32_t first_block = 0;  // In the extent.
    uint32_t block_count = 0;
    [[nodiscard]] bool overlaps(const Range& other) const {
        return extent == other.extent && first_block < other.first_block + other.block_count &&
               other.first_block < first_block + block_count;
    }
};

// From the primary, when it has adopted an epoch or lost the thread: a new channel begins, the
// member adopts the configuration and says what it has.
struct Prepare {
    GroupConfig config;
    uint64_t channel = 0;  // Grows with every Prepare of an epoch to a member.
    bool wipe = false;     // To a joining member: what it holds is of no use.
};

// The answer: everything the member holds above its commit point.
struct Prepared {
    base::PgId pg;
    base::Epoch epoch;
    uint64_t channel = 0;
    base::Version
        commit;  // All it holds up to here is committed, and nothing committed is missing.
    bool demoted = false;            // It was the primary before, and is not any more.
    bool unknown = false;            // It holds more above its commit point than it could note.
    std::span<const Range> pending;  // Good as long as the call that brings it.
};

// A write of the group, or (copy) blocks that a joining member lacks. In the channel's order.
struct Append {
    base::PgId pg;
    base::Epoch epoch;
    uint64_t channel = 0;
    uint64_t sequence = 0;  // In the channel, from 1.
    base::Version version;
    base::Version commit;  // The primary's commit point.
    bool copy = false;
    base::Generation generation;
    Range range;
    const uint8_t* data = nullptr;   // block_count x 4096 bytes, aligned; null: deallocates.
    const uint32_t* crcs = nullptr;  // CRC32C of each block.
};

// All of the channel up to `sequence` is durable.
struct Ack {
    base::PgId pg;
    base::Epoch epoch;
    uint64_t channel = 0;
    uint64_t sequence = 0;
    bool full = false;  // The member's store has no room for more than is on its way.
};

// Asks for a lease, and carries the commit point when no write does.
struct Heartbeat {
    base::PgId pg;
    base::Epoch epoch;
    uint64_t channel = 0;
    uint64_t sent_ns = 0;  // On the primary's clock.
    base::Version commit;
};

// The lease: the member will not be primary itself for the grace time from now on.
struct Grant {
    base::PgId pg;
    base::Epoch epoch;
    uint64_t sent_ns = 0;  // The heartbeat's: the lease counts from there.
    bool full = false;     // As of an Ack, which may not come as long as nothing is written.
};

// The sender of a message is behind: here is an epoch that it does not know.
struct Refused {
    base::PgId pg;
    base::Epoch epoch;
};

using Message = std::variant<Prepare, Prepared, Append, Ack, Heartbeat, Grant, Refused>;

class Replica;

// An Append that came in, with the memory that holds it.
struct Incoming : base::ListLink {
    using Release = void (*)(Incoming& incoming);
    Append append;
    Release release = nullptr;  // Once, when the data is not needed any more.

    // The replica's own.
    struct Local : store::WriteOp {
        Incoming* incoming = nullptr;
    };
    Local local;
    Replica* replica = nullptr;
};

}  // namespace replication
