#include "target/volume_status.h"

#include <doctest/doctest.h>

#include "nvme/status.h"

using base::Errc;
using target::volume_status;

TEST_CASE("only success is success, whatever the error") {
    for (uint16_t code = 0; code < base::errc_count; ++code) {
        const uint16_t status = volume_status(base::Status(static_cast<Errc>(code), 5));
        CHECK_EQ(status == nvme::success, code == 0);
    }
}

TEST_CASE("the host is told to retry where that may help, and only there") {
    const auto may_retry = [](Errc code) {
        return (volume_status(base::Status(code)) & nvme::do_not_retry) == 0;
    };
    CHECK(may_retry(Errc::busy));
    CHECK(may_retry(Errc::closed));
    CHECK(may_retry(Errc::stale_fence));
    CHECK_FALSE(may_retry(Errc::no_space));
    CHECK_FALSE(may_retry(Errc::out_of_range));
    CHECK_FALSE(may_retry(Errc::checksum_wrong));
    CHECK_EQ(volume_status(base::Status(Errc::no_space)), nvme::capacity_exceeded);
    CHECK_EQ(volume_status(base::Status(Errc::device_failed, 5)), nvme::internal_error);
}
