// The data structures of Identify.
//
// Source: NVM Express Base Specification 1.4, section 5.15.2; fields 1792 and up: NVMe-oF 1.1,
// section 4.1; the command set's structures: NVM Command Set Specification 1.0, section 4.1.5.
#pragma once

#include <cstddef>

#include "base/wire.h"

namespace nvme {

inline constexpr uint32_t identify_bytes = 4096;

// CNS 01h.
struct IdentifyController {
    base::le16 vendor_id;
    base::le16 subsystem_vendor_id;
    char serial[20];
    char model[40];
    char firmware_revision[8];
    uint8_t arbitration_burst;
    uint8_t ieee_oui[3];
    uint8_t multiple_paths;  // CMIC.
    uint8_t transfer_shift;  // MDTS: powers of two of 4 KiB.
    base::le16 controller_id;
    base::le32 version;
    base::le32 rtd3_resume_us;
    base::le32 rtd3_entry_us;
    base::le32 optional_events;  // OAES.
    base::le32 attributes;       // CTRATT.
    base::le16 read_recovery_levels;
    uint8_t reserved102[9];
    uint8_t controller_type;
    uint8_t fru_id[16];
    base::le16 retry_delays[3];  // CRDT.
    uint8_t reserved134[106];
    uint8_t management_interface[16];
    base::le16 optional_admin_commands;  // OACS.
    uint8_t abort_limit;                 // ACL, from 0.
    uint8_t event_request_limit;         // AERL, from 0.
    uint8_t firmware_updates;            // FRMW.
    uint8_t log_page_attributes;         // LPA.
    uint8_t error_log_entries;           // ELPE, from 0.
    uint8_t power_states;                // NPSS, from 0.
    uint8_t vendor_admin_format;
    uint8_t autonomous_power;
    base::le16 warning_temperature;
    base::le16 critical_temperature;
    base::le16 firmware_activation_time;
    base::le32 host_memory_preferred;
    base::le32 host_memory_minimum;
    uint8_t total_capacity[16];
    uint8_t unallocated_capacity[16];
    base::le32 replay_protected_blocks;
    base::le16 self_test_time;
    uint8_t self_test_options;
    uint8_t firmware_granularity;
    base::le16 keep_alive_granularity;  // KAS, in 100 ms.
    base::le16 thermal_management;
    base::le16 thermal_minimum;
    base::le16 thermal_maximum;
    base::le32 sanitize;
    base::le32 host_memory_descriptor_min;
    base::le16 host_memory_descriptors;
    base::le16 set_id_max;
    base::le16 endurance_groups;
    uint8_t ana_transition_s;  // ANATT.
    uint8_t ana_capabilities;  // ANACAP.
    base::le32 ana_group_max;  // ANAGRPMAX.
    base::le32 ana_groups;     // NANAGRPID.
    base::le32 persistent_event_log;
    uint8_t reserved356[156];
    uint8_t sq_entry_bytes;        // SQES: required in the lower half, largest in the upper, log2.
    uint8_t cq_entry_bytes;        // CQES.
    base::le16 commands_max;       // MAXCMD.
    base::le32 namespace_count;    // NN.
    base::le16 optional_commands;  // ONCS.
    base::le16 fused_operations;
    uint8_t format_attributes;
    uint8_t volatile_write_cache;  // VWC.
    base::le16 atomic_write;
    base::le16 atomic_write_power_fail;
    uint8_t vendor_nvm_format;
    uint8_t write_protection;
    base::le16 atomic_compare_and_write;
    uint8_t reserved534[2];
    base::le32 sgl_support;        // SGLS.
    base::le32 shared_namespaces;  // MNAN.
    uint8_t reserved544[224];
    char subsystem_nqn[256];
    uint8_t reserved1024[768];
    base::le32 command_capsule_units;   // IOCCSZ, 16 bytes each.
    base::le32 response_capsule_units;  // IORCSZ.
    base::le16 capsule_data_offset;     // ICDOFF.
    uint8_t fabrics_attributes;         // FCATT: bit 0 is the static controller model.
    uint8_t descriptors_max;            // MSDBD.
    base::le16 optional_fabrics;        // OFCS.
    uint8_t reserved1806[242];
    uint8_t power_state_descriptors[1024];
    uint8_t vendor[1024];
};
static_assert(base::WireFormat<IdentifyController> && sizeof(IdentifyController) == identify_bytes);
static_assert(offsetof(IdentifyController, multiple_paths) == 76 &&
              offsetof(IdentifyController, version) == 80 &&
              offsetof(IdentifyController, attributes) == 96 &&
              offsetof(IdentifyController, controller_type) == 111 &&
              offsetof(IdentifyController, retry_delays) == 128 &&
              offsetof(IdentifyController, optional_admin_commands) == 256 &&
              offsetof(IdentifyController, warning_temperature) == 266 &&
              offsetof(IdentifyController, keep_alive_granularity) == 320 &&
              offsetof(IdentifyController, ana_transition_s) == 342 &&
              offsetof(IdentifyController, sq_entry_bytes) == 512 &&
              offsetof(IdentifyController, namespace_count) == 516 &&
              offsetof(IdentifyController, volatile_write_cache) == 525 &&
              offsetof(IdentifyController, sgl_support) == 536 &&
              offsetof(IdentifyController, subsystem_nqn) == 768 &&
              offsetof(IdentifyController, command_capsule_units) == 1792 &&
              offsetof(IdentifyController, descriptors_max) == 1803);

// CMIC.
inline constexpr uint8_t paths_many_controllers = 1 << 1;
inline constexpr uint8_t paths_ana = 1 << 3;
// CTRATT.
inline constexpr uint32_t attribute_host_id_128 = 1u << 0;
inline constexpr uint32_t attribute_traffic_keep_alive = 1u << 6;  // TBKAS.
// CNTRLTYPE.
inline constexpr uint8_t controller_type_io = 1;
inline constexpr uint8_t controller_type_discovery = 2;
// FRMW: one slot, and that is read-only.
inline constexpr uint8_t firmware_one_fixed_slot = 1 << 0 | 1 << 1;
// LPA.
inline constexpr uint8_t log_command_effects = 1 << 1;
inline constexpr uint8_t log_extended_data = 1 << 2;
// ONCS.
inline constexpr uint16_t optional_compare = 1 << 0;
inline constexpr uint16_t optional_dataset_management = 1 << 2;
inline constexpr uint16_t optional_write_zeroes = 1 << 3;
// VWC: no cache (bit 0), and Flush takes the namespace id of all (bits 2:1).
inline constexpr uint8_t no_volatile_cache = 3 << 1;
// SGLS.
inline constexpr uint32_t sgl_supported = 1u << 0;
inline constexpr uint32_t sgl_in_capsule_offset = 1u << 20;
inline constexpr uint32_t sgl_transport_block = 1u << 21;

struct LbaFormat {
    base::le16 metadata_bytes;
    uint8_t data_shift;  // LBADS.
    uint8_t performance;
};
static_assert(base::WireFormat<LbaFormat> && sizeof(LbaFormat) == 4);

// CNS 00h.
struct IdentifyNamespace {
    base::le64 size;         // NSZE, all three in blocks.
    base::le64 capacity;     // NCAP.
    base::le64 utilization;  // NUSE.
    uint8_t features;        // NSFEAT.
    uint8_t formats;         // NLBAF, from 0.
    uint8_t format;          // FLBAS.
    uint8_t metadata;
    uint8_t protection_capabilities;
    uint8_t protection;
    uint8_t sharing;  // NMIC.
    uint8_t reservations;
    uint8_t format_progress;
    uint8_t deallocation;  // DLFEAT.
    base::le16 atomic_write;
    base::le16 atomic_write_power_fail;
    base::le16 atomic_compare_and_write;
    base::le16 atomic_boundary;
    base::le16 atomic_boundary_offset;
    base::le16 atomic_boundary_power_fail;
    base::le16 optimal_boundary;  // NOIOB.
    uint8_t nvm_capacity[16];
    uint8_t preferences[10];  // NPWG to NOWS.
    uint8_t reserved74[18];
    base::le32 ana_group;  // ANAGRPID.
    uint8_t reserved96[3];
    uint8_t attributes;
    base::le16 set_id;
    base::le16 endurance_group;
    uint8_t nguid[16];
    uint8_t eui64[8];
    LbaFormat lba_formats[16];
    uint8_t reserved192[192];
    uint8_t vendor[3712];
};
static_assert(base::WireFormat<IdentifyNamespace> && sizeof(IdentifyNamespace) == identify_bytes);
static_assert(offsetof(IdentifyNamespace, features) == 24 &&
              offsetof(IdentifyNamespace, sharing) == 30 &&
              offsetof(IdentifyNamespace, deallocation) == 33 &&
              offsetof(IdentifyNamespace, optimal_boundary) == 46 &&
              offsetof(IdentifyNamespace, ana_group) == 92 &&
              offsetof(IdentifyNamespace, nguid) == 104 &&
              offsetof(IdentifyNamespace, lba_formats) == 128);

// NMIC.
inline constexpr uint8_t namespace_shared = 1 << 0;
// DLFEAT.
inline constexpr uint8_t deallocated_reads_zeroes = 1;
inline constexpr uint8_t write_zeroes_may_deallocate = 1 << 3;

// CNS 03h: descriptors one after another, each with its id behind it; a length of 0 ends them.
struct NamespaceDescriptor {
    uint8_t type;
    uint8_t bytes;
    uint8_t reserved[2];
};
static_assert(base::WireFormat<NamespaceDescriptor> && sizeof(NamespaceDescriptor) == 4);
inline constexpr uint8_t descriptor_nguid = 2;
inline constexpr uint8_t descriptor_uuid = 3;

// CNS 06h, NVM command set: limits that MDTS does not cover.
struct IdentifyNvmController {
    uint8_t verify_shift;
    uint8_t write_zeroes_shift;  // WZSL: powers of two of 4 KiB.
    uint8_t write_uncorrectable_shift;
    uint8_t deallocate_ranges;             // DMRL.
    base::le32 deallocate_range_blocks;    // DMRSL.
    base::le64 deallocate_command_blocks;  // DMSL.
    uint8_t reserved[4080];
};
static_assert(base::WireFormat<IdentifyNvmController> &&
              sizeof(IdentifyNvmController) == identify_bytes);

}  // namespace nvme
