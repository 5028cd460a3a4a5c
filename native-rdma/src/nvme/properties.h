// The controller's properties: where they are and what their bits say.
//
// Source: NVM Express Base Specification 1.4, section 3.1; over fabrics: NVMe-oF 1.1, section 3.6.
#pragma once

#include <cstdint>

namespace nvme {

inline constexpr uint32_t property_cap = 0x00;  // 8 bytes, as no other here.
inline constexpr uint32_t property_vs = 0x08;
inline constexpr uint32_t property_cc = 0x14;
inline constexpr uint32_t property_csts = 0x1c;

inline constexpr uint32_t version_1_4 = 1u << 16 | 4u << 8;

// CAP: `entries` of a queue at most, and how long the host shall wait for RDY to change. One memory
// page size, 4 KiB; the NVM command set.
constexpr uint64_t capabilities(uint32_t entries, uint8_t timeout_half_seconds) {
    constexpr uint64_t contiguous_queues = uint64_t{1} << 16;
    constexpr uint64_t nvm_command_set = uint64_t{1} << 37;
    return (entries - 1) | contiguous_queues | uint64_t{timeout_half_seconds} << 24 |
           nvm_command_set;
}

// CC.
inline constexpr uint32_t cc_enable = 1u << 0;
inline constexpr uint32_t cc_command_set_mask = 7u << 4;
inline constexpr uint32_t cc_page_size_mask = 0xfu << 7;   // MPS, from 4 KiB.
inline constexpr uint32_t cc_arbitration_mask = 7u << 11;  // AMS.
inline constexpr uint32_t cc_shutdown_mask = 3u << 14;     // SHN.
inline constexpr uint32_t cc_sq_entry_mask = 0xfu << 16;   // IOSQES.
inline constexpr uint32_t cc_cq_entry_mask = 0xfu << 20;   // IOCQES.
inline constexpr uint32_t cc_sq_entry_64 = 6u << 16;
inline constexpr uint32_t cc_cq_entry_16 = 4u << 20;

// CSTS.
inline constexpr uint32_t csts_ready = 1u << 0;
inline constexpr uint32_t csts_fatal = 1u << 1;
inline constexpr uint32_t csts_shutdown_complete = 2u << 2;

}  // namespace nvme
