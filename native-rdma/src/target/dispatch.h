// How every command is understood and answered.
//
// parse_x() says what the command needs (direction, transfer_bytes, execute) or returns the status
// that refuses it; execute_x() does it and responds, now or later.
//
// Thread: the queue's reactor.
#pragma once

#include <cstdint>

#include "target/request.h"

namespace target {

class Controller;

// Sends the completion; with success and data to the host, the buffer's transfer_bytes too. The
// request is the transport's again.
void respond(Request& request, uint16_t status, uint64_t result = 0);

// The controller of a connected queue.
[[nodiscard]] Controller& controller_of(const Request& request);

// Sets what a command without data needs.
[[nodiscard]] uint16_t accept(Request& request, void (*execute)(Request& request));
// And one with `bytes` of it.
[[nodiscard]] uint16_t accept(Request& request,
                              void (*execute)(Request& request),
                              DataDirection direction,
                              uint32_t bytes);

}  // namespace target
