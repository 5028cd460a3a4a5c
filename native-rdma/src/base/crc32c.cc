#include "base/crc32c.h"

#include <cstdint>

#include "base/crc32c_paths.h"

namespace base {
namespace {

// Read before its initialization it is `portable`, which answers the same.
enum class Path : uint8_t { portable, hardware, wide };
const Path path = crc32c_paths::wide_available()       ? Path::wide
                  : crc32c_paths::hardware_available() ? Path::hardware
                                                       : Path::portable;

}  // namespace

uint32_t crc32c(const void* data, size_t bytes, uint32_t crc) {
    switch (path) {
        case Path::wide:
            return crc32c_paths::wide(data, bytes, crc);
        case Path::hardware:
            return crc32c_paths::hardware(data, bytes, crc);
        case Path::portable:
            break;
    }
    return crc32c_paths::portable(nullptr, data, bytes, crc);
}

uint32_t crc32c_copy(void* target, const void* source, size_t bytes, uint32_t crc) {
    switch (path) {
        case Path::wide:
            return crc32c_paths::wide_copy(target, source, bytes, crc);
        case Path::hardware:
            return crc32c_paths::hardware_copy(target, source, bytes, crc);
        case Path::portable:
            break;
    }
    return crc32c_paths::portable(target, source, bytes, crc);
}

}  // namespace base
