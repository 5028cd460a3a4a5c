// What is special to NVMe over Fabrics: Connect's command and data, and the property commands.
//
// Source: NVMe over Fabrics 1.1, sections 3.3 (Connect), 3.4 and 3.5 (Property Get, Set).
#pragma once

#include <cstddef>

#include "base/wire.h"
#include "nvme/command.h"

namespace nvme {

inline constexpr char discovery_nqn[] = "nqn.2014-08.org.nvmexpress.discovery";
inline constexpr uint32_t nqn_bytes_max = 223;

// A fabrics command has its type where others have the namespace id.
struct FabricsCommand {
    uint8_t opcode;
    uint8_t flags;
    base::le16 command_id;
    uint8_t type;  // FabricsType.
    uint8_t reserved[35];
    uint8_t specific[24];
};
static_assert(base::WireFormat<FabricsCommand> && sizeof(FabricsCommand) == sizeof(Command));
static_assert(offsetof(FabricsCommand, type) == offsetof(Command, namespace_id));

struct ConnectCommand {
    uint8_t opcode;
    uint8_t flags;
    base::le16 command_id;
    uint8_t type;
    uint8_t reserved1[19];
    SglDescriptor sgl;
    base::le16 record_format;     // RECFMT.
    base::le16 queue_id;          // QID.
    base::le16 entries_less_one;  // SQSIZE.
    uint8_t attributes;           // CATTR.
    uint8_t reserved2;
    base::le32 keep_alive_ms;  // KATO.
    uint8_t reserved3[12];
};
static_assert(base::WireFormat<ConnectCommand> && sizeof(ConnectCommand) == sizeof(Command));
static_assert(offsetof(ConnectCommand, sgl) == 24 && offsetof(ConnectCommand, queue_id) == 42 &&
              offsetof(ConnectCommand, entries_less_one) == 44 &&
              offsetof(ConnectCommand, keep_alive_ms) == 48);

inline constexpr uint8_t connect_flow_control_off = 1 << 2;  // Of CATTR: no SQ head pointers.
inline constexpr uint16_t controller_id_dynamic = 0xffff;
// The SQ head pointer in Connect's completion that says flow control is off.
inline constexpr uint16_t sq_head_unused = 0xffff;

struct ConnectData {
    uint8_t host_id[16];
    base::le16 controller_id;
    uint8_t reserved1[238];
    char subsystem_nqn[256];
    char host_nqn[256];
    uint8_t reserved2[256];
};
static_assert(base::WireFormat<ConnectData> && sizeof(ConnectData) == 1024);
static_assert(offsetof(ConnectData, subsystem_nqn) == 256 &&
              offsetof(ConnectData, host_nqn) == 512);

// The result of a refused Connect names the parameter: its offset (IPO) and where (IATTR).
constexpr uint32_t invalid_connect_data(size_t offset) {
    return static_cast<uint32_t>(offset) | 1u << 16;
}
constexpr uint32_t invalid_connect_command(size_t offset) {
    return static_cast<uint32_t>(offset);
}

struct PropertyCommand {
    uint8_t opcode;
    uint8_t flags;
    base::le16 command_id;
    uint8_t type;
    uint8_t reserved1[35];
    uint8_t size;  // ATTRIB.
    uint8_t reserved2[3];
    base::le32 offset;
    base::le64 value;  // Property Set.
    uint8_t reserved3[8];
};
static_assert(base::WireFormat<PropertyCommand> && sizeof(PropertyCommand) == sizeof(Command));
static_assert(offsetof(PropertyCommand, size) == 40 && offsetof(PropertyCommand, offset) == 44 &&
              offsetof(PropertyCommand, value) == 48);

// PropertyCommand::size.
inline constexpr uint8_t property_size_mask = 7;
inline constexpr uint8_t property_four_bytes = 0;
inline constexpr uint8_t property_eight_bytes = 1;

}  // namespace nvme
