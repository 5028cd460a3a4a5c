#include <array>
#include <cstring>

#include "base/crc32c_paths.h"

namespace base::crc32c_paths {
namespace {

constexpr uint32_t polynomial = 0x82F63B78;  // Reflected.

using Table = std::array<uint32_t, 256>;

// tables[k][b] is what byte b does to the checksum when k bytes follow it: eight bytes at a time.
constexpr std::array<Table, 8> make_tables() {
    std::array<Table, 8> tables{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
        }
        tables[0][byte] = crc;
    }
    for (size_t k = 1; k < tables.size(); ++k) {
        for (size_t byte = 0; byte < 256; ++byte) {
            const uint32_t before = tables[k - 1][byte];
            tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
        }
    }
    return tables;
}
constexpr std::array<Table, 8> tables = make_tables();

uint32_t eight_bytes(uint64_t word) {
    uint32_t crc = 0;
    for (size_t k = 0; k < 8; ++k) {
        crc ^= tables[7 - k][(word >> (8 * k)) & 0xff];
    }
    return crc;
}

}  // namespace

uint32_t portable(void* target, const void* source, size_t bytes, uint32_t crc) {
    const auto* from = static_cast<const uint8_t*>(source);
    crc = ~crc;
    for (; bytes - (from - static_cast<const uint8_t*>(source)) >= 8; from += 8) {
        uint64_t word = 0;
        std::memcpy(&word, from, sizeof(word));
        crc = eight_bytes(word ^ crc);
    }
    const uint8_t* end = static_cast<const uint8_t*>(source) + bytes;
    for (; from != end; ++from) {
        crc = (crc >> 8) ^ tables[0][(crc ^ *from) & 0xff];
    }
    if (target != nullptr && bytes != 0) {
        std::memcpy(target, source, bytes);
    }
    return ~crc;
}

}  // namespace base::crc32c_paths
