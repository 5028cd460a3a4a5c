// base::Errc and the numbers that stand for it on the wire.
#pragma once

#include "base/status.h"
#include "peer/frame_format.h"

namespace peer {

[[nodiscard]] constexpr WireStatus to_wire(base::Errc code) {
    switch (code) {
        case base::Errc::ok:
            return WireStatus::ok;
        case base::Errc::busy:
            return WireStatus::busy;
        case base::Errc::not_primary:
            return WireStatus::not_primary;
        case base::Errc::stale_fence:
            return WireStatus::stale_fence;
        case base::Errc::no_space:
            return WireStatus::no_space;
        case base::Errc::device_failed:
            return WireStatus::device_failed;
        case base::Errc::checksum_wrong:
            return WireStatus::checksum_wrong;
        case base::Errc::out_of_range:
            return WireStatus::out_of_range;
        default:
            return WireStatus::other;
    }
}

[[nodiscard]] constexpr base::Errc from_wire(WireStatus status) {
    switch (status) {
        case WireStatus::ok:
            return base::Errc::ok;
        case WireStatus::busy:
            return base::Errc::busy;
        case WireStatus::not_primary:
            return base::Errc::not_primary;
        case WireStatus::stale_fence:
            return base::Errc::stale_fence;
        case WireStatus::no_space:
            return base::Errc::no_space;
        case WireStatus::device_failed:
            return base::Errc::device_failed;
        case WireStatus::checksum_wrong:
            return base::Errc::checksum_wrong;
        case WireStatus::out_of_range:
            return base::Errc::out_of_range;
        case WireStatus::other:
            break;
    }
    return base::Errc::io_error;
}

}  // namespace peer
