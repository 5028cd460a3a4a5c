// Names what a device holds that is not ours, by the marks that partition tables, file systems and
// volume managers leave at its two ends.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace engine {

// What was read of a device. The tail ends where the device does, to the byte: on a disk of
// 512-byte sectors that is not always where a 4096-byte block ends.
struct DeviceEnds {
    std::span<const uint8_t> head;
    std::span<const uint8_t> tail;
    uint64_t device_bytes = 0;
};

// Such as "an ext4 file system"; empty when no mark is known.
[[nodiscard]] std::string name_foreign(const DeviceEnds& ends);

}  // namespace engine
