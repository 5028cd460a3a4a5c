// The data structures of Get Log Page.
//
// Source: NVM Express Base Specification 1.4, section 5.14.1; the discovery log: NVMe-oF 1.1,
// section 5.3; supported log pages: NVM Express Base Specification 2.0, section 5.16.1.1.
#pragma once

#include <cstddef>

#include "base/wire.h"

namespace nvme {

// Get Log Page, dwords 10 to 13.
inline constexpr uint32_t log_retain_event = 1u << 15;  // RAE.

// Log page 01h: an array, newest first.
struct ErrorLogEntry {
    base::le64 error_count;  // 0: no entry.
    base::le16 sq_id;
    base::le16 command_id;
    base::le16 status;  // As in the completion.
    base::le16 parameter;
    base::le64 block;
    base::le32 namespace_id;
    uint8_t vendor_information;
    uint8_t transport_type;
    uint8_t reserved30[2];
    base::le64 command_information;
    base::le16 transport_information;
    uint8_t reserved42[22];
};
static_assert(base::WireFormat<ErrorLogEntry> && sizeof(ErrorLogEntry) == 64);
static_assert(offsetof(ErrorLogEntry, block) == 16 &&
              offsetof(ErrorLogEntry, transport_type) == 29);

// Log page 02h. Counters are 16 bytes, of which 8 are enough.
struct WideCounter {
    base::le64 low;
    base::le64 high;
};
struct SmartLog {
    uint8_t critical_warning;
    uint8_t temperature[2];
    uint8_t available_spare;
    uint8_t spare_threshold;
    uint8_t percentage_used;
    uint8_t endurance_warning;
    uint8_t reserved7[25];
    WideCounter data_units_read;  // Thousands of 512 bytes, rounded up.
    WideCounter data_units_written;
    WideCounter read_commands;
    WideCounter write_commands;
    WideCounter busy_minutes;
    WideCounter power_cycles;
    WideCounter power_on_hours;
    WideCounter unsafe_shutdowns;
    WideCounter media_errors;
    WideCounter error_log_entries;
    uint8_t temperatures[40];
    uint8_t reserved232[280];
};
static_assert(base::WireFormat<SmartLog> && sizeof(SmartLog) == 512);
static_assert(offsetof(SmartLog, data_units_read) == 32 &&
              offsetof(SmartLog, media_errors) == 160 && offsetof(SmartLog, temperatures) == 192);

// Log page 03h.
struct FirmwareSlotLog {
    uint8_t active;  // AFI: the slot in use.
    uint8_t reserved1[7];
    char revisions[7][8];
    uint8_t reserved64[448];
};
static_assert(base::WireFormat<FirmwareSlotLog> && sizeof(FirmwareSlotLog) == 512);

// Log page 04h: namespace ids, ascending; 0 ends them.
struct ChangedNamespaceLog {
    base::le32 namespace_ids[1024];
};
static_assert(base::WireFormat<ChangedNamespaceLog> && sizeof(ChangedNamespaceLog) == 4096);

// Log page 05h.
struct CommandEffectsLog {
    base::le32 admin[256];
    base::le32 io[256];
    uint8_t reserved[2048];
};
static_assert(base::WireFormat<CommandEffectsLog> && sizeof(CommandEffectsLog) == 4096);
inline constexpr uint32_t effect_supported = 1u << 0;       // CSUPP.
inline constexpr uint32_t effect_changes_blocks = 1u << 1;  // LBCC.

// Log page 00h.
struct SupportedPagesLog {
    base::le32 pages[256];
};
static_assert(base::WireFormat<SupportedPagesLog> && sizeof(SupportedPagesLog) == 1024);
inline constexpr uint32_t page_supported = 1u << 0;  // LSUPP.

// Log page 70h: a header, then an entry for each way to a subsystem.
struct DiscoveryLogHeader {
    base::le64 generation;  // GENCTR.
    base::le64 record_count;
    base::le16 record_format;
    uint8_t reserved[1006];
};
static_assert(base::WireFormat<DiscoveryLogHeader> && sizeof(DiscoveryLogHeader) == 1024);

struct DiscoveryLogEntry {
    uint8_t transport;       // TRTYPE.
    uint8_t address_family;  // ADRFAM.
    uint8_t subsystem_type;
    uint8_t requirements;  // TREQ.
    base::le16 port_id;
    base::le16 controller_id;
    base::le16 admin_entries_max;  // ASQSZ.
    uint8_t reserved10[22];
    char service[32];  // TRSVCID: the port.
    uint8_t reserved64[192];
    char subsystem_nqn[256];
    char address[256];
    uint8_t transport_specific[256];
};
static_assert(base::WireFormat<DiscoveryLogEntry> && sizeof(DiscoveryLogEntry) == 1024);
static_assert(offsetof(DiscoveryLogEntry, service) == 32 &&
              offsetof(DiscoveryLogEntry, subsystem_nqn) == 256 &&
              offsetof(DiscoveryLogEntry, address) == 512 &&
              offsetof(DiscoveryLogEntry, transport_specific) == 768);
inline constexpr uint8_t transport_tcp = 3;
inline constexpr uint8_t family_ipv4 = 1;
inline constexpr uint8_t family_ipv6 = 2;
inline constexpr uint8_t subsystem_type_nvm = 2;
// TREQ. With "not required" libnvme before 1.5 asks for TLS, and connects to nothing without a key.
inline constexpr uint8_t secure_channel_not_specified = 0;

}  // namespace nvme
