// What the fuzzers of the store share: a small store on a simulated device, of which they damage
// the bytes and then make the checksums right again, so that damage gets behind them.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>

#include "base/check.h"
#include "store/superblocks.h"
#include "structures.h"

namespace test {

class FuzzInput {
  public:
    explicit FuzzInput(std::span<const uint8_t> bytes) : bytes_(bytes) {}
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    std::span<const uint8_t> take(size_t most) {
        const auto taken = bytes_.first(std::min(most, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }
    // Zero where the input has ended.
    template <typename Number>
    Number number() {
        Number value = 0;
        const auto taken = take(sizeof value);
        std::memcpy(&value, taken.data(), taken.size());
        return value;
    }

  private:
    std::span<const uint8_t> bytes_;
};

inline void put(SimDevice& device, uint64_t offset, std::span<const uint8_t> bytes) {
    device.overwrite(offset, bytes.data(), static_cast<uint32_t>(bytes.size()));
}

// Makes a structure's checksum right, as far as it lies on the device.
inline void seal(SimDevice& device, uint64_t offset, uint32_t bytes) {
    std::vector<uint8_t> content(bytes);
    for (uint32_t at = 0; at < bytes; ++at) {
        content[at] = device.peek(offset + at);
    }
    const uint32_t crc = store::checksum_of(content.data(), bytes);
    device.overwrite(offset + 8, &crc, sizeof crc);
}

// Whatever is on the device, a store opens, or says that it is damaged; and what opens can be used
// and closed.
inline void open_and_use(SimStore& sim) {
    sim.options.read_pieces_max = store::blocks_per_op_max;
    const base::Status opened = sim.open();
    if (!opened.ok()) {
        CHECK(opened.code() == base::Errc::corrupt || opened.code() == base::Errc::foreign ||
                  opened.code() == base::Errc::not_found,
              "damage is said to be that");
        CHECK(!sim.problem.empty(), "with a sentence");
        return;
    }
    const base::ExtentId extent{base::VolumeId{1}, 0, base::PgId{1}};
    static_cast<void>(sim.read(extent, 0));
    static_cast<void>(sim.read(extent, 65));
    if (sim.write(extent, 1, 2, 3).ok()) {
        CHECK(sim.read(extent, 2) == 3, "a block that was written is read");
    }
    static_cast<void>(sim.deallocate(extent, 0, 1));
    static_cast<void>(sim.remove(base::VolumeId{2}));
    sim.executor.run();
    sim.close();
}

}  // namespace test
