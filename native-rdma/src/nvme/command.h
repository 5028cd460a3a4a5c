// The 64-byte submission queue entry and the 16-byte completion queue entry.
//
// Source: NVM Express Base Specification 1.4, sections 4.2 and 4.6; over fabrics: 2.2 of
// NVMe-oF 1.1.
#pragma once

#include <cstddef>

#include "base/wire.h"

namespace nvme {

// One scatter-gather descriptor. Type in the upper, sub-type in the lower half of `identifier`.
struct SglDescriptor {
    base::le64 address;  // An offset for in-capsule data.
    base::le32 length;
    uint8_t reserved[3];
    uint8_t identifier;
};
static_assert(base::WireFormat<SglDescriptor> && sizeof(SglDescriptor) == 16);

struct Command {
    uint8_t opcode;
    uint8_t flags;  // FUSE in bits 1:0, PSDT in bits 7:6.
    base::le16 command_id;
    base::le32 namespace_id;
    base::le32 cdw2;
    base::le32 cdw3;
    base::le64 metadata;
    SglDescriptor sgl;
    base::le32 cdw10;
    base::le32 cdw11;
    base::le32 cdw12;
    base::le32 cdw13;
    base::le32 cdw14;
    base::le32 cdw15;
};
static_assert(base::WireFormat<Command> && sizeof(Command) == 64);
static_assert(offsetof(Command, sgl) == 24 && offsetof(Command, cdw10) == 40);

struct Completion {
    base::le64 result;  // Dword 0 and 1.
    base::le16 sq_head;
    base::le16 sq_id;  // Reserved over fabrics.
    base::le16 command_id;
    base::le16
        status;  // Status code, type, CRD, More, DNR in bits 15:1; the phase bit is 0 over fabrics.
};
static_assert(base::WireFormat<Completion> && sizeof(Completion) == 16);
static_assert(offsetof(Completion, status) == 14);

}  // namespace nvme
