// Reads or writes the header block of every segment, many at a time.
//
// Thread: the store's. Lifetime: until swept() has been called.
#pragma once

#include <memory>

#include "store/device.h"
#include "store/layout.h"
#include "store/pages.h"

namespace store {

class SegmentSweep {
  public:
    struct Client {
        // Writing: fills the block. Reading: it has been read; false ends the sweep.
        virtual bool visit(uint32_t segment, uint8_t* block) = 0;
        // Once, when nothing is in flight any more. ok also when a visit ended the sweep.
        virtual void swept(base::Status status) = 0;

      protected:
        ~Client() = default;
    };

    SegmentSweep(Device& device, const Layout& layout, DeviceVerb verb, Client& client);
    void start();

  private:
    static constexpr uint32_t in_flight_max = 32;
    struct Io : DeviceIo {
        SegmentSweep* sweep = nullptr;
        iovec memory{};
        uint32_t segment = 0;
    };
    void next(Io& io);
    void landed(Io& io, base::Status status);

    Device& device_;
    Layout layout_;
    DeviceVerb verb_;
    Client& client_;
    Pages pages_;
    Io io_[in_flight_max];
    uint32_t next_segment_ = 0;
    uint32_t in_flight_ = 0;
    bool ended_ = false;
    base::Status status_;
};

}  // namespace store
