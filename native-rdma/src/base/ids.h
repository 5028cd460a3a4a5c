// Identifiers as distinct types: a PgId cannot be passed where a VolumeId is meant.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>

namespace base {

template <typename Tag, typename Rep>
struct Id {
    using Representation = Rep;
    Rep value = 0;

    constexpr Id() = default;
    constexpr explicit Id(Rep initial) : value(initial) {}
    constexpr auto operator<=>(const Id&) const = default;
};

using VolumeId = Id<struct VolumeTag, uint64_t>;  // Given by control, never reused.
using PgId = Id<struct PgTag, uint32_t>;          // Placement group.
using NodeId = Id<struct NodeTag, uint32_t>;
using Fence = Id<struct FenceTag, uint64_t>;            // Version of a volume's attachment.
using Epoch = Id<struct EpochTag, uint32_t>;            // Version of a PG's configuration.
using Generation = Id<struct GenerationTag, uint32_t>;  // Snapshot generation of a volume.

// Order of replicated writes in a PG: epoch first, then a counter.
struct Version {
    Epoch epoch;
    uint64_t counter = 0;
    constexpr auto operator<=>(const Version&) const = default;
};

// One extent of one volume, as the store knows it.
struct ExtentId {
    VolumeId volume;
    uint32_t index = 0;  // Extent number in the volume: first byte / extent_bytes.
    PgId pg;
    constexpr auto operator<=>(const ExtentId&) const = default;
};

using Uuid = std::array<uint8_t, 16>;  // Big-endian, as RFC 9562 lays it out.

}  // namespace base

template <typename Tag, typename Rep>
struct std::hash<base::Id<Tag, Rep>> {
    size_t operator()(base::Id<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value); }
};
