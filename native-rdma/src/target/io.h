// The I/O commands, by the file that knows them.
//
// Thread: the reactor of the request's queue.
#pragma once

#include <cstdint>

#include "target/request.h"

namespace target {

[[nodiscard]] uint16_t parse_read(Request& request);          // io.cc
[[nodiscard]] uint16_t parse_write(Request& request);         // io.cc
[[nodiscard]] uint16_t parse_flush(Request& request);         // io.cc
[[nodiscard]] uint16_t parse_write_zeroes(Request& request);  // io.cc
[[nodiscard]] uint16_t parse_compare(Request& request);       // compare.cc
[[nodiscard]] uint16_t parse_deallocate(Request& request);    // deallocate.cc

// The request an operation below the target belongs to.
[[nodiscard]] Request& request_of(volume::Op& op);
// Refuses blocks the namespace does not have. Overflow-safe.
[[nodiscard]] uint16_t check_blocks(const Request& request,
                                    uint64_t first_block,
                                    uint64_t block_count);
// A command that moves the data of a run of blocks.
[[nodiscard]] uint16_t parse_transfer(Request& request,
                                      void (*execute)(Request& request),
                                      DataDirection direction);
// Gives the operation, its blocks and data set, to the namespace. A refusal is the return value.
[[nodiscard]] base::Status submit(Request& request, volume::Verb verb, volume::Op::Done done);
// The same, but a refusal is answered.
void submit_or_respond(Request& request, volume::Verb verb, volume::Op::Done done);
// Answers a command whose operation ended with `status`, and logs what was our fault.
void respond_volume(Request& request, base::Status status);

}  // namespace target
