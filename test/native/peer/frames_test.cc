#include "peer/frames.h"

#include <algorithm>
#include <string>

#include "peer/decode.h"
#include "peer/encode.h"
#include "peer/frame_reader.h"
#include "peer/hello.h"
#include "peer/wire_status.h"

namespace {

using frames::Bytes;
using frames::with;
using peer::FrameReader;
using peer::FrameType;
using peer::Hello;
using peer::ReadEvent;

// What a reader makes of a stream that comes in pieces.
struct Reading {
    struct Frame {
        FrameType type = FrameType::hello;
        replication::Message message;
        peer::RequestFrame request;
        peer::ResponseFrame response;
        std::vector<uint32_t> crcs;
        std::vector<uint8_t> payload;
    };
    std::vector<Frame> frames;
    std::string error;
    uint32_t payloads = 0;
};

Reading read(const Bytes& stream, size_t piece_bytes, bool direct = false) {
    FrameReader reader;
    Reading reading;
    size_t at = 0;
    while (at < stream.size()) {
        size_t bytes = std::min(piece_bytes, stream.size() - at);
        if (const auto target = reader.direct_target(); direct && !target.empty()) {
            const size_t placed = std::min(bytes, target.size());
            std::memcpy(target.data(), stream.data() + at, placed);
            reader.placed(static_cast<uint32_t>(placed));
            at += placed;
            bytes -= placed;
        }
        const auto space = reader.space();
        bytes = std::min(bytes, space.size());
        std::memcpy(space.data(), stream.data() + at, bytes);
        reader.received(static_cast<uint32_t>(bytes));
        at += bytes;
        for (ReadEvent event = reader.next(); event != ReadEvent::need_more;
             event = reader.next()) {
            if (event == ReadEvent::broken) {
                reading.error = reader.error();
                return reading;
            }
            if (event == ReadEvent::payload_end) {
                ++reading.payloads;
                continue;
            }
            const peer::Decoded& decoded = reader.decoded();
            Reading::Frame frame;
            frame.type = decoded.type;
            frame.message = decoded.message;
            frame.request = decoded.request;
            frame.response = decoded.response;
            const uint32_t blocks = reader.payload_bytes() / base::limits::block_bytes;
            frame.crcs.assign(decoded.crcs.begin(), decoded.crcs.begin() + blocks);
            frame.payload.resize(reader.payload_bytes());
            reading.frames.push_back(std::move(frame));
            if (reader.payload_bytes() > 0) {
                reader.set_target(reading.frames.back().payload.data());
            }
        }
    }
    return reading;
}

std::string refusal(const Bytes& frame) {
    const Reading reading = read(frame, frame.size());
    CHECK(reading.frames.empty());
    return reading.error.substr(0, reading.error.find(':'));
}

constexpr size_t body = sizeof(peer::FrameHead);

Hello hello() {
    Hello own;
    own.cell.fill(3);
    own.from = base::NodeId{1};
    own.to = base::NodeId{2};
    own.incarnation = 99;
    own.lane = 5;
    return own;
}

// What node 2 says.
Hello other() {
    Hello theirs = hello();
    std::swap(theirs.from, theirs.to);
    return theirs;
}

}  // namespace

TEST_CASE("an Append's bytes are those of the table") {
    const Bytes frame = frames::append(1);
    REQUIRE(frame.size() == 32 + 64 + 8 + 4096);
    const auto at = [&](size_t offset, size_t bytes) {
        uint64_t value = 0;
        std::memcpy(&value, frame.data() + offset, bytes);
        return value;
    };
    CHECK(std::memcmp(frame.data(), "ASHP", 4) == 0);
    CHECK(at(4, 4) == base::crc32c(frame.data() + 8, 32 - 8 + 72));
    CHECK((at(8, 2) == 3 && at(10, 2) == 0 && at(12, 4) == 72 && at(16, 4) == 4096));
    CHECK((at(20, 4) == 3 && at(24, 4) == 9 && at(28, 4) == 0));
    CHECK((at(32, 8) == 12 && at(40, 8) == 4 && at(48, 8) == 55 && at(56, 8) == 50));
    CHECK((at(64, 4) == 9 && at(68, 4) == 9 && at(72, 8) == 0x1122334455667788));
    CHECK((at(80, 4) == 5 && at(84, 4) == 6 && at(88, 4) == 10 && at(92, 4) == 1));
    CHECK(at(96, 4) == base::crc32c(frame.data() + 104, 4096));
    CHECK(at(100, 4) == 0);
}

