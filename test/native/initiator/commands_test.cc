#include "initiator/commands.h"

#include "nvme/properties.h"

TEST_CASE("Connect carries queue, size and keep-alive where the standard has them") {
    const nvme::Command command = initiator::connect_command(3, 128, 5000);
    CHECK(command.opcode == 0x7f);
    CHECK(command.namespace_id == 0x01);
    CHECK(command.cdw10 == 3u << 16);
    CHECK(command.cdw11 == 127);
    CHECK(command.cdw12 == 5000);
    nvme::ConnectData data;
    initiator::fill_connect_data(data, {{1, 2}}, 9, "nqn.s", std::string(300, 'x'));
    CHECK(data.host_id[1] == 2);
    CHECK(data.controller_id == 9);
    CHECK(std::string(data.subsystem_nqn) == "nqn.s");
    CHECK(data.host_nqn[255] == 'x');
    CHECK(data.reserved2[0] == 0);
}

TEST_CASE("properties are named by offset and size") {
    CHECK(initiator::property_get(0, true).cdw10 == 1);
    const nvme::Command set = initiator::property_set(nvme::property_cc, 0x460001);
    CHECK(set.namespace_id == 0);
    CHECK(set.cdw11 == 0x14);
    CHECK(set.cdw12 == 0x460001);
}

TEST_CASE("a log page is asked for in dwords, minus one, from an offset") {
    const nvme::Command command =
        initiator::get_log_page(nvme::LogPage::discovery, uint64_t{5} << 32, 1u << 20, true);
    CHECK(command.cdw10 == (0x70u | 1u << 15 | 0xffffu << 16));
    CHECK(command.cdw11 == 3);
    CHECK(command.cdw12 == 0);
    CHECK(command.cdw13 == 5);
}

TEST_CASE("block counts and ranges are sent minus one") {
    CHECK(initiator::write_blocks(1, 0, 1).cdw12 == 0);
    CHECK(initiator::write_zeroes(1, 0, 65536).cdw12 == 0xffff);
    const nvme::Command command = initiator::deallocate(1, 256);
    CHECK(command.cdw10 == 255);
    CHECK(command.cdw11 == 4);
}

TEST_CASE("Abort names the queue and the command") {
    CHECK(initiator::abort_command(2, 0x1234).cdw10 == 0x12340002);
}
