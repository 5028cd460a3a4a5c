// Frames that a good node sends, one of each type, for tests that read them or spoil them first.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/crc32c.h"
#include "peer/encode.h"
#include "peer/frame_format.h"
#include "peer/hello.h"

namespace frames {

using Bytes = std::vector<uint8_t>;

template <typename T>
Bytes frame_of(const T& what) {
    Bytes bytes(peer::frame_bytes(what));
    const auto payload = peer::encode(what, bytes.data());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

inline Bytes frame_of(const peer::Hello& hello) {
    Bytes bytes(peer::hello_bytes);
    peer::encode(hello, std::span<uint8_t, peer::hello_bytes>(bytes.data(), peer::hello_bytes));
    return bytes;
}

// Makes a spoilt head or body look whole again.
inline void seal(Bytes& frame) {
    peer::FrameHead head;
    std::memcpy(&head, frame.data(), sizeof head);
    const size_t end = std::min(frame.size(), sizeof head + size_t{head.body_bytes});
    const uint32_t crc =
        base::crc32c(frame.data() + peer::checksummed_from, end - peer::checksummed_from);
    std::memcpy(frame.data() + offsetof(peer::FrameHead, crc), &crc, sizeof crc);
}

// Of a field at `offset` in the frame.
template <typename T>
Bytes with(Bytes frame, size_t offset, T value) {
    std::memcpy(frame.data() + offset, &value, sizeof value);
    seal(frame);
    return frame;
}

inline std::vector<uint8_t> blocks(uint32_t count) {
    std::vector<uint8_t> bytes(size_t{count} * base::limits::block_bytes);
    for (size_t index = 0; index < bytes.size(); ++index) {
        bytes[index] = static_cast<uint8_t>(index * 13 + index / 4096);
    }
    return bytes;
}

inline std::vector<uint32_t> crcs_of(const std::vector<uint8_t>& bytes) {
    std::vector<uint32_t> crcs;
    for (size_t at = 0; at < bytes.size(); at += base::limits::block_bytes) {
        crcs.push_back(base::crc32c(bytes.data() + at, base::limits::block_bytes));
    }
    return crcs;
}

inline replication::Range range_of(uint32_t first_block, uint32_t block_count) {
    return {{base::VolumeId{0x1122334455667788}, 5, base::PgId{3}}, first_block, block_count};
}

inline Bytes prepare() {
    replication::GroupConfig config;
    config.pg = base::PgId{3};
    config.epoch = base::Epoch{9};
    config.primary = base::NodeId{7};
    config.min_in_sync = 2;
    config.member_count = 2;
    config.member_at[0] = {base::NodeId{7}, replication::MemberRole::in_sync};
    config.member_at[1] = {base::NodeId{8}, replication::MemberRole::joining};
    return frame_of(replication::Message(replication::Prepare{config, 12, true}));
}

inline Bytes prepared(uint32_t range_count) {
    const std::vector<replication::Range> ranges(range_count, range_of(1, 2));
    replication::Prepared message;
    message.pg = base::PgId{3};
    message.epoch = base::Epoch{9};
    message.channel = 12;
    message.commit = {base::Epoch{8}, 100};
    message.demoted = true;
    message.pending = ranges;
    return frame_of(replication::Message(message));
}

inline Bytes append(uint32_t block_count, bool deallocate = false) {
    const std::vector<uint8_t> data = blocks(block_count);
    const std::vector<uint32_t> crcs = crcs_of(data);
    replication::Append message;
    message.pg = base::PgId{3};
    message.epoch = base::Epoch{9};
    message.channel = 12;
    message.sequence = 4;
    message.version = {base::Epoch{9}, 55};
    message.commit = {base::Epoch{9}, 50};
    message.generation = base::Generation{6};
    message.range = range_of(10, block_count);
    message.data = deallocate ? nullptr : data.data();
    message.crcs = deallocate ? nullptr : crcs.data();
    return frame_of(replication::Message(message));
}

inline Bytes ack() {
    return frame_of(
        replication::Message(replication::Ack{base::PgId{3}, base::Epoch{9}, 12, 4, true}));
}

inline Bytes heartbeat() {
    return frame_of(replication::Message(replication::Heartbeat{
        base::PgId{3}, base::Epoch{9}, 12, 123456789, {base::Epoch{9}, 50}}));
}

inline Bytes grant() {
    return frame_of(
        replication::Message(replication::Grant{base::PgId{3}, base::Epoch{9}, 123456789, true}));
}

inline Bytes refused() {
    return frame_of(replication::Message(replication::Refused{base::PgId{3}, base::Epoch{9}}));
}

inline Bytes request(peer::Verb verb, uint32_t block_count, bool deallocate = false) {
    const std::vector<uint8_t> data = blocks(block_count);
    const std::vector<uint32_t> crcs = crcs_of(data);
    peer::Request request;
    request.id = 0x505;
    request.verb = verb;
    request.range = range_of(20, block_count);
    request.epoch = base::Epoch{9};
    request.fence = base::Fence{77};
    request.generation = base::Generation{6};
    if (verb == peer::Verb::write && !deallocate) {
        request.data = data.data();
        request.crcs = crcs.data();
    }
    return frame_of(request);
}

inline Bytes response(base::Status status, uint32_t block_count) {
    const std::vector<uint8_t> data = blocks(block_count);
    peer::Answer answer;
    answer.pg = base::PgId{3};
    answer.epoch = base::Epoch{9};
    answer.id = 0x505;
    answer.status = status;
    answer.failed_block = 21;
    answer.data = block_count > 0 ? data.data() : nullptr;
    answer.block_count = block_count;
    return frame_of(answer);
}

inline std::vector<Bytes> one_of_each() {
    return {prepare(),
            prepared(0),
            prepared(3),
            append(1),
            append(3),
            append(90'000, true),
            ack(),
            heartbeat(),
            grant(),
            refused(),
            request(peer::Verb::read, 64),
            request(peer::Verb::write, 3),
            request(peer::Verb::write, 700, true),
            response({}, 0),
            response({}, 3),
            response(base::Status(base::Errc::checksum_wrong, 5), 0)};
}

}  // namespace frames
