#include "initiator/response_reader.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/crc32c.h"

namespace {

using initiator::ResponseEvent;
using initiator::ResponseReader;
using Bytes = std::vector<uint8_t>;
namespace tcp = nvme::tcp;

template <typename T>
Bytes bytes_of(const T& pdu) {
    const auto* first = reinterpret_cast<const uint8_t*>(&pdu);
    return {first, first + sizeof(pdu)};
}

void put_digest(Bytes& bytes, size_t from) {
    const uint32_t crc = base::crc32c(bytes.data() + from, bytes.size() - from);
    const Bytes digest = bytes_of(crc);
    bytes.insert(bytes.end(), digest.begin(), digest.end());
}

tcp::PduHeader header(tcp::PduType type, uint8_t header_bytes, uint32_t pdu_bytes) {
    tcp::PduHeader made{type, 0, header_bytes, 0, {}};
    made.pdu_bytes = pdu_bytes;
    return made;
}

Bytes ic_response() {
    tcp::IcResponse pdu{};
    pdu.header = header(tcp::PduType::ic_response, 128, 128);
    pdu.h2c_data_bytes_max = 131'072;
    return bytes_of(pdu);
}

Bytes response(uint16_t command_id, bool digest = false) {
    tcp::ResponsePdu pdu{};
    pdu.header = header(tcp::PduType::response, 24, digest ? 28 : 24);
    pdu.header.flags = digest ? tcp::flag_header_digest : 0;
    pdu.completion.command_id = command_id;
    Bytes bytes = bytes_of(pdu);
    if (digest) {
        put_digest(bytes, 0);
    }
    return bytes;
}

// C2HData with `data`, its digests when wanted, `padding` bytes before the data.
Bytes data_pdu(const Bytes& data, bool digests = false, uint8_t padding = 0) {
    tcp::DataPdu pdu{};
    const auto offset = static_cast<uint8_t>(24 + (digests ? 4 : 0) + padding);
    pdu.header = header(tcp::PduType::c2h_data,
                        24,
                        static_cast<uint32_t>(offset + data.size() + (digests ? 4 : 0)));
    pdu.header.data_offset = offset;
    pdu.header.flags = static_cast<uint8_t>(
        tcp::flag_last | (digests ? tcp::flag_header_digest | tcp::flag_data_digest : 0));
    pdu.bytes = static_cast<uint32_t>(data.size());
    Bytes bytes = bytes_of(pdu);
    if (digests) {
        put_digest(bytes, 0);
    }
    bytes.resize(offset);
    bytes.insert(bytes.end(), data.begin(), data.end());
    if (digests) {
        put_digest(bytes, offset);
    }
    return bytes;
}

Bytes ready_to_transfer() {
    tcp::ReadyToTransferPdu pdu{};
    pdu.header = header(tcp::PduType::ready_to_transfer, 24, 24);
    pdu.command_id = 4;
    pdu.bytes = 4096;
    return bytes_of(pdu);
}

// A reader behind its ICResp.
ResponseReader make(bool digests = false) {
    ResponseReader reader;
    const Bytes bytes = ic_response();
    std::span<const uint8_t> input(bytes);
    REQUIRE(reader.next(input) == ResponseEvent::negotiated);
    reader.negotiated(digests, digests);
    return reader;
}

ResponseEvent only_event(ResponseReader& reader, const Bytes& bytes) {
    std::span<const uint8_t> input(bytes);
    return reader.next(input);
}

Bytes some_data() {
    Bytes data(200);
    for (size_t i = 0; i < data.size(); ++i) {
        data[i] = static_cast<uint8_t>(i * 3);
    }
    return data;
}

}  // namespace

TEST_CASE("PDUs are recognised however the bytes are cut") {
    const Bytes data = some_data();
    Bytes stream = ic_response();
    for (const Bytes& pdu : {response(3, true), data_pdu(data, true, 40), response(5, true)}) {
        stream.insert(stream.end(), pdu.begin(), pdu.end());
    }
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{64}, stream.size()}) {
        CAPTURE(piece);
        ResponseReader reader;
        Bytes target(data.size());
        std::vector<ResponseEvent> events;
        for (size_t at = 0; at < stream.size(); at += piece) {
            std::span<const uint8_t> input(stream.data() + at, std::min(piece, stream.size() - at));
            for (auto event = reader.next(input); event != ResponseEvent::need_more;
                 event = reader.next(input)) {
                events.push_back(event);
                if (event == ResponseEvent::negotiated) {
                    reader.negotiated(true, true);
                } else if (event == ResponseEvent::data) {
                    reader.set_target(target.data());
                } else if (event == ResponseEvent::data_end) {
                    CHECK(reader.digest_ok());
                }
            }
        }
        const std::vector<ResponseEvent> expected{ResponseEvent::negotiated,
                                                  ResponseEvent::response,
                                                  ResponseEvent::data,
                                                  ResponseEvent::data_end,
                                                  ResponseEvent::response};
        CHECK(events == expected);
        CHECK(target == data);
        CHECK(reader.header<tcp::ResponsePdu>().completion.command_id == 5);
    }
}

