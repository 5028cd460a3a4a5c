// What comes in, taken from its frame and looked at in every field before anything acts on it.
//
// A refusal is a sentence that begins with the field's name. Thread: one.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "peer/frame_format.h"
#include "peer/port.h"
#include "replication/message.h"

namespace peer {

struct RequestFrame {
    uint64_t id = 0;
    base::Epoch epoch;
    Verb verb = Verb::read;
    bool deallocate = false;
    replication::Range range;
    base::Fence fence;
    base::Generation generation;
};

struct ResponseFrame {
    uint64_t id = 0;
    base::Status status;
    uint32_t failed_block = 0;
    uint32_t block_count = 0;
};

// Reused from frame to frame. Of the fields only those of `type` say anything; what the message
// points to is in here, but for an Append's data, which the caller sets.
struct Decoded {
    FrameType type = FrameType::hello;
    replication::Message message;
    RequestFrame request;
    ResponseFrame response;
    std::array<uint32_t, payload_blocks_max> crcs;
    std::vector<replication::Range> ranges;
};

// What is wrong with a head, before its body has come; null when nothing is.
[[nodiscard]] const char* invalid(const FrameHead& head);
// `frame` is the whole of head and body.
[[nodiscard]] bool checksum_holds(const FrameHead& head, const uint8_t* frame);
// The rest, of a head that is not invalid and a checksum that holds.
[[nodiscard]] const char* decode(const FrameHead& head, const uint8_t* body, Decoded& out);

}  // namespace peer
