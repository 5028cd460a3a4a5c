// The protocol data units of NVMe/TCP as they lie on the wire.
//
//   ┌─────────────┬────────┬─────────┬──────────────┬────────┐
//   │ header      │ header │ padding │ data         │ data   │
//   │ (hlen)      │ digest │         │              │ digest │
//   └─────────────┴────────┴─────────┴──────────────┴────────┘
//   0             hlen               pdo                     plen
//
// Source: NVM Express TCP Transport Specification 1.0, section 3.6.
#pragma once

#include <cstddef>

#include "base/wire.h"
#include "nvme/command.h"

namespace nvme::tcp {

enum class PduType : uint8_t {
    ic_request = 0x00,
    ic_response = 0x01,
    h2c_terminate = 0x02,
    c2h_terminate = 0x03,
    command = 0x04,
    response = 0x05,
    h2c_data = 0x06,
    c2h_data = 0x07,
    ready_to_transfer = 0x09,
};

// Bits of PduHeader::flags.
inline constexpr uint8_t flag_header_digest = 1 << 0;
inline constexpr uint8_t flag_data_digest = 1 << 1;
inline constexpr uint8_t flag_last = 1 << 2;     // Of the data asked for.
inline constexpr uint8_t flag_success = 1 << 3;  // C2HData: stands for the completion as well.

// Bits of IcRequest::digests and IcResponse::digests.
inline constexpr uint8_t digest_header = 1 << 0;
inline constexpr uint8_t digest_data = 1 << 1;

inline constexpr uint32_t digest_bytes = 4;
inline constexpr uint8_t alignment_max = 31;  // HPDA and CPDA count dwords from 0.

// SglDescriptor::identifier of the two forms this transport knows.
inline constexpr uint8_t sgl_in_capsule = 0x01;  // Data block, offset.
inline constexpr uint8_t sgl_transport = 0x5a;   // Transport data block.

struct PduHeader {
    PduType type;
    uint8_t flags;
    uint8_t header_bytes;  // HLEN.
    uint8_t data_offset;   // PDO, from the PDU's first byte.
    base::le32 pdu_bytes;  // PLEN, everything.
};
static_assert(base::WireFormat<PduHeader> && sizeof(PduHeader) == 8);
static_assert(offsetof(PduHeader, pdu_bytes) == 4);

struct IcRequest {
    PduHeader header;
    base::le16 version;  // PFV.
    uint8_t alignment;   // HPDA.
    uint8_t digests;
    base::le32 r2t_max;  // MAXR2T, from 0.
    uint8_t reserved[112];
};
static_assert(base::WireFormat<IcRequest> && sizeof(IcRequest) == 128);
static_assert(offsetof(IcRequest, digests) == 11 && offsetof(IcRequest, r2t_max) == 12);

struct IcResponse {
    PduHeader header;
    base::le16 version;
    uint8_t alignment;  // CPDA.
    uint8_t digests;
    base::le32 h2c_data_bytes_max;  // MAXH2CDATA.
    uint8_t reserved[112];
};
static_assert(base::WireFormat<IcResponse> && sizeof(IcResponse) == 128);

struct CommandPdu {
    PduHeader header;
    Command command;
};
static_assert(base::WireFormat<CommandPdu> && sizeof(CommandPdu) == 72);

struct ResponsePdu {
    PduHeader header;
    Completion completion;
};
static_assert(base::WireFormat<ResponsePdu> && sizeof(ResponsePdu) == 24);

// H2CData and C2HData. In C2HData the tag is reserved.
struct DataPdu {
    PduHeader header;
    base::le16 command_id;
    base::le16 transfer_tag;
    base::le32 offset;
    base::le32 bytes;
    uint8_t reserved[4];
};
static_assert(base::WireFormat<DataPdu> && sizeof(DataPdu) == 24);
static_assert(offsetof(DataPdu, transfer_tag) == 10 && offsetof(DataPdu, offset) == 12 &&
              offsetof(DataPdu, bytes) == 16);

struct ReadyToTransferPdu {
    PduHeader header;
    base::le16 command_id;
    base::le16 transfer_tag;
    base::le32 offset;
    base::le32 bytes;
    uint8_t reserved[4];
};
static_assert(base::WireFormat<ReadyToTransferPdu> && sizeof(ReadyToTransferPdu) == 24);

// Why a connection is ended (FES), in both directions.
enum class FatalError : uint16_t {
    none = 0,
    invalid_header_field = 1,     // FEI: the field's offset in the PDU header.
    sequence_error = 2,           // A PDU that may not come now.
    header_digest_error = 3,      // FEI: the digest that came.
    data_out_of_range = 4,        // FEI: offset of the field.
    transfer_limit_exceeded = 5,  // More data than MAXH2CDATA, or an R2T too many.
    unsupported_parameter = 6,    // FEI: offset of the field.
};

// H2CTermReq and C2HTermReq; the header of the offending PDU follows as data.
struct TerminatePdu {
    PduHeader header;
    base::le16 error;        // FatalError.
    uint8_t information[4];  // FEI, little-endian.
    uint8_t reserved[10];
};
static_assert(base::WireFormat<TerminatePdu> && sizeof(TerminatePdu) == 24);
static_assert(offsetof(TerminatePdu, information) == 10);

inline constexpr uint32_t terminate_data_bytes_max = 128;

}  // namespace nvme::tcp
