// The gateway's own range of controller ids, handed out in turn.
//
// An id that is free again comes up only after all others have: a host that still remembers a dead
// controller must not meet its id in a new one. For the same reason a gateway that restarts begins
// anywhere in its range.
//
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace target {

class ControllerIds {
  public:
    // Both inclusive; `start` is taken modulo the range.
    ControllerIds(uint16_t first, uint16_t last, uint32_t start);
    // None when all are in use.
    [[nodiscard]] std::optional<uint16_t> take();
    void give_back(uint16_t id);

  private:
    uint16_t first_;
    uint32_t next_;
    std::vector<bool> used_;
};

}  // namespace target
