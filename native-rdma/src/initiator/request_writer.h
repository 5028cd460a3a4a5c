// Writes the PDUs a host sends, each into memory its caller provides.
//
// Every function returns how many bytes it wrote. Thread: any; no state.
#pragma once

#include <cstdint>
#include <span>

#include "nvme/command.h"
#include "nvme/tcp_pdu.h"

namespace initiator {

// What ICReq and ICResp settled for one connection.
struct WireOptions {
    bool header_digest = false;
    bool data_digest = false;
    uint32_t data_alignment_bytes = 4;  // The controller's: our data start on a multiple.
    uint32_t h2c_data_bytes_max = 0;    // MAXH2CDATA.
};

// Header, its digest and the padding before data, of any PDU but ICReq.
inline constexpr uint32_t request_header_bytes_max = 128;

uint32_t write_ic_request(uint8_t* out,
                          bool header_digest,
                          bool data_digest,
                          uint8_t alignment = 0);

// Says in the command where its `data_bytes` are, maybe 0: in its capsule or still to be moved.
void set_data_pointer(nvme::Command& command, uint32_t data_bytes, bool in_capsule);

// A command capsule up to its `data_bytes` of in-capsule data, maybe 0.
uint32_t write_command_header(uint8_t* out,
                              const WireOptions& wire,
                              const nvme::Command& command,
                              uint32_t data_bytes);

struct DataPart {
    uint16_t command_id = 0;
    uint16_t transfer_tag = 0;
    uint32_t offset = 0;
    uint32_t bytes = 0;
    bool last = false;  // Of what the R2T asked for.
};
// An H2CData PDU up to its data.
uint32_t write_h2c_data_header(uint8_t* out, const WireOptions& wire, const DataPart& part);

// What follows data: its digest, or nothing.
uint32_t write_data_digest(uint8_t* out, const WireOptions& wire, std::span<const uint8_t> data);

}  // namespace initiator
