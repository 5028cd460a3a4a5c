// Powers of x modulo CRC32C's polynomial: what moves a checksum past bytes that follow it.
#pragma once

#include <cstdint>

namespace base::crc32c_paths {

// x^exponent modulo the polynomial, reflected.
constexpr uint32_t power_of_x(uint64_t exponent) {
    constexpr uint32_t polynomial = 0x82F63B78;  // Reflected.
    uint32_t value = 0x80000000;
    for (uint64_t i = 0; i < exponent; ++i) {
        value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
    }
    return value;
}

}  // namespace base::crc32c_paths
