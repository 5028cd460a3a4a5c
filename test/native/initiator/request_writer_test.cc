#include "initiator/request_writer.h"

#include <cstring>
#include <vector>

#include "base/crc32c.h"
#include "initiator/commands.h"

namespace {

using initiator::WireOptions;
namespace tcp = nvme::tcp;

template <typename T>
const T& as(const uint8_t* bytes) {
    return *reinterpret_cast<const T*>(bytes);
}

}  // namespace

TEST_CASE("an ICReq is 128 bytes with what is asked for, and zeroes") {
    uint8_t out[128];
    REQUIRE(initiator::write_ic_request(out, true, false, 3) == 128);
    const auto& request = as<tcp::IcRequest>(out);
    CHECK(request.header.type == tcp::PduType::ic_request);
    CHECK(request.header.header_bytes == 128);
    CHECK(request.header.pdu_bytes == 128);
    CHECK(request.alignment == 3);
    CHECK(request.digests == tcp::digest_header);
    CHECK(request.r2t_max == 0);
    for (const uint8_t byte : request.reserved) {
        CHECK(byte == 0);
    }
}

TEST_CASE("the golden bytes of a read capsule") {
    nvme::Command command = initiator::read_blocks(1, 0x1122334455, 8);
    command.command_id = 0x0302;
    initiator::set_data_pointer(command, 32768, false);
    uint8_t out[initiator::request_header_bytes_max];
    REQUIRE(initiator::write_command_header(out, {}, command, 0) == 72);
    const std::vector<uint8_t> expected{
        0x04, 0x00, 72,   0,    72,   0, 0, 0,     // PDU header.
        0x02, 0x40, 0x02, 0x03, 1,    0, 0, 0,     // Opcode, SGL, id, namespace.
        0,    0,    0,    0,    0,    0, 0, 0,     // CDW2, CDW3.
        0,    0,    0,    0,    0,    0, 0, 0,     // Metadata.
        0,    0,    0,    0,    0,    0, 0, 0,     // SGL: address,
        0,    0x80, 0,    0,    0,    0, 0, 0x5a,  // length, transport data block.
        0x55, 0x44, 0x33, 0x22, 0x11, 0, 0, 0,     // First block.
        7,    0,    0,    0,    0,    0, 0, 0,    0, 0, 0, 0, 0, 0, 0, 0};
    CHECK(std::vector<uint8_t>(out, out + 72) == expected);
}

TEST_CASE("in-capsule data starts where the controller wants it, behind the digest") {
    WireOptions wire;
    wire.header_digest = true;
    wire.data_digest = true;
    wire.data_alignment_bytes = 64;
    uint8_t out[initiator::request_header_bytes_max];
    REQUIRE(initiator::write_command_header(out, wire, initiator::flush(1), 4096) == 128);
    const auto& header = as<tcp::PduHeader>(out);
    CHECK(header.flags == (tcp::flag_header_digest | tcp::flag_data_digest));
    CHECK(header.data_offset == 128);
    CHECK(header.pdu_bytes == 128 + 4096 + 4);
    CHECK(as<base::le32>(out + 72) == base::crc32c(out, 72));
    for (uint32_t at = 76; at < 128; ++at) {
        CHECK(out[at] == 0);
    }
}

TEST_CASE("a part of the data asked for says where it belongs") {
    uint8_t out[initiator::request_header_bytes_max];
    const initiator::DataPart part{5, 9, 8192, 4096, true};
    REQUIRE(initiator::write_h2c_data_header(out, {}, part) == 24);
    const auto& pdu = as<tcp::DataPdu>(out);
    CHECK(pdu.header.type == tcp::PduType::h2c_data);
    CHECK(pdu.header.flags == tcp::flag_last);
    CHECK(pdu.header.data_offset == 24);
    CHECK(pdu.header.pdu_bytes == 24 + 4096);
    CHECK(pdu.command_id == 5);
    CHECK(pdu.transfer_tag == 9);
    CHECK(pdu.offset == 8192);
    CHECK(pdu.bytes == 4096);
}

TEST_CASE("a data digest is written only when it was negotiated") {
    const uint8_t data[3] = {1, 2, 3};
    uint8_t out[4] = {};
    CHECK(initiator::write_data_digest(out, {}, data) == 0);
    WireOptions wire;
    wire.data_digest = true;
    CHECK(initiator::write_data_digest(out, wire, data) == 4);
    CHECK(as<base::le32>(out) == base::crc32c(data, 3));
}
