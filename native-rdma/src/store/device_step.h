// One device operation at a time, each followed by a member function of its owner.
#pragma once

#include "base/status.h"
#include "store/device.h"

namespace store {

template <typename Owner>
class DeviceStep : DeviceIo {
  public:
    using Then = void (Owner::*)(base::Status status);

    DeviceStep(Device& device, Owner& owner) : device_(device), owner_(owner) {
        done = [](DeviceIo& io, base::Status status) {
            auto& self = static_cast<DeviceStep&>(io);
            (self.owner_.*self.then_)(status);
        };
    }

    // Requires: the step before has been followed. `data` null: no memory is involved.
    void run(DeviceVerb what, uint64_t at, uint8_t* data, uint32_t length, Then then) {
        memory_ = {data, length};
        verb = what;
        offset = at;
        bytes = length;
        vector = data == nullptr ? nullptr : &memory_;
        vector_count = data == nullptr ? 0 : 1;
        then_ = then;
        device_.submit(*this);
    }
    void flush(Then then) { run(DeviceVerb::flush, 0, nullptr, 0, then); }

  private:
    Device& device_;
    Owner& owner_;
    Then then_ = nullptr;
    iovec memory_{};
};

}  // namespace store
