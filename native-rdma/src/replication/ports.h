// What a placement group needs of its surroundings: the others, control, and its settings.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "replication/message.h"

namespace replication {

// The way to other nodes. A message may get lost, come twice, late or out of order; but it comes
// only to the run of the other process that was there when it was sent. Of another run every
// replica is told by peer_down() before anything is sent to it or taken from it, also when the
// break was not noticed otherwise: the new run knows no channel, and would answer nothing but
// heartbeats. Never calls back inside.
struct Peers {
    // Data that an Append names must stay as it is until it is acknowledged, or until the channel
    // is given up; what is sent of it later is refused by its checksum.
    virtual void send(base::NodeId to, const Message& message) = 0;

  protected:
    ~Peers() = default;
};

enum class SuspectReason : uint8_t {
    silent,       // Nothing was heard from it for the grace time.
    unreachable,  // The connection to it broke.
    store_failed,
};

// What control should know. Said again every second while it is so; never calls back inside.
struct Reports {
    virtual void suspect(base::PgId pg,
                         base::Epoch epoch,
                         base::NodeId node,
                         SuspectReason reason) = 0;
    // A joining member has everything and takes part in each acknowledgement: it may be in-sync.
    virtual void level(base::PgId pg, base::Epoch epoch, base::NodeId node) = 0;
    // This primary needs a new epoch: it has just started, or its versions are about to run out.
    virtual void wants_epoch(base::PgId pg, base::Epoch above) = 0;
    // Somebody knows this epoch, which is new here.
    virtual void behind(base::PgId pg, base::Epoch known) = 0;

  protected:
    ~Reports() = default;
};

struct Settings {
    uint64_t heartbeat_ns = 100'000'000;
    uint64_t lease_ns = 500'000'000;  // Less than grace: by as much as clocks' rates may differ.
    uint64_t grace_ns = 700'000'000;
    uint64_t resend_ns = 200'000'000;  // An Append that is not acknowledged is sent again.
    uint64_t report_ns = 1'000'000'000;
    uint32_t window_writes = 1024;  // Of a primary, not yet committed; more wait.
    uint32_t copies_in_flight = 8;  // To a joining member.
};

}  // namespace replication
