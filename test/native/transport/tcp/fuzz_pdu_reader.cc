// Feeds the PDU reader a host's stream. The first byte of the input chooses the digests and how the
// stream is cut into pieces; the rest is the stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "base/check.h"
#include "transport/tcp/pdu_reader.h"

namespace {

using transport::tcp::PduReader;
using transport::tcp::ReadEvent;

constexpr PduReader::Limits limits{8192, 65536};

struct Session {
    PduReader reader{limits};
    bool header_digest;
    bool data_digest;
    bool direct;
    std::unique_ptr<uint8_t[]> target;  // Exactly as large as the data, so that ASan sees beyond.

    bool give(std::span<const uint8_t> piece);
    void on_data();
};

void Session::on_data() {
    const uint32_t bytes = reader.data_bytes();
    target.reset();
    if (bytes == 0) {
        return;
    }
    // Sometimes half of it, sometimes nothing is kept.
    const uint32_t kept = bytes % 3 == 0 ? bytes / 2 : bytes;
    if (bytes % 5 != 0) {
        target = std::make_unique<uint8_t[]>(kept);
        reader.set_target(target.get(), kept);
    }
}

// False when the stream has ended.
bool Session::give(std::span<const uint8_t> piece) {
    if (direct) {
        const auto place = reader.direct_target();
        const size_t bytes = std::min(place.size(), piece.size());
        if (bytes > 0) {
            std::memcpy(place.data(), piece.data(), bytes);
            reader.data_placed(static_cast<uint32_t>(bytes));
            piece = piece.subspan(bytes);
        }
    }
    for (;;) {
        switch (reader.next(piece)) {
            case ReadEvent::need_more:
                CHECK(piece.empty(), "need_more leaves nothing");
                return true;
            case ReadEvent::ic_request:
                reader.negotiated(header_digest, data_digest);
                break;
            case ReadEvent::command:
                CHECK(reader.data_bytes() <= limits.in_capsule_bytes, "within the limit");
                on_data();
                break;
            case ReadEvent::h2c_data:
                CHECK(reader.data_bytes() > 0 && reader.data_bytes() <= limits.h2c_data_bytes,
                      "within the limit");
                on_data();
                break;
            case ReadEvent::data_end:
                target.reset();
                break;
            case ReadEvent::terminate:
                return false;
            case ReadEvent::broken:
                CHECK(reader.error() != nvme::tcp::FatalError::none, "says why");
                CHECK(reader.offending_header().size() <= nvme::tcp::terminate_data_bytes_max,
                      "fits a term request");
                return false;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const uint8_t choice = data[0];
    Session session{.header_digest = (choice & 1) != 0,
                    .data_digest = (choice & 2) != 0,
                    .direct = (choice & 4) != 0,
                    .target = nullptr};
    const size_t piece_bytes = size_t{1} << (choice >> 4);
    std::span<const uint8_t> stream{data + 1, size - 1};
    while (!stream.empty()) {
        const size_t bytes = std::min(piece_bytes, stream.size());
        if (!session.give(stream.first(bytes))) {
            break;
        }
        stream = stream.subspan(bytes);
    }
    return 0;
}
