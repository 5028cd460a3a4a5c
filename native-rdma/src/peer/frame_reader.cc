#include "peer/frame_reader.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace peer {

FrameReader::FrameReader() : buffer_(std::make_unique_for_overwrite<uint8_t[]>(capacity_first)) {}

void FrameReader::move(ReadPhase to) {
    CHECK(may_move(phase_, to), "frames are read in order");
    phase_ = to;
}

ReadEvent FrameReader::fail(const char* error) {
    error_ = error;
    move(ReadPhase::broken);
    return ReadEvent::broken;
}

std::span<uint8_t> FrameReader::space() {
    if (begin_ > 0) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, available());
        end_ -= begin_;
        begin_ = 0;
    }
    return {buffer_.get() + end_, capacity_ - end_};
}

void FrameReader::received(uint32_t bytes) {
    CHECK(bytes <= capacity_ - end_, "no more is received than there is space");
    end_ += bytes;
}

ReadEvent FrameReader::next() {
    switch (phase_) {
        case ReadPhase::head:
            return take_head();
        case ReadPhase::body:
            return take_body();
        case ReadPhase::payload:
            return take_payload();
        case ReadPhase::broken:
            break;
    }
    return ReadEvent::broken;
}

ReadEvent FrameReader::take_head() {
    if (available() < sizeof head_) {
        return ReadEvent::need_more;
    }
    std::memcpy(&head_, buffer_.get() + begin_, sizeof head_);
    if (const char* wrong = invalid(head_); wrong != nullptr) {
        return fail(wrong);
    }
    move(ReadPhase::body);
    if (sizeof head_ + head_.body_bytes > capacity_) {
        grow();
    }
    return take_body();
}

void FrameReader::grow() {
    auto larger = std::make_unique_for_overwrite<uint8_t[]>(capacity_most);
    std::memcpy(larger.get(), buffer_.get() + begin_, available());
    end_ -= begin_;
    begin_ = 0;
    buffer_ = std::move(larger);
    capacity_ = capacity_most;
}

ReadEvent FrameReader::take_body() {
    const uint32_t bytes = sizeof head_ + head_.body_bytes;
    if (available() < bytes) {
        return ReadEvent::need_more;
    }
    const uint8_t* frame = buffer_.get() + begin_;
    if (!checksum_holds(head_, frame)) {
        return fail("crc: expected that of head and body");
    }
    if (const char* wrong = decode(head_, frame + sizeof head_, decoded_); wrong != nullptr) {
        return fail(wrong);
    }
    begin_ += bytes;
    payload_left_ = head_.payload_bytes;
    target_ = nullptr;
    move(payload_left_ > 0 ? ReadPhase::payload : ReadPhase::head);
    return ReadEvent::frame;
}

void FrameReader::set_target(uint8_t* target) {
    CHECK(phase_ == ReadPhase::payload && payload_left_ == head_.payload_bytes,
          "a payload gets its place before it is taken");
    target_ = target;
}

ReadEvent FrameReader::take_payload() {
    const uint32_t bytes = std::min(available(), payload_left_);
    if (target_ != nullptr && bytes > 0) {
        std::memcpy(target_, buffer_.get() + begin_, bytes);
        target_ += bytes;
    }
    begin_ += bytes;
    payload_left_ -= bytes;
    if (payload_left_ > 0) {
        return ReadEvent::need_more;
    }
    move(ReadPhase::head);
    return ReadEvent::payload_end;
}

std::span<uint8_t> FrameReader::direct_target() const {
    if (phase_ != ReadPhase::payload || target_ == nullptr) {
        return {};
    }
    return {target_, payload_left_};
}

void FrameReader::placed(uint32_t bytes) {
    CHECK(phase_ == ReadPhase::payload && bytes <= payload_left_ && available() == 0,
          "only a payload is received without a copy");
    target_ += bytes;
    payload_left_ -= bytes;
}

}  // namespace peer