TEST_CASE("frames come out as they went in, however the stream is cut") {
    Bytes stream;
    for (const Bytes& frame : frames::one_of_each()) {
        stream.insert(stream.end(), frame.begin(), frame.end());
    }
    const Bytes longest = frames::prepared(4096);
    stream.insert(stream.end(), longest.begin(), longest.end());
    for (const size_t piece_bytes : {size_t{1}, size_t{7}, size_t{4096}, size_t{70'000}}) {
        for (const bool direct : {false, true}) {
            const Reading reading = read(stream, piece_bytes, direct);
            CHECK(reading.error.empty());
            REQUIRE(reading.frames.size() == 17);
            CHECK(reading.payloads == 4);
            CHECK(reading.frames[4].payload == frames::blocks(3));
            CHECK(reading.frames[4].crcs == frames::crcs_of(frames::blocks(3)));
            CHECK(reading.frames[11].payload == frames::blocks(3));
            CHECK(reading.frames[14].payload == frames::blocks(3));
            const auto& request = reading.frames[11].request;
            CHECK((request.id == 0x505 && request.verb == peer::Verb::write));
            CHECK((request.fence == base::Fence{77} && request.epoch == base::Epoch{9}));
            CHECK((request.range.extent == frames::range_of(0, 1).extent));
            CHECK((request.range.first_block == 20 && request.range.block_count == 3));
            CHECK(reading.frames[12].request.deallocate);
            CHECK(reading.frames[10].request.verb == peer::Verb::read);
            const auto& response = reading.frames[15].response;
            CHECK((response.status == base::Status(base::Errc::checksum_wrong, 5)));
            CHECK((response.id == 0x505 && response.failed_block == 21));
        }
    }
}

TEST_CASE("a frame with any of its bits turned is refused") {
    for (const Bytes& good : frames::one_of_each()) {
        peer::FrameHead head;
        std::memcpy(&head, good.data(), sizeof head);
        for (size_t bit = 0; bit < (sizeof head + head.body_bytes) * 8; ++bit) {
            Bytes bad = good;
            bad[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
            const Reading reading = read(bad, bad.size());
            // A longer body may only be waited for.
            CHECK(reading.frames.empty());
        }
    }
}

TEST_CASE("each field that cannot be is refused by its name") {
    using peer::AppendBody;
    using peer::FrameHead;
    using peer::RequestBody;
    using peer::ResponseBody;
    const Bytes append = frames::append(2);
    CHECK(refusal(with(append, 0, uint32_t{1})) == "magic");
    CHECK(refusal(with(append, offsetof(FrameHead, type), uint16_t{10})) == "type");
    CHECK(refusal(with(append, offsetof(FrameHead, flags), uint16_t{4})) == "flags");
    CHECK(refusal(with(append, offsetof(FrameHead, body_bytes), uint32_t{66})) == "body_bytes");
    CHECK(refusal(with(append, offsetof(FrameHead, body_bytes), uint32_t{64})) == "body_bytes");
    CHECK(refusal(with(append, offsetof(FrameHead, payload_bytes), uint32_t{1u << 20})) ==
          "payload_bytes");
    CHECK(refusal(with(append, offsetof(FrameHead, payload_bytes), uint32_t{4096})) ==
          "payload_bytes");
    CHECK(refusal(with(append, offsetof(FrameHead, payload_bytes), uint32_t{100})) ==
          "payload_bytes");
    CHECK(refusal(with(append, offsetof(FrameHead, reserved), uint32_t{1})) == "reserved");
    CHECK(refusal(with(append, body + offsetof(AppendBody, epoch), uint32_t{1u << 20})) ==
          "version");
    CHECK(refusal(with(append, body + offsetof(AppendBody, counter), uint64_t{1} << 36)) ==
          "version");
    CHECK(refusal(with(append, body + offsetof(AppendBody, commit_epoch), ~uint32_t{0})) ==
          "commit");
    CHECK(refusal(with(append, body + offsetof(AppendBody, first_block), ~uint32_t{0})) ==
          "first_block");
    CHECK(refusal(with(append, body + offsetof(AppendBody, block_count), uint32_t{0})) ==
          "block_count");
    CHECK(refusal(with(append, body + offsetof(AppendBody, block_count), uint32_t{65})) ==
          "block_count");
    CHECK(refusal(with(frames::append(1), body + sizeof(AppendBody) + 4, uint32_t{1})) ==
          "padding");
    CHECK(refusal(with(
              frames::append(4, true), body + offsetof(AppendBody, block_count), ~uint32_t{0})) ==
          "block_count");

    const Bytes prepare = frames::prepare();
    using peer::PrepareBody;
    CHECK(refusal(with(prepare, body + offsetof(PrepareBody, member_count), uint32_t{9})) ==
          "member_count");
    CHECK(refusal(with(prepare, body + offsetof(PrepareBody, member_count), uint32_t{1})) ==
          "members");
    CHECK(refusal(with(prepare, body + offsetof(PrepareBody, primary), uint32_t{8})) == "primary");
    CHECK(refusal(with(prepare, body + offsetof(PrepareBody, min_in_sync), uint32_t{0})) ==
          "min_in_sync");
    CHECK(refusal(with(prepare, body + offsetof(PrepareBody, reserved), uint32_t{1})) ==
          "reserved");
    CHECK(refusal(with(prepare, body + offsetof(PrepareBody, members) + 4, uint32_t{3})) == "role");
    CHECK(refusal(with(prepare, body + offsetof(PrepareBody, members) + 4, uint32_t{257})) ==
          "role");

    const Bytes prepared = frames::prepared(2);
    using peer::PreparedBody;
    CHECK(refusal(with(prepared, body + offsetof(PreparedBody, range_count), uint32_t{3})) ==
          "range_count");
    CHECK(refusal(with(prepared, body + offsetof(PreparedBody, commit_epoch), ~uint32_t{0})) ==
          "commit");
    const size_t range = body + sizeof(PreparedBody);
    CHECK(refusal(with(prepared, range + offsetof(peer::WireRange, block_count), uint32_t{0})) ==
          "block_count");
    CHECK(refusal(with(prepared, range + offsetof(peer::WireRange, reserved), uint32_t{1})) ==
          "reserved");

    CHECK(refusal(with(
              frames::heartbeat(), body + offsetof(peer::HeartbeatBody, reserved), uint32_t{1})) ==
          "reserved");
    const Bytes read_request = frames::request(peer::Verb::read, 2);
    CHECK(refusal(with(read_request, offsetof(FrameHead, flags), uint16_t{2})) == "flags");
    CHECK(refusal(with(read_request, offsetof(FrameHead, flags), uint16_t{1})) == "payload_bytes");
    CHECK(refusal(with(read_request, body + offsetof(RequestBody, block_count), uint32_t{65})) ==
          "block_count");
    const Bytes response = frames::response({}, 2);
    CHECK(refusal(with(response, body + offsetof(ResponseBody, status), uint32_t{9})) == "status");
    CHECK(refusal(with(response, body + offsetof(ResponseBody, status), uint32_t{2})) ==
          "block_count");
    CHECK(refusal(with(response, body + offsetof(ResponseBody, block_count), uint32_t{65})) ==
          "block_count");
    CHECK(refusal(frames::frame_of(hello())) == "type");
}

TEST_CASE("HELLO comes out as it went in, and each field that cannot be is refused by its name") {
    const Bytes good = frames::frame_of(hello());
    const auto refused = [](const Bytes& bytes) -> std::string {
        Hello out;
        const char* wrong = peer::decode(
            std::span<const uint8_t, peer::hello_bytes>(bytes.data(), peer::hello_bytes), out);
        const std::string text = wrong == nullptr ? "" : wrong;
        return text.substr(0, text.find(':'));
    };
    Hello out;
    CHECK(peer::decode(std::span<const uint8_t, peer::hello_bytes>(good.data(), peer::hello_bytes),
                       out) == nullptr);
    CHECK((out == hello()));
    using peer::HelloBody;
    CHECK(refused(frames::append(1)) == "type");
    CHECK(refused(with(good, offsetof(peer::FrameHead, group), uint32_t{1})) == "group");
    CHECK(refused(with(good, body + offsetof(HelloBody, version_lowest), uint16_t{0})) ==
          "version_lowest");
    CHECK(refused(with(good, body + offsetof(HelloBody, version_lowest), uint16_t{5})) ==
          "version_lowest");
    CHECK(refused(with(good, body + offsetof(HelloBody, lane), uint32_t{64})) == "lane");
    CHECK(refused(with(good, body + offsetof(HelloBody, incarnation), uint64_t{0})) ==
          "incarnation");
    for (size_t bit = 0; bit < good.size() * 8; ++bit) {
        Bytes bad = good;
        bad[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        CHECK(!refused(bad).empty());
    }
}

TEST_CASE("two nodes talk when cell, numbers, versions and features fit, and else say why not") {
    CHECK(peer::objection(hello(), other()).empty());
    Hello theirs = other();
    theirs.cell[0] = 4;
    CHECK(peer::objection(hello(), theirs) == "it belongs to another cell");
    theirs = other();
    theirs.to = base::NodeId{9};
    CHECK(peer::objection(hello(), theirs) == "it looks for node 9, this is node 1");
    theirs = other();
    theirs.from = base::NodeId{9};
    CHECK(peer::objection(hello(), theirs) == "it is node 9, expected was node 2");
    theirs.from = base::NodeId{1};
    CHECK(peer::objection(hello(), theirs) == "it says that it is this node");
    theirs = other();
    theirs.version_highest = 7;
    CHECK(peer::objection(hello(), theirs).empty());
    theirs.version_lowest = 2;
    CHECK(peer::objection(hello(), theirs) ==
          "it speaks versions 2 to 7 of the protocol, this node 1 to 1");
    theirs = other();
    theirs.features = 6;
    CHECK(peer::objection(hello(), theirs).empty());
    theirs.needed = 4;
    CHECK(peer::objection(hello(), theirs) == "it needs features that this node has not");
    Hello needy = hello();
    needy.needed = needy.features = 1;
    CHECK(peer::objection(needy, other()) == "it lacks features that this node needs");
    theirs = other();
    theirs.payload_bytes_max = 4096;
    CHECK(peer::objection(hello(), theirs) == "it takes smaller frames than this node sends");
}

TEST_CASE("each status of the wire stands for one code, and what it has none for is an I/O error") {
    for (uint32_t number = 0; number < static_cast<uint32_t>(peer::WireStatus::other); ++number) {
        const auto status = static_cast<peer::WireStatus>(number);
        CHECK(peer::to_wire(peer::from_wire(status)) == status);
    }
    CHECK(peer::from_wire(peer::to_wire(base::Errc::closed)) == base::Errc::io_error);
}
