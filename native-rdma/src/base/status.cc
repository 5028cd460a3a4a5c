#include "base/status.h"

namespace base {

const char* errc_name(Errc code) {
    switch (code) {
        case Errc::ok:
            return "OK";
        case Errc::busy:
            return "BUSY";
        case Errc::out_of_range:
            return "OUT_OF_RANGE";
        case Errc::invalid_argument:
            return "INVALID_ARGUMENT";
        case Errc::not_found:
            return "NOT_FOUND";
        case Errc::already_exists:
            return "ALREADY_EXISTS";
        case Errc::stale_fence:
            return "STALE_FENCE";
        case Errc::not_primary:
            return "NOT_PRIMARY";
        case Errc::no_space:
            return "NO_SPACE";
        case Errc::device_failed:
            return "DEVICE_FAILED";
        case Errc::checksum_wrong:
            return "CHECKSUM_WRONG";
        case Errc::corrupt:
            return "CORRUPT";
        case Errc::foreign:
            return "FOREIGN";
        case Errc::unsupported:
            return "UNSUPPORTED";
        case Errc::address_in_use:
            return "ADDRESS_IN_USE";
        case Errc::io_error:
            return "IO_ERROR";
        case Errc::closed:
            return "CLOSED";
    }
    return "UNKNOWN";
}

}  // namespace base
