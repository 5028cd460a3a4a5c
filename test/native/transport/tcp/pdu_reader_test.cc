#include "transport/tcp/pdu_reader.h"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "transport/tcp/host_pdus.h"

using host_pdus::Bytes;
using host_pdus::Digests;
using host_pdus::operator+;
using nvme::tcp::FatalError;
using transport::tcp::PduReader;
using transport::tcp::ReadEvent;

namespace {

constexpr PduReader::Limits limits{8192, 65536};

nvme::Command command_of(uint16_t id) {
    nvme::Command command{};
    command.opcode = 1;
    command.command_id = id;
    return command;
}

// A host's whole stream read by a reader, as a log of what it said.
struct Reading {
    PduReader reader{limits};
    Digests digests;
    Bytes data;
    uint32_t keep_bytes = UINT32_MAX;
    std::string log;

    // False when the stream is broken.
    bool give(std::span<const uint8_t> input) {
        for (;;) {
            const ReadEvent event = reader.next(input);
            switch (event) {
                case ReadEvent::need_more:
                    return true;
                case ReadEvent::ic_request:
                    log += "ic ";
                    reader.negotiated(digests.header, digests.data);
                    break;
                case ReadEvent::command:
                    log += "command:" + std::to_string(reader.data_bytes()) + " ";
                    take();
                    break;
                case ReadEvent::h2c_data:
                    log += "h2c:" + std::to_string(reader.data_bytes()) + " ";
                    take();
                    break;
                case ReadEvent::data_end:
                    log += reader.digest_ok() ? "end " : "wrong ";
                    break;
                case ReadEvent::terminate:
                    log += "terminate ";
                    break;
                case ReadEvent::broken:
                    log += "broken:" + std::to_string(static_cast<int>(reader.error())) + ":" +
                           std::to_string(reader.error_information()) + " ";
                    return false;
            }
        }
    }

    void take() {
        if (reader.data_bytes() > 0) {
            data.assign(reader.data_bytes(), 0);
            reader.set_target(data.data(), std::min(keep_bytes, reader.data_bytes()));
        }
    }
};

std::string read(const Bytes& stream, Digests digests = {}) {
    Reading reading;
    reading.digests = digests;
    reading.give(stream);
    return reading.log;
}

Bytes conversation(Digests digests) {
    return host_pdus::ic_request(digests) + host_pdus::capsule(command_of(1), {}, digests) +
           host_pdus::capsule(command_of(2), host_pdus::pattern(512), digests) +
           host_pdus::h2c_data(2, 7, 0, host_pdus::pattern(1000), true, digests) +
           host_pdus::capsule(command_of(3), {}, digests) + host_pdus::terminate(1, {1, 2, 3});
}

const std::string conversation_log =
    "ic command:0 command:512 end h2c:1000 end command:0 terminate ";

// A valid handshake and behind it `pdu`.
std::string after_handshake(const Bytes& pdu, Digests digests = {}) {
    std::string log = read(host_pdus::ic_request(digests) + pdu, digests);
    CHECK(log.substr(0, 3) == "ic ");
    return log.substr(3);
}

std::string broken(FatalError error, uint32_t information) {
    return "broken:" + std::to_string(static_cast<int>(error)) + ":" + std::to_string(information) +
           " ";
}

constexpr Digests all_digests[] = {{false, false}, {true, false}, {false, true}, {true, true}};

}  // namespace

