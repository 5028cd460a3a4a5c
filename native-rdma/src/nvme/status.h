// What a completion says of its command: status code type, status code, and whether retrying helps.
//
// The constants are complete values of the status field without the phase bit (the completion's
// `status` is the value shifted left by one). Each carries Do Not Retry where the same command
// would fail again.
//
// Source: NVM Express Base Specification 1.4, section 4.6.1; NVMe-oF 1.1, section 2.2.1.
#pragma once

#include <cstdint>

namespace nvme {

inline constexpr uint16_t do_not_retry = 1 << 14;  // DNR.
inline constexpr uint16_t more = 1 << 13;          // M: the error log has an entry for it.

// Status code type: bits 10:8.
constexpr uint16_t status_of_type(uint8_t type, uint8_t code) {
    return static_cast<uint16_t>(type << 8 | code);
}
constexpr uint16_t generic_status(uint8_t code) {
    return status_of_type(0, code);
}
constexpr uint16_t specific_status(uint8_t code) {
    return status_of_type(1, code);
}
constexpr uint16_t media_status(uint8_t code) {
    return status_of_type(2, code);
}
constexpr uint16_t path_status(uint8_t code) {
    return status_of_type(3, code);
}

inline constexpr uint16_t success = 0;

// Generic command status.
inline constexpr uint16_t invalid_opcode = generic_status(0x01) | do_not_retry;
inline constexpr uint16_t invalid_field = generic_status(0x02) | do_not_retry;
inline constexpr uint16_t internal_error = generic_status(0x06);
inline constexpr uint16_t command_aborted = generic_status(0x07);  // By Abort, or as the end came.
inline constexpr uint16_t invalid_namespace = generic_status(0x0b) | do_not_retry;
inline constexpr uint16_t command_sequence_error = generic_status(0x0c) | do_not_retry;
inline constexpr uint16_t sgl_length_invalid = generic_status(0x0f) | do_not_retry;
inline constexpr uint16_t sgl_type_invalid = generic_status(0x11) | do_not_retry;
inline constexpr uint16_t sgl_offset_invalid = generic_status(0x16) | do_not_retry;
inline constexpr uint16_t keep_alive_timeout_invalid = generic_status(0x19) | do_not_retry;
inline constexpr uint16_t command_interrupted = generic_status(0x21);
inline constexpr uint16_t transient_transport_error = generic_status(0x22);
inline constexpr uint16_t lba_out_of_range = generic_status(0x80) | do_not_retry;
inline constexpr uint16_t capacity_exceeded = generic_status(0x81) | do_not_retry;

// Command specific status.
inline constexpr uint16_t event_limit_exceeded = specific_status(0x05) | do_not_retry;
inline constexpr uint16_t invalid_log_page = specific_status(0x09) | do_not_retry;
inline constexpr uint16_t feature_not_saveable = specific_status(0x0d) | do_not_retry;
inline constexpr uint16_t feature_not_changeable = specific_status(0x0e) | do_not_retry;
inline constexpr uint16_t connect_incompatible_format = specific_status(0x80) | do_not_retry;
inline constexpr uint16_t connect_controller_busy = specific_status(0x81);
inline constexpr uint16_t connect_invalid_parameters = specific_status(0x82) | do_not_retry;
inline constexpr uint16_t connect_invalid_host = specific_status(0x84) | do_not_retry;
// Commands of the NVM command set number their own from 80h too.
inline constexpr uint16_t command_size_limit_exceeded = specific_status(0x83) | do_not_retry;

// Media and data integrity errors.
inline constexpr uint16_t unrecovered_read_error = media_status(0x81) | do_not_retry;
inline constexpr uint16_t compare_failure = media_status(0x85) | do_not_retry;

// Path related: another path to the namespace may do better.
inline constexpr uint16_t internal_path_error = path_status(0x00);

}  // namespace nvme
