#include "peer/encode.h"

#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"
#include "peer/frame_format.h"
#include "peer/wire_status.h"

namespace peer {

using base::limits::block_bytes;

namespace {

// A frame being put together. What is not set is zero.
struct Writer {
    uint8_t* out;
    FrameHead head{};
    uint32_t body_bytes = 0;

    Writer(uint8_t* target, FrameType type, base::PgId pg, base::Epoch epoch) : out(target) {
        head.magic = frame_magic;
        head.type = static_cast<uint16_t>(type);
        head.group = pg.value;
        head.epoch = epoch.value;
    }
    template <typename T>
    void add(const T& part) {
        std::memcpy(out + sizeof head + body_bytes, &part, sizeof part);
        body_bytes += sizeof part;
    }
    void add_crc(uint32_t crc) { add(le32{crc}); }
    void pad() {
        if (body_bytes % 8 != 0) {
            add(le32{0});
        }
    }
    std::span<const uint8_t> finish(const uint8_t* payload = nullptr, uint32_t block_count = 0) {
        const uint32_t payload_bytes = payload == nullptr ? 0 : block_count * block_bytes;
        head.body_bytes = body_bytes;
        head.payload_bytes = payload_bytes;
        std::memcpy(out, &head, sizeof head);
        const uint32_t crc =
            base::crc32c(out + checksummed_from, sizeof head - checksummed_from + body_bytes);
        std::memcpy(out + offsetof(FrameHead, crc), &crc, sizeof crc);
        return {payload, payload_bytes};
    }
};

uint32_t body_bytes(const replication::Prepare&) {
    return sizeof(PrepareBody);
}
uint32_t body_bytes(const replication::Prepared& message) {
    return static_cast<uint32_t>(sizeof(PreparedBody) + message.pending.size() * sizeof(WireRange));
}
uint32_t body_bytes(const replication::Append& message) {
    return sizeof(AppendBody) +
           (message.data == nullptr ? 0 : crc_bytes(message.range.block_count));
}
uint32_t body_bytes(const replication::Ack&) {
    return sizeof(AckBody);
}
uint32_t body_bytes(const replication::Heartbeat&) {
    return sizeof(HeartbeatBody);
}
uint32_t body_bytes(const replication::Grant&) {
    return sizeof(GrantBody);
}
uint32_t body_bytes(const replication::Refused&) {
    return 0;
}

std::span<const uint8_t> write(const replication::Prepare& message, uint8_t* out) {
    const replication::GroupConfig& config = message.config;
    Writer writer(out, FrameType::prepare, config.pg, config.epoch);
    writer.head.flags = message.wipe ? prepare_wipe : uint16_t{0};
    PrepareBody body{};
    body.channel = message.channel;
    body.primary = config.primary.value;
    body.min_in_sync = config.min_in_sync;
    body.member_count = config.member_count;
    for (uint32_t index = 0; index < config.member_count; ++index) {
        body.members[index].node = config.member_at[index].node.value;
        body.members[index].role = static_cast<uint32_t>(config.member_at[index].role);
    }
    writer.add(body);
    return writer.finish();
}

std::span<const uint8_t> write(const replication::Prepared& message, uint8_t* out) {
    CHECK(message.pending.size() <= prepared_ranges_max, "more is not noted");
    Writer writer(out, FrameType::prepared, message.pg, message.epoch);
    writer.head.flags = static_cast<uint16_t>((message.demoted ? prepared_demoted : 0) |
                                              (message.unknown ? prepared_unknown : 0));
    PreparedBody body{};
    body.channel = message.channel;
    body.commit_counter = message.commit.counter;
    body.commit_epoch = message.commit.epoch.value;
    body.range_count = static_cast<uint32_t>(message.pending.size());
    writer.add(body);
    for (const replication::Range& range : message.pending) {
        WireRange wire{};
        wire.volume = range.extent.volume.value;
        wire.extent = range.extent.index;
        wire.first_block = range.first_block;
        wire.block_count = range.block_count;
        writer.add(wire);
    }
    return writer.finish();
}

std::span<const uint8_t> write(const replication::Append& message, uint8_t* out) {
    const replication::Range& range = message.range;
    Writer writer(out, FrameType::append, message.pg, message.epoch);
    writer.head.flags = static_cast<uint16_t>((message.copy ? append_copy : 0) |
                                              (message.data == nullptr ? append_deallocate : 0));
    AppendBody body{};
    body.channel = message.channel;
    body.sequence = message.sequence;
    body.counter = message.version.counter;
    body.commit_counter = message.commit.counter;
    body.epoch = message.version.epoch.value;
    body.commit_epoch = message.commit.epoch.value;
    body.volume = range.extent.volume.value;
    body.extent = range.extent.index;
    body.generation = message.generation.value;
    body.first_block = range.first_block;
    body.block_count = range.block_count;
    writer.add(body);
    for (uint32_t block = 0; message.data != nullptr && block < range.block_count; ++block) {
        writer.add_crc(message.crcs[block]);
    }
    writer.pad();
    return writer.finish(message.data, range.block_count);
}

std::span<const uint8_t> write(const replication::Ack& message, uint8_t* out) {
    Writer writer(out, FrameType::ack, message.pg, message.epoch);
    writer.head.flags = message.full ? ack_full : uint16_t{0};
    AckBody body{};
    body.channel = message.channel;
    body.sequence = message.sequence;
    writer.add(body);
    return writer.finish();
}

std::span<const uint8_t> write(const replication::Heartbeat& message, uint8_t* out) {
    Writer writer(out, FrameType::heartbeat, message.pg, message.epoch);
    HeartbeatBody body{};
    body.channel = message.channel;
    body.sent_ns = message.sent_ns;
    body.commit_counter = message.commit.counter;
    body.commit_epoch = message.commit.epoch.value;
    writer.add(body);
    return writer.finish();
}

std::span<const uint8_t> write(const replication::Grant& message, uint8_t* out) {
    Writer writer(out, FrameType::grant, message.pg, message.epoch);
    writer.head.flags = message.full ? grant_full : uint16_t{0};
    GrantBody body{};
    body.sent_ns = message.sent_ns;
    writer.add(body);
    return writer.finish();
}

std::span<const uint8_t> write(const replication::Refused& message, uint8_t* out) {
    return Writer(out, FrameType::refused, message.pg, message.epoch).finish();
}

}  // namespace

uint32_t frame_bytes(const replication::Message& message) {
    const uint32_t bytes = std::visit([](const auto& known) { return body_bytes(known); }, message);
    return sizeof(FrameHead) + bytes;
}

uint32_t frame_bytes(const Request& request) {
    return sizeof(FrameHead) + sizeof(RequestBody) +
           (request.data == nullptr ? 0 : crc_bytes(request.range.block_count));
}

uint32_t frame_bytes(const Answer& answer) {
    return sizeof(FrameHead) + sizeof(ResponseBody) +
           (answer.data == nullptr ? 0 : crc_bytes(answer.block_count));
}

std::span<const uint8_t> encode(const replication::Message& message, uint8_t* out) {
    return std::visit([out](const auto& known) { return write(known, out); }, message);
}

std::span<const uint8_t> encode(const Request& request, uint8_t* out) {
    const replication::Range& range = request.range;
    Writer writer(out, FrameType::request, range.extent.pg, request.epoch);
    const bool is_write = request.verb == Verb::write;
    writer.head.flags =
        static_cast<uint16_t>((is_write ? request_write : 0) |
                              (is_write && request.data == nullptr ? request_deallocate : 0));
    RequestBody body{};
    body.id = request.id;
    body.fence = request.fence.value;
    body.volume = range.extent.volume.value;
    body.extent = range.extent.index;
    body.generation = request.generation.value;
    body.first_block = range.first_block;
    body.block_count = range.block_count;
    writer.add(body);
    for (uint32_t block = 0; request.data != nullptr && block < range.block_count; ++block) {
        writer.add_crc(request.crcs[block]);
    }
    writer.pad();
    return writer.finish(request.data, range.block_count);
}

std::span<const uint8_t> encode(const Answer& answer, uint8_t* out) {
    Writer writer(out, FrameType::response, answer.pg, answer.epoch);
    ResponseBody body{};
    body.id = answer.id;
    body.status = static_cast<uint32_t>(to_wire(answer.status.code()));
    body.detail = answer.status.detail();
    body.failed_block = answer.failed_block;
    body.block_count = answer.data == nullptr ? 0 : answer.block_count;
    writer.add(body);
    for (uint32_t block = 0; answer.data != nullptr && block < answer.block_count; ++block) {
        writer.add_crc(base::crc32c(answer.data + size_t{block} * block_bytes, block_bytes));
    }
    writer.pad();
    return writer.finish(answer.data, answer.block_count);
}

}  // namespace peer