TEST_CASE("reads a command as it lies on the wire") {
    Bytes golden = {0x04, 0x00, 72, 76, 80, 0, 0, 0};  // Type, flags, HLEN, PDO, PLEN.
    Bytes entry(64);
    entry[0] = 0x01;
    entry[1] = 0x40;
    entry[2] = 0x34;
    entry[3] = 0x12;
    entry[4] = 1;
    golden[3] = 72;
    const Bytes stream = host_pdus::ic_request() + golden + entry + Bytes{1, 2, 3, 4, 5, 6, 7, 8};
    Reading reading;
    CHECK(reading.give(stream));
    CHECK(reading.log == "ic command:8 end ");
    const auto& pdu = reading.reader.header<nvme::tcp::CommandPdu>();
    CHECK(pdu.command.opcode == 1);
    CHECK(pdu.command.command_id == 0x1234);
    CHECK(pdu.command.namespace_id == 1);
    CHECK((reading.data == Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_CASE("reads a conversation with and without digests") {
    for (const Digests digests : all_digests) {
        CHECK(read(conversation(digests), digests) == conversation_log);
    }
}

TEST_CASE("reads the same whatever two pieces the stream comes in") {
    for (const Digests digests : all_digests) {
        const Bytes stream = conversation(digests);
        for (size_t split = 0; split <= stream.size(); ++split) {
            Reading reading;
            reading.digests = digests;
            const std::span<const uint8_t> all = stream;
            CHECK(reading.give(all.first(split)));
            CHECK(reading.give(all.subspan(split)));
            CHECK(reading.log == conversation_log);
        }
    }
}

TEST_CASE("reads the same a byte at a time") {
    for (const Digests digests : all_digests) {
        Reading reading;
        reading.digests = digests;
        for (const uint8_t byte : conversation(digests)) {
            CHECK(reading.give({&byte, 1}));
        }
        CHECK(reading.log == conversation_log);
        CHECK((reading.data == host_pdus::pattern(1000)));
    }
}

// The last three bytes are what a term request quotes: nobody waits for them.
TEST_CASE("waits for the rest of a stream cut anywhere, and never invents an event") {
    const Bytes stream = conversation({true, true});
    for (size_t cut = 0; cut + 3 < stream.size(); ++cut) {
        Reading reading;
        reading.digests = {true, true};
        CHECK(reading.give(std::span<const uint8_t>(stream).first(cut)));
        CHECK(conversation_log.starts_with(reading.log));
        CHECK(reading.log != conversation_log);
    }
}

TEST_CASE("notices every flipped bit of a command with both digests") {
    const Digests digests{true, true};
    const Bytes pdu = host_pdus::capsule(command_of(1), host_pdus::pattern(64), digests);
    const Bytes next = host_pdus::capsule(command_of(2), {}, digests);
    for (size_t bit = 0; bit < pdu.size() * 8; ++bit) {
        Bytes flipped = pdu;
        flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
        const std::string log = after_handshake(flipped + next, digests);
        CHECK(log != "command:64 end command:0 ");
        if (bit / 8 >= sizeof(nvme::tcp::CommandPdu) + 4) {
            CHECK(log == "command:64 wrong command:0 ");  // The stream goes on.
        }
    }
}

TEST_CASE("survives every flipped bit of a conversation without digests") {
    const Bytes stream = conversation({});
    for (size_t bit = 0; bit < stream.size() * 8; ++bit) {
        Bytes flipped = stream;
        flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
        static_cast<void>(read(flipped));
    }
}

TEST_CASE("takes data in pieces straight into their place, and checks their digest") {
    const Digests digests{false, true};
    const Bytes sent = host_pdus::pattern(40000);
    for (const bool spoil : {false, true}) {
        Bytes pdu = host_pdus::h2c_data(1, 0, 0, sent, true, digests);
        pdu[1000] ^= spoil ? 1 : 0;
        Reading reading;
        reading.digests = digests;
        constexpr size_t header_bytes = sizeof(nvme::tcp::DataPdu);
        const std::span<const uint8_t> stream = pdu;
        CHECK(reading.give(host_pdus::ic_request(digests)));
        CHECK(reading.give(stream.first(header_bytes + 100)));
        CHECK(reading.reader.direct_target().size() == sent.size() - 100);
        std::memcpy(reading.reader.direct_target().data(), pdu.data() + header_bytes + 100, 30000);
        reading.reader.data_placed(30000);
        CHECK(reading.reader.direct_target().size() == sent.size() - 30100);
        CHECK(reading.give(stream.subspan(header_bytes + 30100)));
        CHECK(reading.reader.direct_target().empty());
        CHECK(reading.log == (spoil ? "ic h2c:40000 wrong " : "ic h2c:40000 end "));
        CHECK((reading.data == sent) == !spoil);
    }
}

TEST_CASE("drops what there is no room for, but checks its digest too") {
    const Digests digests{false, true};
    const Bytes sent = host_pdus::pattern(4096);
    Bytes pdu = host_pdus::capsule(command_of(1), sent, digests);
    for (const uint32_t keep_bytes : {0u, 100u}) {
        for (const bool spoil : {false, true}) {
            pdu[pdu.size() - 100] ^= spoil ? 1 : 0;
            Reading reading;
            reading.digests = digests;
            reading.keep_bytes = keep_bytes;
            CHECK(reading.give(host_pdus::ic_request(digests) + pdu));
            CHECK(reading.log == (spoil ? "ic command:4096 wrong " : "ic command:4096 end "));
            CHECK(std::equal(sent.begin(), sent.begin() + keep_bytes, reading.data.begin()));
            CHECK(std::count(reading.data.begin() + keep_bytes, reading.data.end(), 0) ==
                  4096 - keep_bytes);
            pdu[pdu.size() - 100] ^= spoil ? 1 : 0;
        }
    }
}

TEST_CASE("refuses PDUs that may not come now") {
    CHECK(read(host_pdus::capsule(command_of(1))) == broken(FatalError::sequence_error, 0));
    CHECK(after_handshake(host_pdus::ic_request()) == broken(FatalError::sequence_error, 0));
    CHECK(read(host_pdus::terminate(1)) == "terminate ");
}

TEST_CASE("refuses types that only controllers send, and unknown ones") {
    for (const uint8_t type : {0x01, 0x03, 0x05, 0x07, 0x08, 0x09, 0x0a, 0xff}) {
        Bytes pdu = host_pdus::capsule(command_of(1));
        pdu[0] = type;
        CHECK(after_handshake(pdu) == broken(FatalError::invalid_header_field, 0));
    }
}

TEST_CASE("names the field of a header that is wrong") {
    const auto spoiled = [](Bytes pdu, size_t at, uint8_t value) {
        pdu[at] = value;
        return after_handshake(pdu);
    };
    const Bytes bare = host_pdus::capsule(command_of(1));
    const Bytes full = host_pdus::capsule(command_of(1), host_pdus::pattern(512));
    const Bytes data = host_pdus::h2c_data(1, 0, 0, host_pdus::pattern(512));
    CHECK(spoiled(bare, 2, 71) == broken(FatalError::invalid_header_field, 2));
    CHECK(spoiled(bare, 2, 0) == broken(FatalError::invalid_header_field, 2));
    CHECK(spoiled(bare, 1, 1) == broken(FatalError::invalid_header_field, 1));
    CHECK(spoiled(bare, 4, 71) == broken(FatalError::invalid_header_field, 4));
    CHECK(spoiled(full, 1, 2) == broken(FatalError::invalid_header_field, 1));
    CHECK(spoiled(full, 3, 76) == broken(FatalError::invalid_header_field, 3));
    CHECK(spoiled(full, 3, 0) == broken(FatalError::invalid_header_field, 3));
    CHECK(spoiled(data, 17, 3) == broken(FatalError::invalid_header_field, 16));
}

TEST_CASE("refuses more data than it has announced to take") {
    const Bytes most = host_pdus::capsule(command_of(1), host_pdus::pattern(8192));
    CHECK(after_handshake(most) == "command:8192 end ");
    const Bytes more = host_pdus::capsule(command_of(1), host_pdus::pattern(8196));
    CHECK(after_handshake(more) == broken(FatalError::invalid_header_field, 4));
    const Bytes data = host_pdus::h2c_data(1, 0, 0, host_pdus::pattern(65536));
    CHECK(after_handshake(data) == "h2c:65536 end ");
    const Bytes much = host_pdus::h2c_data(1, 0, 0, host_pdus::pattern(65540));
    CHECK(after_handshake(much) == broken(FatalError::transfer_limit_exceeded, 16));
}

TEST_CASE("refuses a PDU of four gigabytes after its header") {
    Bytes pdu = host_pdus::h2c_data(1, 0, 0, host_pdus::pattern(512));
    std::fill_n(pdu.begin() + 4, 4, 0xff);
    CHECK(after_handshake(pdu).starts_with("broken:"));
}

TEST_CASE("refuses H2CData without data") {
    CHECK(after_handshake(host_pdus::h2c_data(1, 0, 0, {})) ==
          broken(FatalError::invalid_header_field, 16));
}

TEST_CASE("refuses a header whose digest is wrong, and says which came") {
    const Digests digests{true, false};
    Bytes pdu = host_pdus::capsule(command_of(1), {}, digests);
    uint32_t digest = 0;
    std::memcpy(&digest, pdu.data() + 72, 4);
    pdu[40] ^= 0x10;
    CHECK(after_handshake(pdu, digests) == broken(FatalError::header_digest_error, digest));
    const Bytes without = host_pdus::capsule(command_of(1)) + Bytes(4);
    CHECK(after_handshake(without, digests) == broken(FatalError::invalid_header_field, 1));
}

TEST_CASE("refuses a handshake it does not know") {
    Bytes version = host_pdus::ic_request();
    version[8] = 1;
    CHECK(read(version) == broken(FatalError::unsupported_parameter, 8));
    CHECK(read(host_pdus::ic_request({}, 31)) == "ic ");
    CHECK(read(host_pdus::ic_request({}, 32)) == broken(FatalError::invalid_header_field, 10));
}

TEST_CASE("keeps the offending header, and stays broken") {
    Bytes pdu = host_pdus::h2c_data(1, 0, 0, host_pdus::pattern(512));
    Reading reading;
    CHECK(reading.give(host_pdus::ic_request() + host_pdus::capsule(command_of(9))));
    pdu[17] = 9;
    CHECK(!reading.give(pdu));
    const auto offending = reading.reader.offending_header();
    CHECK(offending.size() == sizeof(nvme::tcp::DataPdu));
    CHECK(std::equal(offending.begin(), offending.end(), pdu.begin()));
    CHECK(!reading.give(host_pdus::capsule(command_of(1))));
}

TEST_CASE("lets its caller object to a PDU and keeps that one's header") {
    PduReader reader(limits);
    const Bytes stream =
        host_pdus::ic_request() + host_pdus::h2c_data(1, 0, 0, host_pdus::pattern(8));
    std::span<const uint8_t> input = stream;
    CHECK(reader.next(input) == ReadEvent::ic_request);
    CHECK(reader.next(input) == ReadEvent::h2c_data);
    reader.refuse(FatalError::data_out_of_range, 12);
    CHECK(reader.next(input) == ReadEvent::broken);
    CHECK(reader.error() == FatalError::data_out_of_range);
    CHECK(reader.error_information() == 12);
    CHECK(reader.offending_header().size() == sizeof(nvme::tcp::DataPdu));
    CHECK(reader.offending_header()[0] == 0x06);
}

TEST_CASE("knows whether it is between two PDUs") {
    PduReader reader(limits);
    CHECK(reader.between_pdus());
    const Bytes stream = host_pdus::ic_request();
    std::span<const uint8_t> first = std::span<const uint8_t>(stream).first(5);
    CHECK(reader.next(first) == ReadEvent::need_more);
    CHECK(!reader.between_pdus());
    std::span<const uint8_t> rest = std::span<const uint8_t>(stream).subspan(5);
    CHECK(reader.next(rest) == ReadEvent::ic_request);
    CHECK(reader.between_pdus());
}
