#include "peer/hello.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"
#include "peer/decode.h"

namespace peer {
namespace {

std::string range_of(const Hello& hello) {
    return std::to_string(hello.version_lowest) + " to " + std::to_string(hello.version_highest);
}

}  // namespace

void encode(const Hello& hello, std::span<uint8_t, hello_bytes> out) {
    HelloBody body{};
    std::copy(hello.cell.begin(), hello.cell.end(), body.cell);
    body.from = hello.from.value;
    body.to = hello.to.value;
    body.incarnation = hello.incarnation;
    body.version_lowest = hello.version_lowest;
    body.version_highest = hello.version_highest;
    body.lane = hello.lane;
    body.head_bytes_max = hello.head_bytes_max;
    body.payload_bytes_max = hello.payload_bytes_max;
    body.features = hello.features;
    body.needed = hello.needed;
    FrameHead head{};
    head.magic = frame_magic;
    head.type = static_cast<uint16_t>(FrameType::hello);
    head.body_bytes = sizeof body;
    std::memcpy(out.data(), &head, sizeof head);
    std::memcpy(out.data() + sizeof head, &body, sizeof body);
    const uint32_t crc =
        base::crc32c(out.data() + checksummed_from, hello_bytes - checksummed_from);
    std::memcpy(out.data() + offsetof(FrameHead, crc), &crc, sizeof crc);
}

const char* decode(std::span<const uint8_t, hello_bytes> bytes, Hello& out) {
    FrameHead head;
    HelloBody body;
    std::memcpy(&head, bytes.data(), sizeof head);
    std::memcpy(&body, bytes.data() + sizeof head, sizeof body);
    if (const char* wrong = invalid(head); wrong != nullptr) {
        return wrong;
    }
    if (head.type != static_cast<uint16_t>(FrameType::hello)) {
        return "type: expected HELLO first";
    }
    if (!checksum_holds(head, bytes.data())) {
        return "crc: expected that of head and body";
    }
    if (head.group != 0 || head.epoch != 0) {
        return "group: expected zero, and so the epoch";
    }
    std::copy(std::begin(body.cell), std::end(body.cell), out.cell.begin());
    out.from = base::NodeId{body.from};
    out.to = base::NodeId{body.to};
    out.incarnation = body.incarnation;
    out.version_lowest = body.version_lowest;
    out.version_highest = body.version_highest;
    out.lane = body.lane;
    out.head_bytes_max = body.head_bytes_max;
    out.payload_bytes_max = body.payload_bytes_max;
    out.features = body.features;
    out.needed = body.needed;
    if (out.version_lowest == 0 || out.version_lowest > out.version_highest) {
        return "version_lowest: expected 1 to version_highest";
    }
    if (out.lane >= base::limits::reactors_max) {
        return "lane: expected less than 64";
    }
    if (out.incarnation == 0) {
        return "incarnation: expected another number than 0";
    }
    return nullptr;
}

std::string objection(const Hello& own, const Hello& theirs) {
    if (theirs.cell != own.cell) {
        return "it belongs to another cell";
    }
    if (theirs.from == own.from) {
        return "it says that it is this node";
    }
    if (theirs.to != own.from) {
        return "it looks for node " + std::to_string(theirs.to.value) + ", this is node " +
               std::to_string(own.from.value);
    }
    if (own.to != base::NodeId{} && theirs.from != own.to) {
        return "it is node " + std::to_string(theirs.from.value) + ", expected was node " +
               std::to_string(own.to.value);
    }
    const uint16_t spoken = std::min(own.version_highest, theirs.version_highest);
    if (spoken < std::max(own.version_lowest, theirs.version_lowest)) {
        return "it speaks versions " + range_of(theirs) + " of the protocol, this node " +
               range_of(own);
    }
    if (theirs.payload_bytes_max < own.payload_bytes_max ||
        theirs.head_bytes_max < own.head_bytes_max) {
        return "it takes smaller frames than this node sends";
    }
    if ((theirs.needed & ~own.features) != 0) {
        return "it needs features that this node has not";
    }
    if ((own.needed & ~theirs.features) != 0) {
        return "it lacks features that this node needs";
    }
    return {};
}

}  // namespace peer
