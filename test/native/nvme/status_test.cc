#include "nvme/status.h"

#include <doctest/doctest.h>

TEST_CASE("statuses are type, code and whether to retry, as on the wire") {
    CHECK_EQ(nvme::success, 0);
    CHECK_EQ(nvme::invalid_field, 0x4002);
    CHECK_EQ(nvme::internal_error, 0x0006);
    CHECK_EQ(nvme::lba_out_of_range, 0x4080);
    CHECK_EQ(nvme::event_limit_exceeded, 0x4105);
    CHECK_EQ(nvme::connect_controller_busy, 0x0181);
    CHECK_EQ(nvme::connect_invalid_host, 0x4184);
    CHECK_EQ(nvme::unrecovered_read_error, 0x4281);
    CHECK_EQ(nvme::internal_path_error, 0x0300);
    CHECK_EQ(nvme::more, 0x2000);
}
