// What goes out, as frames: head and body into the caller's memory, the payload where it lies.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <span>

#include "base/ids.h"
#include "base/status.h"
#include "peer/port.h"
#include "replication/message.h"

namespace peer {

// The answer to a request.
struct Answer {
    base::PgId pg;
    base::Epoch epoch;
    uint64_t id = 0;  // The request's.
    base::Status status;
    uint32_t failed_block = 0;
    // Of a read that succeeded. Their CRCs are made while the answer is encoded: the store has
    // verified the blocks just before, and passes no checksums up.
    const uint8_t* data = nullptr;
    uint32_t block_count = 0;
};

// The bytes of head and body: a multiple of 8.
[[nodiscard]] uint32_t frame_bytes(const replication::Message& message);
[[nodiscard]] uint32_t frame_bytes(const Request& request);
[[nodiscard]] uint32_t frame_bytes(const Answer& answer);

// Writes so many bytes to `out`; what has to follow on the wire, or nothing.
std::span<const uint8_t> encode(const replication::Message& message, uint8_t* out);
std::span<const uint8_t> encode(const Request& request, uint8_t* out);
std::span<const uint8_t> encode(const Answer& answer, uint8_t* out);

}  // namespace peer
