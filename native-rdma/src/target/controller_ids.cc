#include "target/controller_ids.h"

#include "base/check.h"

namespace target {

ControllerIds::ControllerIds(uint16_t first, uint16_t last, uint32_t start) : first_(first) {
    CHECK(first >= 1 && first <= last && last <= 0xffef, "controller ids are 1 to ffefh");
    used_.resize(size_t{last} - first + 1);
    next_ = start % static_cast<uint32_t>(used_.size());
}

std::optional<uint16_t> ControllerIds::take() {
    for (size_t tried = 0; tried < used_.size(); ++tried) {
        const uint32_t index = next_;
        next_ = (next_ + 1) % static_cast<uint32_t>(used_.size());
        if (!used_[index]) {
            used_[index] = true;
            return static_cast<uint16_t>(first_ + index);
        }
    }
    return std::nullopt;
}

void ControllerIds::give_back(uint16_t id) {
    CHECK(id >= first_ && size_t{id} - first_ < used_.size() && used_[id - first_],
          "only an id in use comes back");
    used_[id - first_] = false;
}

}  // namespace target
