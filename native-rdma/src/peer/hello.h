// HELLO: who a node is and what it speaks, and what the other one may find wrong with it.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/ids.h"
#include "peer/frame_format.h"

namespace peer {

struct Hello {
    base::Uuid cell{};
    base::NodeId from;
    base::NodeId to;
    uint64_t incarnation = 0;
    uint16_t version_lowest = protocol_version_lowest;
    uint16_t version_highest = protocol_version_highest;
    uint32_t lane = 0;
    uint32_t head_bytes_max = peer::head_bytes_max;
    uint32_t payload_bytes_max = peer::payload_bytes_max;
    uint64_t features = features_known;
    uint64_t needed = features_needed;
    bool operator==(const Hello&) const = default;
};

void encode(const Hello& hello, std::span<uint8_t, hello_bytes> out);
// What is wrong with the bytes, as a sentence that begins with the field; null when nothing is.
[[nodiscard]] const char* decode(std::span<const uint8_t, hello_bytes> bytes, Hello& out);

// Why a node that says `own` does not talk to one that says `theirs`, or an empty string.
[[nodiscard]] std::string objection(const Hello& own, const Hello& theirs);

}  // namespace peer
