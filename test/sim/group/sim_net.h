// The network between nodes, control and gateways: loses, doubles, delays and reorders, is cut in
// one direction or both. What was sent to or by an earlier run of a process does not arrive.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "group_world.h"
#include "replication/message.h"

namespace test {

// Everything that has an address.
using Place = uint32_t;
inline constexpr Place control_place = 0;
inline constexpr Place first_node_place = 1;
inline constexpr Place first_gateway_place = 16;
inline constexpr Place places_max = 32;

[[nodiscard]] inline base::NodeId node_at(Place place) {
    return base::NodeId{place};
}
[[nodiscard]] inline Place place_of(base::NodeId node) {
    return node.value;
}

class SimNet {
  public:
    explicit SimNet(GroupWorld& world) : world_(world) {}

    // `arrive` runs after a while, or never.
    void send(Place from, Place to, const std::function<void()>& arrive);
    // Or twice.
    void send_among_peers(Place from, Place to, const std::function<void()>& arrive);
    // Until healed. Of one direction.
    void cut(Place from, Place to) { cut_[from][to] = true; }
    void heal(Place from, Place to) { cut_[from][to] = false; }
    void heal_all() { cut_ = {}; }
    [[nodiscard]] bool is_cut(Place from, Place to) const { return cut_[from][to]; }
    [[nodiscard]] bool both_ways(Place one, Place other) const {
        return !is_cut(one, other) && !is_cut(other, one);
    }
    // Of an Append that is a write, not a copy, the network loses each that goes here.
    Place writes_lost_to = places_max;
    // Times as long as otherwise.
    uint32_t slowness = 1;
    uint32_t more_loss = 0;  // Of a thousand.

  private:
    [[nodiscard]] uint64_t delay_ns();

    GroupWorld& world_;
    std::array<std::array<bool, places_max>, places_max> cut_{};
};

}  // namespace test
