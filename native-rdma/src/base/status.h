// Operating errors as values. A Status says what went wrong; a Result carries a value or a Status.
//
// Programmer errors are not here: they CHECK and stop the process.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/check.h"

namespace base {

// Keep in step with index.d.ts; test/native-rdma/errors.test.ts compares the two lists.
enum class Errc : uint16_t {
    ok = 0,
    busy,              // A bounded queue or table is full: retry after a completion.
    out_of_range,      // The request names blocks past the end of the volume.
    invalid_argument,  // A setting or parameter is not acceptable; nothing was changed.
    not_found,         // No such volume, extent or device.
    already_exists,    // It is there already, with other properties.
    stale_fence,       // A newer attachment of this volume exists.
    not_primary,       // This node does not serve the placement group; a write may have happened.
    no_space,          // The store is full: Capacity Exceeded until blocks are freed.
    device_failed,     // The local device refused; `detail` is the errno.
    checksum_wrong,    // Bytes came back different from what was written.
    corrupt,           // A superblock or log is not what this store wrote.
    foreign,           // The device holds something that is not ours: it is left alone.
    unsupported,       // The kernel or machine lacks what is needed; `detail` is the errno.
    address_in_use,    // The port is taken.
    io_error,          // A system call failed; `detail` is the errno.
    closed,            // The engine, connection or volume is shutting down.
};

// The name of the code as JS sees it, such as "OUT_OF_RANGE". Never null.
[[nodiscard]] const char* errc_name(Errc code);
inline constexpr uint16_t errc_count = static_cast<uint16_t>(Errc::closed) + 1;

class [[nodiscard]] Status {
  public:
    constexpr Status() = default;
    constexpr explicit Status(Errc code, uint32_t detail = 0) : code_(code), detail_(detail) {}

    [[nodiscard]] constexpr bool ok() const { return code_ == Errc::ok; }
    [[nodiscard]] constexpr Errc code() const { return code_; }
    // An errno or NVMe status where the code says so; 0 otherwise.
    [[nodiscard]] constexpr uint32_t detail() const { return detail_; }
    constexpr bool operator==(const Status&) const = default;

  private:
    Errc code_ = Errc::ok;
    uint32_t detail_ = 0;
};

static_assert(sizeof(Status) == 8, "a Status travels in a register");

// A value or the Status that says why there is none. Spelled like std::expected.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Result(Status status) : status_(status) {      // NOLINT(google-explicit-constructor)
        CHECK(!status.ok(), "a Result without a value needs an error");
    }

    [[nodiscard]] bool has_value() const { return value_.has_value(); }
    [[nodiscard]] explicit operator bool() const { return has_value(); }
    [[nodiscard]] Status error() const { return status_; }
    [[nodiscard]] T& value() {
        CHECK(has_value(), "the Result holds an error");
        return *value_;
    }
    [[nodiscard]] const T& value() const {
        CHECK(has_value(), "the Result holds an error");
        return *value_;
    }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

  private:
    std::optional<T> value_;
    Status status_;
};

}  // namespace base
