// What an engine is told of its cell: who it is, who the others are, who keeps which groups; and
// what is wrong with that.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "engine/outcome.h"
#include "peer/network.h"
#include "replication/group_config.h"

namespace engine {

struct Identity {
    base::Uuid cell{};
    base::NodeId node;
    uint64_t incarnation = 0;
    bool operator==(const Identity&) const = default;
};

inline constexpr size_t peers_max = 1024;
inline constexpr size_t groups_max = 65'536;  // In one call.

// Ok, or invalid_argument with a sentence that names the field.
[[nodiscard]] Outcome check(const Identity& identity);
[[nodiscard]] Outcome check(const std::vector<peer::PeerAddress>& peers, base::NodeId self);
[[nodiscard]] Outcome check(const std::vector<replication::GroupConfig>& groups);

}  // namespace engine
