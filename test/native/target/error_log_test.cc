#include "target/error_log.h"

#include <doctest/doctest.h>

using target::ErrorLog;

TEST_CASE("the newest errors come first and the oldest are forgotten") {
    ErrorLog log;
    nvme::ErrorLogEntry entries[ErrorLog::entries_max] = {};
    log.copy(entries);
    CHECK_EQ(entries[0].error_count, 0u);
    for (uint64_t block = 1; block <= 20; ++block) {
        nvme::ErrorLogEntry entry{};
        entry.block = block;
        log.add(entry);
        log.copy(entries);
        CHECK_EQ(entries[0].block, block);
        CHECK_EQ(entries[0].error_count, block);
    }
    CHECK_EQ(log.count(), 20u);
    CHECK_EQ(entries[15].block, 5u);
}
