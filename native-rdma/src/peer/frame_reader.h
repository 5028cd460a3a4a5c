// Takes the bytes of one connection apart into frames, as they come: it knows the wire, no sockets
// and nobody's memory.
//
//   head ──▶ body ──▶ payload ──▶ head        (what is wrong ends it for good: broken)
//
// Received bytes go into space() and are told by received(); then next() is called until it answers
// need_more. After a frame with a payload the caller says where that goes before it goes on.
//
// Thread: one reactor. Lifetime: the connection's; a target must stay until payload_end.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "peer/decode.h"
#include "peer/frame_format.h"

namespace peer {

enum class ReadEvent : uint8_t {
    need_more,    // Every byte was taken.
    frame,        // decoded(), with payload_bytes() to follow, maybe 0.
    payload_end,  // Of the last frame: all of it is where it was to go.
    broken,       // error() says why.
};

enum class ReadPhase : uint8_t { head, body, payload, broken };

[[nodiscard]] constexpr bool may_move(ReadPhase from, ReadPhase to) {
    switch (from) {
        case ReadPhase::head:
            return to == ReadPhase::body || to == ReadPhase::broken;
        case ReadPhase::body:
            return to != ReadPhase::body;
        case ReadPhase::payload:
            return to == ReadPhase::head;
        case ReadPhase::broken:
            return false;
    }
    return false;
}

class FrameReader {
  public:
    FrameReader();

    // Free memory behind what has come; never empty after need_more.
    [[nodiscard]] std::span<uint8_t> space();
    void received(uint32_t bytes);
    [[nodiscard]] ReadEvent next();

    // After a frame with a payload: where it goes, or null to drop it.
    void set_target(uint8_t* target);
    // After need_more: where the rest of a payload may be put without a copy, or nothing. Bytes
    // put there are told by placed(), before those that went into space().
    [[nodiscard]] std::span<uint8_t> direct_target() const;
    void placed(uint32_t bytes);

    // Of the last frame, until the next.
    [[nodiscard]] Decoded& decoded() { return decoded_; }
    [[nodiscard]] uint32_t payload_bytes() const { return head_.payload_bytes; }
    [[nodiscard]] const char* error() const { return error_; }

  private:
    static constexpr uint32_t capacity_first = 64u << 10;
    static constexpr uint32_t capacity_most = 128u << 10;
    static_assert(capacity_most >= head_bytes_max, "the longest head and body fit");

    void move(ReadPhase to);
    ReadEvent fail(const char* error);
    ReadEvent take_head();
    ReadEvent take_body();
    ReadEvent take_payload();
    void grow();
    [[nodiscard]] uint32_t available() const { return end_ - begin_; }

    ReadPhase phase_ = ReadPhase::head;
    const char* error_ = nullptr;
    std::unique_ptr<uint8_t[]> buffer_;  // Grows once, for the first frame that needs it.
    uint32_t capacity_ = capacity_first;
    uint32_t begin_ = 0;
    uint32_t end_ = 0;
    FrameHead head_{};
    Decoded decoded_;
    uint8_t* target_ = nullptr;
    uint32_t payload_left_ = 0;
};

}  // namespace peer
