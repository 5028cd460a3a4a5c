#include "initiator/request_writer.h"

#include <cstring>

#include "base/crc32c.h"

namespace initiator {

namespace tcp = nvme::tcp;

namespace {

constexpr uint8_t psdt_sgl = 0x40;  // The data pointer is an SGL, as always over fabrics.

// Completes a header that lies at `out`: lengths, flags, digest and padding.
uint32_t finish_header(uint8_t* out, const WireOptions& wire, uint32_t data_bytes) {
    auto& header = *reinterpret_cast<tcp::PduHeader*>(out);
    const uint32_t header_bytes = header.header_bytes;
    uint32_t end = header_bytes + (wire.header_digest ? tcp::digest_bytes : 0);
    uint32_t total = end;
    if (data_bytes != 0) {
        const uint32_t align = wire.data_alignment_bytes;
        end = (end + align - 1) / align * align;
        total = end + data_bytes + (wire.data_digest ? tcp::digest_bytes : 0);
        header.data_offset = static_cast<uint8_t>(end);
    }
    header.pdu_bytes = total;
    if (wire.header_digest) {
        header.flags |= tcp::flag_header_digest;
    }
    if (wire.data_digest && data_bytes != 0) {
        header.flags |= tcp::flag_data_digest;
    }
    std::memset(out + header_bytes, 0, end - header_bytes);
    if (wire.header_digest) {
        const uint32_t crc = base::crc32c(out, header_bytes);
        std::memcpy(out + header_bytes, &crc, sizeof(crc));
    }
    return end;
}

}  // namespace

uint32_t write_ic_request(uint8_t* out, bool header_digest, bool data_digest, uint8_t alignment) {
    tcp::IcRequest request{};
    request.header.type = tcp::PduType::ic_request;
    request.header.header_bytes = sizeof(request);
    request.header.pdu_bytes = sizeof(request);
    request.alignment = alignment;
    request.digests = static_cast<uint8_t>((header_digest ? tcp::digest_header : 0) |
                                           (data_digest ? tcp::digest_data : 0));
    std::memcpy(out, &request, sizeof(request));
    return sizeof(request);
}

void set_data_pointer(nvme::Command& command, uint32_t data_bytes, bool in_capsule) {
    command.flags = psdt_sgl;
    command.sgl = {};
    command.sgl.length = data_bytes;
    command.sgl.identifier = in_capsule ? tcp::sgl_in_capsule : tcp::sgl_transport;
}

uint32_t write_command_header(uint8_t* out,
                              const WireOptions& wire,
                              const nvme::Command& command,
                              uint32_t data_bytes) {
    const tcp::PduHeader header{tcp::PduType::command, 0, sizeof(tcp::CommandPdu), 0, {0}};
    std::memcpy(out, &header, sizeof(header));
    std::memcpy(out + sizeof(header), &command, sizeof(command));
    return finish_header(out, wire, data_bytes);
}

uint32_t write_h2c_data_header(uint8_t* out, const WireOptions& wire, const DataPart& part) {
    tcp::DataPdu pdu{};
    pdu.header.type = tcp::PduType::h2c_data;
    pdu.header.flags = part.last ? tcp::flag_last : 0;
    pdu.header.header_bytes = sizeof(pdu);
    pdu.command_id = part.command_id;
    pdu.transfer_tag = part.transfer_tag;
    pdu.offset = part.offset;
    pdu.bytes = part.bytes;
    std::memcpy(out, &pdu, sizeof(pdu));
    return finish_header(out, wire, part.bytes);
}

uint32_t write_data_digest(uint8_t* out, const WireOptions& wire, std::span<const uint8_t> data) {
    if (!wire.data_digest) {
        return 0;
    }
    const uint32_t crc = base::crc32c(data.data(), data.size());
    std::memcpy(out, &crc, sizeof(crc));
    return sizeof(crc);
}

}  // namespace initiator
