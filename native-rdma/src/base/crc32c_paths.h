// The ways crc32c() can be computed, apart so that tests can hold them against each other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace base::crc32c_paths {

// Table driven, on any processor. `target` may be null: nothing is copied then.
[[nodiscard]] uint32_t portable(void* target, const void* source, size_t bytes, uint32_t crc);

// With the processor's CRC32 and carry-less multiply instructions.
// Requires: hardware_available().
[[nodiscard]] uint32_t hardware(const void* source, size_t bytes, uint32_t crc);
[[nodiscard]] uint32_t hardware_copy(void* target, const void* source, size_t bytes, uint32_t crc);
[[nodiscard]] bool hardware_available();

// As hardware, but with the carry-less multiplication of four lanes at once (AVX-512), which is
// several times as fast from a few hundred bytes on. Requires: wide_available().
[[nodiscard]] uint32_t wide(const void* source, size_t bytes, uint32_t crc);
[[nodiscard]] uint32_t wide_copy(void* target, const void* source, size_t bytes, uint32_t crc);
[[nodiscard]] bool wide_available();

}  // namespace base::crc32c_paths
