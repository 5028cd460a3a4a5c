// Numbers of commands, features, log pages and Identify structures, and the fields that select
// them.
//
// Source: NVM Express Base Specification 1.4, sections 5, 5.14.1 (log pages), 5.15 (Identify),
// 5.21.1 (features) and 6; NVMe-oF 1.1, section 3.
#pragma once

#include <cstdint>

namespace nvme {

inline constexpr uint8_t fabrics_opcode = 0x7f;

enum class AdminOpcode : uint8_t {
    get_log_page = 0x02,
    identify = 0x06,
    abort = 0x08,
    set_features = 0x09,
    get_features = 0x0a,
    asynchronous_event_request = 0x0c,
    keep_alive = 0x18,
    fabrics = fabrics_opcode,
};

enum class IoOpcode : uint8_t {
    flush = 0x00,
    write = 0x01,
    read = 0x02,
    compare = 0x05,
    write_zeroes = 0x08,
    dataset_management = 0x09,
    fabrics = fabrics_opcode,
};

enum class FabricsType : uint8_t {
    property_set = 0x00,
    connect = 0x01,
    property_get = 0x04,
    authentication_send = 0x05,
    authentication_receive = 0x06,
    disconnect = 0x08,
};

enum class Feature : uint8_t {
    arbitration = 0x01,
    power_management = 0x02,
    temperature_threshold = 0x04,
    error_recovery = 0x05,
    queue_count = 0x07,
    write_atomicity = 0x0a,
    asynchronous_events = 0x0b,
    keep_alive_timer = 0x0f,
    host_identifier = 0x81,
};

enum class LogPage : uint8_t {
    supported_pages = 0x00,
    errors = 0x01,
    smart = 0x02,
    firmware_slots = 0x03,
    changed_namespaces = 0x04,
    command_effects = 0x05,
    discovery = 0x70,
};

// CNS of Identify.
enum class IdentifyKind : uint8_t {
    ns = 0x00,
    controller = 0x01,
    active_namespaces = 0x02,
    ns_descriptors = 0x03,
    command_set_ns = 0x05,
    command_set_controller = 0x06,
};

inline constexpr uint32_t all_namespaces = 0xffffffff;

// Command::flags.
inline constexpr uint8_t flags_fused_mask = 0x03;

// Dword 12 of Read, Write, Compare and Write Zeroes.
inline constexpr uint32_t io_block_count_mask = 0xffff;     // From 0.
inline constexpr uint32_t io_directive_mask = 0xfu << 20;   // DTYPE.
inline constexpr uint32_t io_protection_mask = 0xfu << 26;  // PRINFO.

// Asynchronous events: dword 0 of the completion is type | information << 8 | log page << 16.
constexpr uint32_t asynchronous_event(uint8_t type, uint8_t information, LogPage page) {
    return type | uint32_t{information} << 8 | static_cast<uint32_t>(page) << 16;
}
inline constexpr uint32_t event_namespace_changed =
    asynchronous_event(2, 0x00, LogPage::changed_namespaces);
inline constexpr uint32_t event_discovery_changed = asynchronous_event(2, 0xf0, LogPage::discovery);

// Bits of feature 0Bh and of OAES that ask for them and promise them.
inline constexpr uint32_t notice_namespace_attributes = 1u << 8;
inline constexpr uint32_t notice_discovery_change = 1u << 31;

}  // namespace nvme