TEST_CASE("an R2T and a termination are told with their fields") {
    ResponseReader reader = make();
    CHECK(only_event(reader, ready_to_transfer()) == ResponseEvent::ready);
    CHECK(reader.header<tcp::ReadyToTransferPdu>().bytes == 4096);
    tcp::TerminatePdu end{};
    end.header = header(tcp::PduType::c2h_terminate, 24, 24 + 8);
    end.error = 2;
    Bytes bytes = bytes_of(end);
    bytes.resize(32);
    CHECK(only_event(reader, bytes) == ResponseEvent::terminate);
    CHECK(reader.header<tcp::TerminatePdu>().error == 2);
    CHECK(only_event(reader, response(1)) == ResponseEvent::broken);
}

TEST_CASE("a truncated PDU is not an event") {
    for (const Bytes& whole : {response(3), data_pdu(some_data()), ready_to_transfer()}) {
        ResponseReader reader = make();
        const Bytes cut(whole.begin(), whole.end() - 1);
        std::span<const uint8_t> input(cut);
        ResponseEvent event = reader.next(input);
        if (event == ResponseEvent::data) {
            reader.set_target(nullptr);
            event = reader.next(input);
        }
        CHECK(event == ResponseEvent::need_more);
        CHECK(input.empty());
    }
}

TEST_CASE("with header digests every flipped bit of a header is noticed") {
    const Bytes whole = response(3, true);
    for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
        ResponseReader reader = make(true);
        Bytes flipped = whole;
        flipped[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        REQUIRE(only_event(reader, flipped) != ResponseEvent::response);
    }
}

TEST_CASE("with data digests every flipped bit of the data is noticed") {
    const Bytes data = some_data();
    const Bytes whole = data_pdu(data, true);
    const size_t first = whole.size() - data.size() - 4;
    for (size_t bit = first * 8; bit < whole.size() * 8; ++bit) {
        ResponseReader reader = make(true);
        Bytes flipped = whole;
        flipped[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        std::span<const uint8_t> input(flipped);
        REQUIRE(reader.next(input) == ResponseEvent::data);
        reader.set_target(nullptr);
        REQUIRE(reader.next(input) == ResponseEvent::data_end);
        REQUIRE_FALSE(reader.digest_ok());
    }
}

TEST_CASE("what a controller may not send breaks the stream, for good") {
    const auto spoil = [](Bytes bytes, size_t at, uint8_t value) {
        bytes[at] = value;
        return bytes;
    };
    const Bytes data = data_pdu(some_data());
    const std::vector<Bytes> wrong{
        spoil(response(1), 0, 0x04),                             // A host's PDU.
        spoil(response(1), 0, 0x55),                             // No PDU at all.
        spoil(response(1), 2, 32),                               // Header length.
        spoil(response(1), 4, 25),                               // Whole length.
        spoil(response(1), 4, 8),                                // Shorter than its header.
        spoil(response(1), 1, tcp::flag_header_digest),          // Not negotiated.
        spoil(data, 1, tcp::flag_last | tcp::flag_data_digest),  // Not negotiated.
        spoil(data, 3, 20),                                      // Data inside the header.
        spoil(data, 3, 28),                                      // Lengths disagree.
        spoil(data, 16, 1),                                      // Lengths disagree.
        spoil(data_pdu({}), 16, 0),                              // No data at all.
        ic_response(),                                           // A second one.
    };
    for (size_t i = 0; i < wrong.size(); ++i) {
        CAPTURE(i);
        ResponseReader reader = make();
        CHECK(only_event(reader, wrong[i]) == ResponseEvent::broken);
        CHECK(only_event(reader, response(1)) == ResponseEvent::broken);
    }
}

TEST_CASE("nothing but an ICResp may come first, and it must be whole") {
    ResponseReader early;
    CHECK(only_event(early, response(1)) == ResponseEvent::broken);
    Bytes longer = ic_response();
    longer[4] = 129;
    longer.push_back(0);
    ResponseReader reader;
    CHECK(only_event(reader, longer) == ResponseEvent::broken);
}

TEST_CASE("a termination with more data than the standard allows is malformed") {
    tcp::TerminatePdu end{};
    end.header = header(tcp::PduType::c2h_terminate, 24, 24 + 129);
    ResponseReader reader = make();
    CHECK(only_event(reader, bytes_of(end)) == ResponseEvent::broken);
}

TEST_CASE("a large remainder is received in its place, digest and all") {
    const Bytes data(100'000, 0x5a);
    const Bytes whole = data_pdu(data, true);
    ResponseReader reader = make(true);
    CHECK(reader.direct_target().empty());
    const size_t head = whole.size() - data.size() - 4 + 10;
    std::span<const uint8_t> input(whole.data(), head);
    REQUIRE(reader.next(input) == ResponseEvent::data);
    Bytes target(data.size());
    reader.set_target(target.data());
    REQUIRE(reader.next(input) == ResponseEvent::need_more);
    const std::span<uint8_t> rest = reader.direct_target();
    REQUIRE(rest.size() == data.size() - 10);
    std::memcpy(rest.data(), whole.data() + head, rest.size());
    reader.data_placed(static_cast<uint32_t>(rest.size()));
    input = {whole.data() + head + rest.size(), 4};
    CHECK(reader.next(input) == ResponseEvent::data_end);
    CHECK(reader.digest_ok());
    CHECK(target == data);
}
