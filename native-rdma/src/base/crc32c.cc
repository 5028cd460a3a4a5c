#include "base/crc32c.h"

#include "base/crc32c_paths.h"

namespace base {
namespace {

// Read before its initialization it is false, and the portable path answers the same.
const bool use_hardware = crc32c_paths::hardware_available();

}  // namespace

uint32_t crc32c(const void* data, size_t bytes, uint32_t crc) {
    return use_hardware ? crc32c_paths::hardware(data, bytes, crc)
                        : crc32c_paths::portable(nullptr, data, bytes, crc);
}

uint32_t crc32c_copy(void* target, const void* source, size_t bytes, uint32_t crc) {
    return use_hardware ? crc32c_paths::hardware_copy(target, source, bytes, crc)
                        : crc32c_paths::portable(target, source, bytes, crc);
}

}  // namespace base
