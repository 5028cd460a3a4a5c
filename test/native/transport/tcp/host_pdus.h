// PDUs as a host sends them, right by default and open to be spoiled: for the hostile tests too.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/crc32c.h"
#include "nvme/tcp_pdu.h"

namespace host_pdus {

using Bytes = std::vector<uint8_t>;

struct Digests {
    bool header = false;
    bool data = false;
};

inline void append(Bytes& out, const void* data, size_t bytes) {
    const auto* first = static_cast<const uint8_t*>(data);
    out.insert(out.end(), first, first + bytes);
}

inline void append_digest(Bytes& out, const void* data, size_t bytes) {
    const uint32_t digest = base::crc32c(data, bytes);
    append(out, &digest, sizeof digest);
}

inline Bytes operator+(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

inline Bytes pattern(size_t bytes, uint32_t seed = 1) {
    Bytes out(bytes);
    for (size_t i = 0; i < bytes; ++i) {
        seed = seed * 1664525 + 1013904223;
        out[i] = static_cast<uint8_t>(seed >> 24);
    }
    return out;
}

inline Bytes ic_request(Digests digests = {}, uint8_t alignment = 0) {
    nvme::tcp::IcRequest pdu{};
    pdu.header.type = nvme::tcp::PduType::ic_request;
    pdu.header.header_bytes = sizeof pdu;
    pdu.header.pdu_bytes = sizeof pdu;
    pdu.alignment = alignment;
    pdu.digests = static_cast<uint8_t>((digests.header ? nvme::tcp::digest_header : 0) |
                                       (digests.data ? nvme::tcp::digest_data : 0));
    Bytes out;
    append(out, &pdu, sizeof pdu);
    return out;
}

// Header, digest, data, digest, whatever the header says already.
template <typename Pdu>
Bytes with_data(Pdu pdu, const Bytes& data, Digests digests) {
    const uint32_t bare_bytes = sizeof pdu + (digests.header ? nvme::tcp::digest_bytes : 0);
    const bool data_digest = digests.data && !data.empty();
    pdu.header.flags |= static_cast<uint8_t>((digests.header ? nvme::tcp::flag_header_digest : 0) |
                                             (data_digest ? nvme::tcp::flag_data_digest : 0));
    pdu.header.header_bytes = sizeof pdu;
    pdu.header.data_offset = static_cast<uint8_t>(data.empty() ? 0 : bare_bytes);
    pdu.header.pdu_bytes = static_cast<uint32_t>(bare_bytes + data.size() +
                                                 (data_digest ? nvme::tcp::digest_bytes : 0));
    Bytes out;
    append(out, &pdu, sizeof pdu);
    if (digests.header) {
        append_digest(out, &pdu, sizeof pdu);
    }
    append(out, data.data(), data.size());
    if (data_digest) {
        append_digest(out, data.data(), data.size());
    }
    return out;
}

inline Bytes capsule(const nvme::Command& command, const Bytes& data = {}, Digests digests = {}) {
    nvme::tcp::CommandPdu pdu{};
    pdu.header.type = nvme::tcp::PduType::command;
    pdu.command = command;
    return with_data(pdu, data, digests);
}

inline Bytes h2c_data(uint16_t command_id,
                      uint16_t tag,
                      uint32_t offset,
                      const Bytes& data,
                      bool last = true,
                      Digests digests = {}) {
    nvme::tcp::DataPdu pdu{};
    pdu.header.type = nvme::tcp::PduType::h2c_data;
    pdu.header.flags = last ? nvme::tcp::flag_last : 0;
    pdu.command_id = command_id;
    pdu.transfer_tag = tag;
    pdu.offset = offset;
    pdu.bytes = static_cast<uint32_t>(data.size());
    return with_data(pdu, data, digests);
}

inline Bytes terminate(uint16_t error, const Bytes& offending = {}) {
    nvme::tcp::TerminatePdu pdu{};
    pdu.header.type = nvme::tcp::PduType::h2c_terminate;
    pdu.header.header_bytes = sizeof pdu;
    pdu.header.pdu_bytes = static_cast<uint32_t>(sizeof pdu + offending.size());
    pdu.error = error;
    Bytes out;
    append(out, &pdu, sizeof pdu);
    append(out, offending.data(), offending.size());
    return out;
}

}  // namespace host_pdus
