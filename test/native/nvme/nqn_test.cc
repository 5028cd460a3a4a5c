#include "nvme/nqn.h"

#include <cstring>
#include <doctest/doctest.h>

TEST_CASE("names of both forms are NQNs") {
    CHECK(nvme::is_nqn("nqn.2014-08.org.nvmexpress:uuid:11111111-2222-3333-4444-555555555555"));
    CHECK(nvme::is_nqn("nqn.2014-08.org.nvmexpress.discovery"));
    CHECK(nvme::is_nqn("nqn.2024-01.example.com:volume:1"));
    CHECK(nvme::is_nqn("nqn.2024-01.example.com:" + std::string(223 - 24, 'x')));
}

TEST_CASE("other strings are not") {
    for (const char* name : {"",
                             "nqn.",
                             "nqn.2024-01.",
                             "nqn.2024-1.com.example",
                             "nqn.abcd-01.com.example",
                             "iqn.2024-01.com.example",
                             "NQN.2024-01.com.example",
                             "nqn.2024-01.com example",
                             "nqn.2024-01.com\n"}) {
        CHECK_FALSE(nvme::is_nqn(name));
    }
    CHECK_FALSE(nvme::is_nqn("nqn.2024-01.example.com:" + std::string(224 - 24, 'x')));
    CHECK_FALSE(nvme::is_nqn(std::string("nqn.2024-01.com\0x", 17)));
}

TEST_CASE("a name in a field ends at its zero, and must have one") {
    char field[256] = "nqn.2024-01.com";
    CHECK_EQ(nvme::name_in_field(field).value(), "nqn.2024-01.com");
    field[3] = 0;
    CHECK_EQ(nvme::name_in_field(field).value(), "nqn");
    std::memset(field, 'a', sizeof field);
    CHECK_FALSE(nvme::name_in_field(field).has_value());
    field[255] = 0;
    CHECK_EQ(nvme::name_in_field(field).value().size(), 255u);
}
