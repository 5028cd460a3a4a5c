// Little-endian integers as they lie on a wire or a disk, and the concept that such structs meet.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace base {

template <typename T>
struct Le {
    T raw;

    static_assert(std::endian::native == std::endian::little, "the fields are copied as they are");
    constexpr operator T() const { return raw; }  // NOLINT(google-explicit-constructor)
    constexpr Le& operator=(T value) {
        raw = value;
        return *this;
    }
};
using le16 = Le<uint16_t>;
using le32 = Le<uint32_t>;
using le64 = Le<uint64_t>;

// Every wire and disk struct meets this: fixed layout, no padding that could leak memory.
template <typename T>
concept WireFormat = std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T> &&
                     std::has_unique_object_representations_v<T>;

}  // namespace base
