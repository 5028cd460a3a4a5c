// What a simulated device does with an operation besides doing it: delays, errors and lies.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "store/device.h"

namespace test {

// A lie is a write that is reported as done and is not, or not there.
enum class SimLie : uint8_t { none, lost, misdirected };

struct SimFate {
    uint32_t slowness = 1;  // Times as long as otherwise.
    bool fails = false;
    SimLie lie = SimLie::none;
    // Which blocks of the write the lie is about, and where on the device they land instead.
    uint32_t first_block = 0;
    uint32_t block_count = 0;
    uint64_t elsewhere = 0;
};

// Decides the fate of operations and hears what became of them.
class SimFates {
  public:
    virtual ~SimFates() = default;
    // At submission.
    virtual SimFate fate(const store::DeviceIo& io) = 0;
    // A write with a lie is about to land: nothing has changed yet.
    virtual void lies(const store::DeviceIo& io, const SimFate& fate) = 0;
    virtual void landed(const store::DeviceIo& io, const SimFate& fate, base::Status status) = 0;
};

}  // namespace test
