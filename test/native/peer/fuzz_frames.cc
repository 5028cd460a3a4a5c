// Feeds the frame reader another node's stream. The first byte of the input chooses how the stream
// is cut into pieces, and what happens to payloads; the rest is the stream. Checksums of heads are
// put right first, as the fuzzer would never find one.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/crc32c.h"
#include "peer/frame_reader.h"
#include "peer/hello.h"
#include "store/batch_format.h"

namespace {

using peer::FrameHead;
using peer::FrameReader;
using peer::ReadEvent;

void seal(std::vector<uint8_t>& stream) {
    size_t at = 0;
    while (at + sizeof(FrameHead) <= stream.size()) {
        FrameHead head;
        std::memcpy(&head, stream.data() + at, sizeof head);
        const size_t whole = sizeof head + size_t{head.body_bytes};
        if (whole > stream.size() - at) {
            return;
        }
        const uint32_t crc = base::crc32c(stream.data() + at + peer::checksummed_from,
                                          whole - peer::checksummed_from);
        std::memcpy(stream.data() + at + offsetof(FrameHead, crc), &crc, sizeof crc);
        at += std::min(stream.size() - at, whole + head.payload_bytes);
    }
}

void look_at(const replication::Range& range) {
    CHECK(range.block_count > 0 && range.first_block < store::extent_blocks_max &&
              range.block_count <= store::extent_blocks_max - range.first_block,
          "a range lies in its extent");
}

struct Session {
    FrameReader reader;
    bool direct = false;
    bool drop = false;
    std::unique_ptr<uint8_t[]> target;  // Exactly as large as the payload.

    void on_frame();
    [[nodiscard]] bool give(std::span<const uint8_t> piece);
};

void Session::on_frame() {
    const peer::Decoded& decoded = reader.decoded();
    const uint32_t blocks = reader.payload_bytes() / base::limits::block_bytes;
    CHECK(blocks <= peer::payload_blocks_max, "within the limit");
    if (decoded.type == peer::FrameType::append) {
        const auto& append = std::get<replication::Append>(decoded.message);
        look_at(append.range);
        CHECK((append.crcs == nullptr) == (blocks == 0), "checksums come with blocks");
        CHECK(blocks == 0 || blocks == append.range.block_count, "as many as it says");
    } else if (decoded.type == peer::FrameType::prepared) {
        for (const replication::Range& range :
             std::get<replication::Prepared>(decoded.message).pending) {
            look_at(range);
        }
    } else if (decoded.type == peer::FrameType::request) {
        look_at(decoded.request.range);
    } else if (decoded.type == peer::FrameType::response) {
        CHECK(blocks == decoded.response.block_count, "as many as it says");
    }
    target.reset();
    if (reader.payload_bytes() > 0 && !drop) {
        target = std::make_unique<uint8_t[]>(reader.payload_bytes());
        reader.set_target(target.get());
    }
}

// False when the stream has ended.
bool Session::give(std::span<const uint8_t> piece) {
    if (direct) {
        const auto place = reader.direct_target();
        const size_t bytes = std::min(place.size(), piece.size());
        if (bytes > 0) {
            std::memcpy(place.data(), piece.data(), bytes);
            reader.placed(static_cast<uint32_t>(bytes));
            piece = piece.subspan(bytes);
        }
    }
    do {
        const auto space = reader.space();
        const size_t bytes = std::min(space.size(), piece.size());
        CHECK(!space.empty(), "there is always room for more");
        std::copy_n(piece.data(), bytes, space.data());
        reader.received(static_cast<uint32_t>(bytes));
        piece = piece.subspan(bytes);
        for (ReadEvent event = reader.next(); event != ReadEvent::need_more;
             event = reader.next()) {
            if (event == ReadEvent::broken) {
                CHECK(reader.error() != nullptr, "says why");
                return false;
            }
            if (event == ReadEvent::frame) {
                on_frame();
            }
        }
    } while (!piece.empty());
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const uint8_t choice = data[0];
    std::vector<uint8_t> bytes(data + 1, data + size);
    if ((choice & 1) == 0) {
        seal(bytes);
    }
    if (bytes.size() >= peer::hello_bytes) {
        peer::Hello hello;
        const std::span<const uint8_t, peer::hello_bytes> first(bytes.data(), peer::hello_bytes);
        if (peer::decode(first, hello) == nullptr) {
            static_cast<void>(peer::objection(peer::Hello{}, hello));
        }
    }
    Session session;
    session.direct = (choice & 2) != 0;
    session.drop = (choice & 4) != 0;
    const size_t piece_bytes = size_t{1} << (choice >> 4);
    std::span<const uint8_t> stream = bytes;
    while (!stream.empty()) {
        const size_t piece = std::min(piece_bytes, stream.size());
        if (!session.give(stream.first(piece))) {
            break;
        }
        stream = stream.subspan(piece);
    }
    return 0;
}
