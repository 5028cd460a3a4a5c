// A subsystem: a volume as hosts see it, or the discovery service.
//
// Thread: the first group never changes; the second is the registry's, under its lock. Lifetime:
// shared by the registry and the controllers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "reactor/reactor.h"
#include "volume/backing.h"

namespace target {

inline constexpr uint32_t only_namespace = 1;  // Its id, in every subsystem with one.

enum class SubsystemKind : uint8_t { nvm, discovery };

struct Subsystem {
    SubsystemKind kind = SubsystemKind::nvm;
    std::string nqn;
    std::string serial;
    std::string model;
    base::Uuid uuid{};
    std::vector<volume::Backing*> backings;  // By reactor.

    std::vector<std::string> allowed_hosts;
    uint64_t block_count = 0;  // As announced last; the backings say what holds.
    uint32_t controllers = 0;

    [[nodiscard]] volume::Backing* backing(const reactor::Reactor& reactor) const {
        return kind == SubsystemKind::nvm ? backings[reactor.index()] : nullptr;
    }
};

}  // namespace target
