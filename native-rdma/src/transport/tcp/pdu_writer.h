// Writes the PDUs a controller sends, each into memory its caller provides.
//
// Every function returns how many bytes it wrote. Thread: any; no state.
#pragma once

#include <cstdint>
#include <span>

#include "nvme/command.h"
#include "nvme/tcp_pdu.h"

namespace transport::tcp {

// What ICReq and ICResp settled for one connection.
struct WireOptions {
    bool header_digest = false;
    bool data_digest = false;
    uint32_t data_alignment_bytes = 4;  // The host's: C2HData starts its data on a multiple.
};

inline constexpr uint32_t data_header_bytes_max = 128;  // Header, digest and padding of C2HData.
inline constexpr uint32_t response_bytes_max = sizeof(nvme::tcp::ResponsePdu) + 4;
inline constexpr uint32_t terminate_bytes_max =
    sizeof(nvme::tcp::TerminatePdu) + nvme::tcp::terminate_data_bytes_max;

uint32_t write_ic_response(uint8_t* out, const WireOptions& options, uint32_t h2c_data_bytes_max);

uint32_t write_response(uint8_t* out,
                        const WireOptions& options,
                        const nvme::Completion& completion);

// What precedes `bytes` of data in the one C2HData PDU of a command. With `success` the PDU stands
// for the completion as well.
uint32_t write_data_header(
    uint8_t* out, const WireOptions& options, uint16_t command_id, uint32_t bytes, bool success);

// What follows the data: its digest, or nothing.
uint32_t write_data_digest(uint8_t* out, const WireOptions& options, std::span<const uint8_t> data);

uint32_t write_ready_to_transfer(uint8_t* out,
                                 const WireOptions& options,
                                 uint16_t command_id,
                                 uint16_t transfer_tag,
                                 uint32_t offset,
                                 uint32_t bytes);

uint32_t write_terminate(uint8_t* out,
                         nvme::tcp::FatalError error,
                         uint32_t information,
                         std::span<const uint8_t> offending_header);

}  // namespace transport::tcp
