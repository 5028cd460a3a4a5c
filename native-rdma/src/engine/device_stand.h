// A device and the store on it with nobody else around: opened exclusively on a reactor of its own,
// for the tools that prepare and retire devices. Every call waits until it is done.
//
// Thread: one, which may block and is no reactor's. Lifetime: the device is given back at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/device.h"
#include "engine/outcome.h"

namespace engine {

class DeviceStand {
  public:
    // Makes the file when it is missing and `bytes` is not 0. Refuses a device that anybody uses.
    [[nodiscard]] Outcome open(const std::string& path, uint64_t bytes);
    ~DeviceStand();

    // Removes the file when open() made it.
    void unmake() { remove_made(device_); }
    [[nodiscard]] bool made() const { return device_.made; }
    [[nodiscard]] uint64_t bytes() const { return device_.file->geometry().bytes; }

    [[nodiscard]] Outcome format(uint64_t segment_bytes);
    // Opens the store, which replays its log, closes it again, and says what it holds.
    [[nodiscard]] Outcome read_live_bytes(uint64_t& live_bytes);

  private:
    [[nodiscard]] Outcome refused(base::Status status, const std::string& problem) const;

    std::unique_ptr<ReactorThread> home_;
    Device device_;
};

}  // namespace engine
