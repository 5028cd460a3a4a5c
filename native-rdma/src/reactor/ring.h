// Makes the io_uring a reactor runs on, with the best of what this kernel offers.
//
// Thread: any; the ring is enabled and used by one thread from then on.
#pragma once

#include <cstdint>

#include <liburing.h>

#include "base/status.h"
#include "reactor/reactor.h"

namespace reactor {

// Fills `ring` and says what it has. The ring starts disabled when `single_issuer` is offered: the
// thread that is to own it calls io_uring_enable_rings(). Fails with Errc::unsupported (detail:
// errno) when io_uring is not allowed, with nothing left to free.
base::Result<Features> open_ring(io_uring& ring, uint32_t entries);

}  // namespace reactor
