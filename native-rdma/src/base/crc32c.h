// CRC32C (Castagnoli, reflected 0x82F63B78), as NVMe/TCP digests and our disk format use it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace base {

// The checksum of `bytes` at `data`, continuing from `crc` (0 to begin): crc32c(b, crc32c(a)) is
// the checksum of a followed by b. Uses the processor's instruction where there is one.
[[nodiscard]] uint32_t crc32c(const void* data, size_t bytes, uint32_t crc = 0);

// Copies `bytes` from source to target and returns the checksum of what was copied, in one pass.
[[nodiscard]] uint32_t crc32c_copy(void* target,
                                   const void* source,
                                   size_t bytes,
                                   uint32_t crc = 0);

}  // namespace base
