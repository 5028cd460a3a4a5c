#include "transport/tcp/pdu_writer.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"

namespace transport::tcp {

using nvme::tcp::digest_bytes;
using nvme::tcp::PduHeader;
using nvme::tcp::PduType;

namespace {

template <typename Pdu>
uint32_t put(uint8_t* out, const Pdu& pdu) {
    static_assert(base::WireFormat<Pdu>);
    std::memcpy(out, &pdu, sizeof(pdu));
    return sizeof(pdu);
}

// Writes a PDU without data, and its header digest when there is to be one.
template <typename Pdu>
uint32_t put_bare(uint8_t* out, const WireOptions& options, PduType type, Pdu& pdu) {
    const uint32_t bytes = sizeof(pdu) + (options.header_digest ? digest_bytes : 0);
    pdu.header.type = type;
    pdu.header.flags = options.header_digest ? nvme::tcp::flag_header_digest : 0;
    pdu.header.header_bytes = sizeof(pdu);
    pdu.header.pdu_bytes = bytes;
    put(out, pdu);
    if (options.header_digest) {
        const uint32_t digest = base::crc32c(out, sizeof(pdu));
        std::memcpy(out + sizeof(pdu), &digest, sizeof(digest));
    }
    return bytes;
}

}  // namespace

uint32_t write_ic_response(uint8_t* out, const WireOptions& options, uint32_t h2c_data_bytes_max) {
    nvme::tcp::IcResponse pdu{};
    pdu.header.type = PduType::ic_response;
    pdu.header.header_bytes = sizeof(pdu);
    pdu.header.pdu_bytes = sizeof(pdu);
    pdu.digests = static_cast<uint8_t>((options.header_digest ? nvme::tcp::digest_header : 0) |
                                       (options.data_digest ? nvme::tcp::digest_data : 0));
    pdu.h2c_data_bytes_max = h2c_data_bytes_max;
    return put(out, pdu);
}

uint32_t write_response(uint8_t* out,
                        const WireOptions& options,
                        const nvme::Completion& completion) {
    nvme::tcp::ResponsePdu pdu{};
    pdu.completion = completion;
    return put_bare(out, options, PduType::response, pdu);
}

uint32_t write_data_header(
    uint8_t* out, const WireOptions& options, uint16_t command_id, uint32_t bytes, bool success) {
    nvme::tcp::DataPdu pdu{};
    const uint32_t bare_bytes = sizeof(pdu) + (options.header_digest ? digest_bytes : 0);
    const uint32_t alignment = options.data_alignment_bytes;
    const uint32_t data_offset = (bare_bytes + alignment - 1) / alignment * alignment;
    pdu.header.type = PduType::c2h_data;
    pdu.header.flags =
        static_cast<uint8_t>(nvme::tcp::flag_last | (success ? nvme::tcp::flag_success : 0) |
                             (options.header_digest ? nvme::tcp::flag_header_digest : 0) |
                             (options.data_digest ? nvme::tcp::flag_data_digest : 0));
    pdu.header.header_bytes = sizeof(pdu);
    pdu.header.data_offset = static_cast<uint8_t>(data_offset);
    pdu.header.pdu_bytes = data_offset + bytes + (options.data_digest ? digest_bytes : 0);
    pdu.command_id = command_id;
    pdu.bytes = bytes;
    put(out, pdu);
    if (options.header_digest) {
        const uint32_t digest = base::crc32c(out, sizeof(pdu));
        std::memcpy(out + sizeof(pdu), &digest, sizeof(digest));
    }
    std::memset(out + bare_bytes, 0, data_offset - bare_bytes);
    return data_offset;
}

uint32_t write_data_digest(uint8_t* out,
                           const WireOptions& options,
                           std::span<const uint8_t> data) {
    if (!options.data_digest) {
        return 0;
    }
    const uint32_t digest = base::crc32c(data.data(), data.size());
    std::memcpy(out, &digest, sizeof(digest));
    return digest_bytes;
}

uint32_t write_ready_to_transfer(uint8_t* out,
                                 const WireOptions& options,
                                 uint16_t command_id,
                                 uint16_t transfer_tag,
                                 uint32_t offset,
                                 uint32_t bytes) {
    nvme::tcp::ReadyToTransferPdu pdu{};
    pdu.command_id = command_id;
    pdu.transfer_tag = transfer_tag;
    pdu.offset = offset;
    pdu.bytes = bytes;
    return put_bare(out, options, PduType::ready_to_transfer, pdu);
}

uint32_t write_terminate(uint8_t* out,
                         nvme::tcp::FatalError error,
                         uint32_t information,
                         std::span<const uint8_t> offending_header) {
    const auto data_bytes = static_cast<uint32_t>(
        std::min<size_t>(offending_header.size(), nvme::tcp::terminate_data_bytes_max));
    nvme::tcp::TerminatePdu pdu{};
    pdu.header.type = PduType::c2h_terminate;
    pdu.header.header_bytes = sizeof(pdu);
    pdu.header.pdu_bytes = sizeof(pdu) + data_bytes;
    pdu.error = static_cast<uint16_t>(error);
    std::memcpy(pdu.information, &information, sizeof(information));
    put(out, pdu);
    if (data_bytes > 0) {
        std::memcpy(out + sizeof(pdu), offending_header.data(), data_bytes);
    }
    return sizeof(pdu) + data_bytes;
}

}  // namespace transport::tcp
