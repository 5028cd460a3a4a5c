#include "target/volume_status.h"

#include "nvme/status.h"

namespace target {

uint16_t volume_status(base::Status status) {
    switch (status.code()) {
        case base::Errc::ok:
            return nvme::success;
        case base::Errc::out_of_range:
            return nvme::lba_out_of_range;
        case base::Errc::no_space:
            return nvme::capacity_exceeded;
        case base::Errc::checksum_wrong:
            return nvme::unrecovered_read_error;
        case base::Errc::busy:
            return nvme::command_interrupted;
        // Not here, but perhaps at another gateway.
        case base::Errc::stale_fence:
        case base::Errc::not_primary:
        case base::Errc::closed:
            return nvme::internal_path_error;
        case base::Errc::invalid_argument:
        case base::Errc::not_found:
        case base::Errc::already_exists:
        case base::Errc::device_failed:
        case base::Errc::corrupt:
        case base::Errc::foreign:
        case base::Errc::unsupported:
        case base::Errc::address_in_use:
        case base::Errc::io_error:
            return nvme::internal_error;
    }
    return nvme::internal_error;
}

}  // namespace target
