#include "peer/decode.h"

#include <cstring>

#include "base/crc32c.h"
#include "peer/wire_status.h"
#include "store/batch_format.h"

namespace peer {

using base::limits::block_bytes;

namespace {

struct TypeRule {
    uint16_t flags;
    uint32_t body_bytes_min;
    uint32_t body_bytes_max;
    bool payload;
};

constexpr uint32_t crc_bytes_max = crc_bytes(payload_blocks_max);

constexpr TypeRule rules[] = {
    {0, sizeof(HelloBody), sizeof(HelloBody), false},
    {prepare_wipe, sizeof(PrepareBody), sizeof(PrepareBody), false},
    {prepared_demoted | prepared_unknown,
     sizeof(PreparedBody),
     sizeof(PreparedBody) + prepared_ranges_max * sizeof(WireRange),
     false},
    {append_copy | append_deallocate, sizeof(AppendBody), sizeof(AppendBody) + crc_bytes_max, true},
    {ack_full, sizeof(AckBody), sizeof(AckBody), false},
    {0, sizeof(HeartbeatBody), sizeof(HeartbeatBody), false},
    {grant_full, sizeof(GrantBody), sizeof(GrantBody), false},
    {0, 0, 0, false},
    {request_write | request_deallocate,
     sizeof(RequestBody),
     sizeof(RequestBody) + crc_bytes_max,
     true},
    {0, sizeof(ResponseBody), sizeof(ResponseBody) + crc_bytes_max, true},
};
constexpr uint16_t type_count = sizeof rules / sizeof rules[0];

template <typename T>
T take(const uint8_t* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

base::Version version_of(uint32_t epoch, uint64_t counter) {
    return {base::Epoch{epoch}, counter};
}

// What the store's format holds.
bool fits(const base::Version& version) {
    return version.epoch.value >> store::version_epoch_bits == 0 &&
           version.counter >> store::version_counter_bits == 0;
}

const char* invalid_range(const replication::Range& range, bool has_payload) {
    if (range.block_count == 0 || range.block_count > store::extent_blocks_max ||
        (has_payload && range.block_count > payload_blocks_max)) {
        return "block_count: expected 1 to what a frame or an extent holds";
    }
    if (range.first_block > store::extent_blocks_max - range.block_count) {
        return "first_block: expected blocks of the extent";
    }
    return nullptr;
}

// The CRCs behind a body's fixed part, and whether payload and padding agree with them.
const char* take_crcs(const FrameHead& head,
                      const uint8_t* body,
                      uint32_t fixed_bytes,
                      uint32_t block_count,
                      Decoded& out) {
    if (head.payload_bytes != block_count * block_bytes) {
        return "payload_bytes: expected as many blocks as the body says";
    }
    if (head.body_bytes != fixed_bytes + crc_bytes(block_count)) {
        return "body_bytes: expected a checksum for each block";
    }
    const uint32_t bytes = block_count * uint32_t{sizeof(uint32_t)};
    std::memcpy(out.crcs.data(), body + fixed_bytes, bytes);
    if (crc_bytes(block_count) != bytes && take<le32>(body + fixed_bytes + bytes) != 0) {
        return "padding: expected zero";
    }
    return nullptr;
}

const char* decode_prepare(const FrameHead& head, const uint8_t* at, Decoded& out) {
    const auto body = take<PrepareBody>(at);
    replication::Prepare message;
    replication::GroupConfig& config = message.config;
    config.pg = base::PgId{head.group};
    config.epoch = base::Epoch{head.epoch};
    config.primary = base::NodeId{body.primary};
    config.min_in_sync = body.min_in_sync;
    if (body.member_count > replication::members_max) {
        return "member_count: expected at most 8";
    }
    config.member_count = body.member_count;
    for (uint32_t index = 0; index < replication::members_max; ++index) {
        const PrepareBody::Member& member = body.members[index];
        if (index >= config.member_count) {
            if (member.node != 0 || member.role != 0) {
                return "members: expected zeroes behind member_count";
            }
            continue;
        }
        if (member.role > UINT8_MAX) {
            return "role: expected in-sync or joining";
        }
        config.member_at[index] = {base::NodeId{member.node},
                                   static_cast<replication::MemberRole>(uint32_t{member.role})};
    }
    if (body.reserved != 0) {
        return "reserved: expected zero";
    }
    message.channel = body.channel;
    message.wipe = (head.flags & prepare_wipe) != 0;
    out.message = message;
    return config.invalid();
}

const char* decode_prepared(const FrameHead& head, const uint8_t* at, Decoded& out) {
    const auto body = take<PreparedBody>(at);
    if (body.range_count > prepared_ranges_max ||
        head.body_bytes != sizeof body + body.range_count * sizeof(WireRange)) {
        return "range_count: expected as many ranges as there are";
    }
    out.ranges.clear();
    for (uint32_t index = 0; index < body.range_count; ++index) {
        const auto wire = take<WireRange>(at + sizeof body + index * sizeof(WireRange));
        replication::Range range;
        range.extent = {base::VolumeId{wire.volume}, wire.extent, base::PgId{head.group}};
        range.first_block = wire.first_block;
        range.block_count = wire.block_count;
        if (wire.reserved != 0) {
            return "reserved: expected zero";
        }
        if (const char* wrong = invalid_range(range, false); wrong != nullptr) {
            return wrong;
        }
        out.ranges.push_back(range);
    }
    replication::Prepared message;
    message.pg = base::PgId{head.group};
    message.epoch = base::Epoch{head.epoch};
    message.channel = body.channel;
    message.commit = version_of(body.commit_epoch, body.commit_counter);
    message.demoted = (head.flags & prepared_demoted) != 0;
    message.unknown = (head.flags & prepared_unknown) != 0;
    message.pending = out.ranges;
    out.message = message;
    return fits(message.commit) ? nullptr : "commit: expected a version";
}

const char* decode_append(const FrameHead& head, const uint8_t* at, Decoded& out) {
    const auto body = take<AppendBody>(at);
    const bool deallocate = (head.flags & append_deallocate) != 0;
    replication::Append message;
    message.pg = base::PgId{head.group};
    message.epoch = base::Epoch{head.epoch};
    message.channel = body.channel;
    message.sequence = body.sequence;
    message.version = version_of(body.epoch, body.counter);
    message.commit = version_of(body.commit_epoch, body.commit_counter);
    message.copy = (head.flags & append_copy) != 0;
    message.generation = base::Generation{body.generation};
    message.range.extent = {base::VolumeId{body.volume}, body.extent, message.pg};
    message.range.first_block = body.first_block;
    message.range.block_count = body.block_count;
    message.crcs = deallocate ? nullptr : out.crcs.data();
    out.message = message;
    if (const char* wrong = invalid_range(message.range, !deallocate); wrong != nullptr) {
        return wrong;
    }
    if (!fits(message.version)) {
        return "version: expected one that a store can hold";
    }
    if (!fits(message.commit)) {
        return "commit: expected a version";
    }
    return take_crcs(head, at, sizeof body, deallocate ? 0 : message.range.block_count, out);
}

const char* decode_heartbeat(const FrameHead& head, const uint8_t* at, Decoded& out) {
    const auto body = take<HeartbeatBody>(at);
    replication::Heartbeat message;
    message.pg = base::PgId{head.group};
    message.epoch = base::Epoch{head.epoch};
    message.channel = body.channel;
    message.sent_ns = body.sent_ns;
    message.commit = version_of(body.commit_epoch, body.commit_counter);
    out.message = message;
    if (body.reserved != 0) {
        return "reserved: expected zero";
    }
    return fits(message.commit) ? nullptr : "commit: expected a version";
}

const char* decode_request(const FrameHead& head, const uint8_t* at, Decoded& out) {
    const auto body = take<RequestBody>(at);
    RequestFrame& request = out.request;
    const bool is_write = (head.flags & request_write) != 0;
    request.id = body.id;
    request.epoch = base::Epoch{head.epoch};
    request.verb = is_write ? Verb::write : Verb::read;
    request.deallocate = (head.flags & request_deallocate) != 0;
    request.range.extent = {base::VolumeId{body.volume}, body.extent, base::PgId{head.group}};
    request.range.first_block = body.first_block;
    request.range.block_count = body.block_count;
    request.fence = base::Fence{body.fence};
    request.generation = base::Generation{body.generation};
    if (request.deallocate && !is_write) {
        return "flags: expected a write that deallocates";
    }
    if (const char* wrong = invalid_range(request.range, !request.deallocate); wrong != nullptr) {
        return wrong;
    }
    const bool has_payload = is_write && !request.deallocate;
    return take_crcs(head, at, sizeof body, has_payload ? request.range.block_count : 0, out);
}

const char* decode_response(const FrameHead& head, const uint8_t* at, Decoded& out) {
    const auto body = take<ResponseBody>(at);
    if (body.status > static_cast<uint32_t>(WireStatus::other)) {
        return "status: expected one of the protocol's";
    }
    if (body.block_count > payload_blocks_max) {
        return "block_count: expected at most 64";
    }
    const auto status = static_cast<WireStatus>(uint32_t{body.status});
    if (status != WireStatus::ok && body.block_count != 0) {
        return "block_count: expected no data with an error";
    }
    out.response.id = body.id;
    out.response.status = base::Status(from_wire(status), body.detail);
    out.response.failed_block = body.failed_block;
    out.response.block_count = body.block_count;
    return take_crcs(head, at, sizeof body, body.block_count, out);
}

}  // namespace

const char* invalid(const FrameHead& head) {
    if (head.magic != frame_magic) {
        return "magic: expected ASHP";
    }
    if (head.type >= type_count) {
        return "type: expected one of the protocol's";
    }
    const TypeRule& rule = rules[head.type];
    if ((head.flags & ~rule.flags) != 0) {
        return "flags: expected only those of the type";
    }
    if (head.body_bytes < rule.body_bytes_min || head.body_bytes > rule.body_bytes_max ||
        head.body_bytes % 8 != 0) {
        return "body_bytes: expected a size of the type";
    }
    if (head.payload_bytes > (rule.payload ? payload_bytes_max : 0) ||
        head.payload_bytes % block_bytes != 0) {
        return "payload_bytes: expected blocks, where the type has them, and no more than we take";
    }
    if (head.reserved != 0) {
        return "reserved: expected zero";
    }
    return nullptr;
}

bool checksum_holds(const FrameHead& head, const uint8_t* frame) {
    return head.crc ==
           base::crc32c(frame + checksummed_from, sizeof head - checksummed_from + head.body_bytes);
}

const char* decode(const FrameHead& head, const uint8_t* body, Decoded& out) {
    out.type = static_cast<FrameType>(uint16_t{head.type});
    const base::PgId pg{head.group};
    const base::Epoch epoch{head.epoch};
    switch (out.type) {
        case FrameType::hello:
            return "type: HELLO comes once";
        case FrameType::prepare:
            return decode_prepare(head, body, out);
        case FrameType::prepared:
            return decode_prepared(head, body, out);
        case FrameType::append:
            return decode_append(head, body, out);
        case FrameType::ack: {
            const auto ack = take<AckBody>(body);
            out.message = replication::Ack{
                pg, epoch, ack.channel, ack.sequence, (head.flags & ack_full) != 0};
            return nullptr;
        }
        case FrameType::heartbeat:
            return decode_heartbeat(head, body, out);
        case FrameType::grant: {
            const auto grant = take<GrantBody>(body);
            out.message =
                replication::Grant{pg, epoch, grant.sent_ns, (head.flags & grant_full) != 0};
            return nullptr;
        }
        case FrameType::refused:
            out.message = replication::Refused{pg, epoch};
            return nullptr;
        case FrameType::request:
            return decode_request(head, body, out);
        case FrameType::response:
            return decode_response(head, body, out);
    }
    return "type: expected one of the protocol's";
}

}  // namespace peer
