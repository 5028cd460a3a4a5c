// What lies on a connection between two nodes; PROTOCOL.md has the same as tables.
//
// A frame is a head, the body of its type, and with some types a payload of whole blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ids.h"
#include "base/limits.h"
#include "base/wire.h"
#include "replication/group_config.h"
#include "replication/pending.h"
#include "store/store.h"

namespace peer {

using base::le16;
using base::le32;
using base::le64;

// Version 1: the first.
inline constexpr uint16_t protocol_version_lowest = 1;
inline constexpr uint16_t protocol_version_highest = 1;
// Features that this release can do, and those without which it does not talk.
inline constexpr uint64_t features_known = 0;
inline constexpr uint64_t features_needed = 0;

inline constexpr uint32_t frame_magic = 0x50485341;  // "ASHP", read as a little-endian number.

enum class FrameType : uint16_t {
    hello = 0,
    prepare = 1,
    prepared = 2,
    append = 3,
    ack = 4,
    heartbeat = 5,
    grant = 6,
    refused = 7,
    request = 8,
    response = 9,
};

struct FrameHead {
    le32 magic;
    le32 crc;  // Of head and body, behind this field.
    le16 type;
    le16 flags;
    le32 body_bytes;
    le32 payload_bytes;
    le32 group;
    le32 epoch;
    le32 reserved;  // Zero, as every reserved field.
};
static_assert(base::WireFormat<FrameHead>);
static_assert(sizeof(FrameHead) == 32);
static_assert(offsetof(FrameHead, type) == 8);
static_assert(offsetof(FrameHead, group) == 20);
inline constexpr uint32_t checksummed_from = offsetof(FrameHead, type);

struct HelloBody {
    uint8_t cell[16];
    le32 from;
    le32 to;
    le64 incarnation;
    le16 version_lowest;
    le16 version_highest;
    le32 lane;  // The reactor that opened the connection.
    le32 head_bytes_max;
    le32 payload_bytes_max;
    le64 features;
    le64 needed;
};
static_assert(base::WireFormat<HelloBody>);
static_assert(sizeof(HelloBody) == 64);
static_assert(offsetof(HelloBody, incarnation) == 24);
static_assert(offsetof(HelloBody, features) == 48);

inline constexpr uint16_t prepare_wipe = 1;
struct PrepareBody {
    struct Member {
        le32 node;
        le32 role;
    };
    le64 channel;
    le32 primary;
    le32 min_in_sync;
    le32 member_count;
    le32 reserved;
    Member members[replication::members_max];  // Zero behind member_count.
};
static_assert(base::WireFormat<PrepareBody>);
static_assert(sizeof(PrepareBody) == 88);

inline constexpr uint16_t prepared_demoted = 1;
inline constexpr uint16_t prepared_unknown = 2;
struct PreparedBody {  // Ranges follow.
    le64 channel;
    le64 commit_counter;
    le32 commit_epoch;
    le32 range_count;
};
struct WireRange {
    le64 volume;
    le32 extent;
    le32 first_block;
    le32 block_count;
    le32 reserved;
};
static_assert(base::WireFormat<PreparedBody>);
static_assert(base::WireFormat<WireRange>);
static_assert(sizeof(PreparedBody) == 24);
static_assert(sizeof(WireRange) == 24);
inline constexpr uint32_t prepared_ranges_max = replication::Pending::ranges_max;
static_assert(prepared_ranges_max == 4096, "the number is part of the protocol");

inline constexpr uint16_t append_copy = 1;
inline constexpr uint16_t append_deallocate = 2;
struct AppendBody {  // The CRC32C of each block follows, padded to 8.
    le64 channel;
    le64 sequence;
    le64 counter;
    le64 commit_counter;
    le32 epoch;
    le32 commit_epoch;
    le64 volume;
    le32 extent;
    le32 generation;
    le32 first_block;
    le32 block_count;
};
static_assert(base::WireFormat<AppendBody>);
static_assert(sizeof(AppendBody) == 64);
static_assert(offsetof(AppendBody, volume) == 40);

inline constexpr uint16_t ack_full = 1;
struct AckBody {
    le64 channel;
    le64 sequence;
};
static_assert(base::WireFormat<AckBody>);
static_assert(sizeof(AckBody) == 16);

struct HeartbeatBody {
    le64 channel;
    le64 sent_ns;
    le64 commit_counter;
    le32 commit_epoch;
    le32 reserved;
};
static_assert(base::WireFormat<HeartbeatBody>);
static_assert(sizeof(HeartbeatBody) == 32);

inline constexpr uint16_t grant_full = 1;
struct GrantBody {
    le64 sent_ns;
};
static_assert(base::WireFormat<GrantBody>);
static_assert(sizeof(GrantBody) == 8);

inline constexpr uint16_t request_write = 1;
inline constexpr uint16_t request_deallocate = 2;  // With request_write.
struct RequestBody {  // Of a write with data the CRC32C of each block follows, padded to 8.
    le64 id;
    le64 fence;
    le64 volume;
    le32 extent;
    le32 generation;
    le32 first_block;
    le32 block_count;
};
static_assert(base::WireFormat<RequestBody>);
static_assert(sizeof(RequestBody) == 40);

struct ResponseBody {  // Of a read that succeeded the CRC32C of each block follows, padded to 8.
    le64 id;
    le32 status;  // A WireStatus.
    le32 detail;
    le32 failed_block;
    le32 block_count;  // Of the payload.
};
static_assert(base::WireFormat<ResponseBody>);
static_assert(sizeof(ResponseBody) == 24);

// The numbers are the protocol's, whatever base::Errc becomes.
enum class WireStatus : uint32_t {
    ok = 0,
    busy = 1,  // No memory for it: nothing was done.
    not_primary = 2,
    stale_fence = 3,
    no_space = 4,
    device_failed = 5,
    checksum_wrong = 6,
    out_of_range = 7,
    other = 8,
};

inline constexpr uint32_t hello_bytes = sizeof(FrameHead) + sizeof(HelloBody);

// What this release takes, as its HELLO says.
inline constexpr uint32_t head_bytes_max =
    sizeof(FrameHead) + sizeof(PreparedBody) + prepared_ranges_max * sizeof(WireRange);
inline constexpr uint32_t payload_bytes_max = base::limits::transfer_bytes_max;
inline constexpr uint32_t payload_blocks_max = store::blocks_per_op_max;

// Bytes of the CRCs of so many blocks in a body.
[[nodiscard]] constexpr uint32_t crc_bytes(uint32_t block_count) {
    return (block_count * uint32_t{sizeof(le32)} + 7) / 8 * 8;
}

}  // namespace peer
