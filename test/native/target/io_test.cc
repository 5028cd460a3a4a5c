#include <doctest/doctest.h>

#include "target/harness.h"

using nvme::IoOpcode;
using test::block_count_default;
using test::Fixture;
using test::Reply;
using test::Wire;

namespace {

constexpr uint32_t block_bytes = 4096;

std::vector<uint8_t> pattern(uint32_t blocks, uint8_t seed) {
    std::vector<uint8_t> data(size_t{blocks} * block_bytes);
    for (size_t index = 0; index < data.size(); ++index) {
        data[index] = static_cast<uint8_t>(index * 7 + index / block_bytes + seed);
    }
    return data;
}

// A controller with one I/O queue.
struct Host {
    Fixture fixture;
    std::unique_ptr<Wire> admin = fixture.connect_volume();
    std::unique_ptr<Wire> io = fixture.connect_queue(*admin);

    test::SizedBacking& backing() { return *fixture.backings[0]; }
    void set(const std::function<void(test::SizedBacking&)>& change) {
        fixture.threads[0]->call([&] { change(backing()); });
    }
    Reply run(const nvme::Command& command, std::vector<uint8_t> data = {}) {
        return io->run(command, std::move(data));
    }
    Reply read(uint64_t first, uint32_t count) {
        return run(test::blocks(IoOpcode::read, first, count));
    }
    Reply write(uint64_t first, uint32_t count, uint8_t seed) {
        return run(test::blocks(IoOpcode::write, first, count), pattern(count, seed));
    }
};

std::vector<uint8_t> zeroes(uint32_t blocks) {
    return std::vector<uint8_t>(size_t{blocks} * block_bytes);
}

std::vector<uint8_t> ranges(const std::vector<nvme::DatasetRange>& list) {
    std::vector<uint8_t> bytes(list.size() * sizeof(nvme::DatasetRange));
    std::memcpy(bytes.data(), list.data(), bytes.size());
    return bytes;
}

}  // namespace

TEST_CASE("what is written is read, up to the largest transfer and the last block") {
    Host host;
    for (const uint32_t count : {1u, 3u, 64u}) {
        const uint64_t first = block_count_default - count;
        REQUIRE_EQ(host.write(first, count, 9).status, nvme::success);
        const Reply back = host.read(first, count);
        REQUIRE_EQ(back.status, nvme::success);
        CHECK((back.data == pattern(count, 9)));
    }
}

TEST_CASE("a write with FUA and limited retry is a write") {
    Host host;
    nvme::Command command = test::blocks(IoOpcode::write, 4, 1);
    command.cdw12 = command.cdw12 | 3u << 30;
    CHECK_EQ(host.run(command, pattern(1, 1)).status, nvme::success);
    CHECK((host.read(4, 1).data == pattern(1, 1)));
}

TEST_CASE("blocks past the end are refused, however large the numbers") {
    Host host;
    const auto data = pattern(2, 0);
    for (const IoOpcode opcode :
         {IoOpcode::read, IoOpcode::write, IoOpcode::compare, IoOpcode::write_zeroes}) {
        for (const uint64_t first : {block_count_default - 1,
                                     block_count_default,
                                     uint64_t{1} << 63,
                                     ~uint64_t{0},
                                     ~uint64_t{0} - 1}) {
            CHECK_EQ(host.run(test::blocks(opcode, first, 2), data).status, nvme::lba_out_of_range);
        }
    }
    host.set([](test::SizedBacking& backing) { CHECK_EQ(backing.submitted, 0u); });
}

TEST_CASE("more than MDTS in a command is an invalid field") {
    Host host;
    for (const IoOpcode opcode : {IoOpcode::read, IoOpcode::write, IoOpcode::compare}) {
        CHECK_EQ(host.run(test::blocks(opcode, 0, 65), pattern(65, 0)).status, nvme::invalid_field);
    }
}

TEST_CASE("fields we do not have are refused: protection, directives, fused commands") {
    Host host;
    for (const uint32_t bits : {1u << 26, 1u << 29, 1u << 20, 1u << 23}) {
        nvme::Command command = test::blocks(IoOpcode::write, 0, 1);
        command.cdw12 = command.cdw12 | bits;
        CHECK_EQ(host.run(command, pattern(1, 0)).status, nvme::invalid_field);
    }
    for (const uint8_t fused : {1, 2, 3}) {
        nvme::Command command = test::blocks(IoOpcode::read, 0, 1);
        command.flags |= fused;
        CHECK_EQ(host.run(command).status, nvme::invalid_field);
    }
}

TEST_CASE("other namespaces and unknown commands are refused for good") {
    Host host;
    for (const uint32_t id : {0u, 2u, 0xffffffffu}) {
        for (const IoOpcode opcode : {IoOpcode::read,
                                      IoOpcode::write,
                                      IoOpcode::compare,
                                      IoOpcode::write_zeroes,
                                      IoOpcode::dataset_management}) {
            nvme::Command command = test::blocks(opcode, 0, 1);
            command.namespace_id = id;
            CHECK_EQ(host.run(command, pattern(1, 0)).status, nvme::invalid_namespace);
        }
    }
    for (const uint8_t opcode : {0x04, 0x0c, 0x0d, 0x15, 0x7e, 0x80, 0xff}) {
        nvme::Command command = test::blocks(IoOpcode::read, 0, 1);
        command.opcode = opcode;
        CHECK_EQ(host.run(command).status, nvme::invalid_opcode);
    }
    CHECK_EQ(host.run(test::property_get(nvme::property_vs)).status, nvme::invalid_opcode);
}

TEST_CASE("Flush takes this namespace or all, and reaches the volume") {
    Host host;
    nvme::Command command = test::flush();
    CHECK_EQ(host.run(command).status, nvme::success);
    command.namespace_id = nvme::all_namespaces;
    CHECK_EQ(host.run(command).status, nvme::success);
    host.set([](test::SizedBacking& backing) { CHECK_EQ(backing.submitted, 2u); });
    command.namespace_id = 0;
    CHECK_EQ(host.run(command).status, nvme::invalid_namespace);
    command.namespace_id = 2;
    CHECK_EQ(host.run(command).status, nvme::invalid_namespace);
}

TEST_CASE("Write Zeroes leaves zeroes, with and without the advice to deallocate") {
    Host host;
    for (const uint32_t deallocate : {0u, 1u << 25}) {
        REQUIRE_EQ(host.write(10, 4, 3).status, nvme::success);
        nvme::Command command = test::blocks(IoOpcode::write_zeroes, 11, 2);
        command.cdw12 = command.cdw12 | deallocate;
        CHECK_EQ(host.run(command).status, nvme::success);
        const Reply back = host.read(10, 4);
        CHECK((std::equal(
            back.data.begin() + block_bytes, back.data.end() - block_bytes, zeroes(2).begin())));
        CHECK_NE(back.data[1], 0);
    }
    CHECK_EQ(host.run(test::blocks(IoOpcode::write_zeroes, 0, block_count_default)).status,
             nvme::success);
    CHECK((host.read(13, 1).data == zeroes(1)));
}

TEST_CASE("Compare tells equal from different, in one piece and in many") {
    Host host;
    for (const uint32_t count : {1u, 16u, 17u, 64u}) {
        REQUIRE_EQ(host.write(5, count, 7).status, nvme::success);
        const nvme::Command command = test::blocks(IoOpcode::compare, 5, count);
        CHECK_EQ(host.run(command, pattern(count, 7)).status, nvme::success);
        for (const size_t position : {size_t{0}, size_t{count} * block_bytes - 1}) {
            std::vector<uint8_t> other = pattern(count, 7);
            other[position] ^= 1;
            CHECK_EQ(host.run(command, other).status, nvme::compare_failure);
        }
        CHECK((host.read(5, count).data == pattern(count, 7)));
    }
}

TEST_CASE("compares wait for each other and all get their answer") {
    Host host;
    REQUIRE_EQ(host.write(0, 64, 1).status, nvme::success);
    host.set([](test::SizedBacking& backing) { backing.hold = true; });
    std::vector<Wire::Ticket> tickets;
    for (uint32_t count = 0; count < 20; ++count) {
        const uint8_t seed = count % 2 == 0 ? 1 : 2;
        tickets.push_back(host.io->send(test::blocks(IoOpcode::compare, 0, 64), pattern(64, seed)));
    }
    CHECK_FALSE(host.io->answered(tickets[0]));
    host.set([](test::SizedBacking& backing) { backing.let_go(); });
    for (uint32_t index = 0; index < tickets.size(); ++index) {
        CHECK_EQ(host.io->wait(tickets[index]).status,
                 index % 2 == 0 ? nvme::success : nvme::compare_failure);
    }
}

TEST_CASE("a compare that cannot read says so and lets the next one go on") {
    Host host;
    const nvme::Command command = test::blocks(IoOpcode::compare, 0, 32);
    host.set(
        [](test::SizedBacking& backing) { backing.refusal = base::Status(base::Errc::closed); });
    CHECK_EQ(host.run(command, pattern(32, 0)).status, nvme::internal_path_error);
    host.set([](test::SizedBacking& backing) {
        backing.refusal = base::Status();
        backing.failure = base::Status(base::Errc::checksum_wrong);
    });
    CHECK_EQ(host.run(command, pattern(32, 0)).status, nvme::unrecovered_read_error | nvme::more);
    host.set([](test::SizedBacking& backing) { backing.failure = base::Status(); });
    CHECK_EQ(host.run(command, zeroes(32)).status, nvme::success);
}

TEST_CASE("deallocation gives back exactly the ranges named") {
    Host host;
    REQUIRE_EQ(host.write(0, 8, 5).status, nvme::success);
    const auto data = ranges({{{0}, {1}, {0}}, {{0}, {0}, {2}}, {{0}, {2}, {4}}});
    REQUIRE_EQ(host.run(test::deallocate(3), data).status, nvme::success);
    const Reply back = host.read(0, 8);
    for (uint32_t block = 0; block < 8; ++block) {
        const bool given_back = block == 0 || block == 4 || block == 5;
        const auto first = back.data.begin() + block * block_bytes;
        CHECK_EQ(std::all_of(first, first + block_bytes, [](uint8_t byte) { return byte == 0; }),
                 given_back);
    }
}

TEST_CASE("a deallocation with one bad range does nothing at all") {
    Host host;
    REQUIRE_EQ(host.write(0, 1, 5).status, nvme::success);
    const nvme::DatasetRange good{{0}, {1}, {0}};
    const auto status_with = [&](nvme::DatasetRange bad) {
        return host.run(test::deallocate(2), ranges({good, bad})).status;
    };
    CHECK_EQ(status_with({{0}, {2}, {block_count_default - 1}}), nvme::lba_out_of_range);
    CHECK_EQ(status_with({{0}, {1}, {~uint64_t{0}}}), nvme::lba_out_of_range);
    CHECK_EQ(status_with({{0}, {base::limits::deallocate_range_blocks_max + 1}, {0}}),
             nvme::command_size_limit_exceeded);
    CHECK((host.read(0, 1).data == pattern(1, 5)));
}

TEST_CASE("Dataset Management without deallocation is only a hint") {
    Host host;
    REQUIRE_EQ(host.write(0, 1, 5).status, nvme::success);
    nvme::Command command = test::deallocate(1);
    command.cdw11 = 3;
    CHECK_EQ(host.run(command, ranges({{{0}, {1}, {0}}})).status, nvme::success);
    CHECK((host.read(0, 1).data == pattern(1, 5)));
}

TEST_CASE("256 ranges are taken") {
    Host host;
    std::vector<nvme::DatasetRange> list;
    for (uint64_t index = 0; index < 256; ++index) {
        list.push_back({{0}, {1}, {index * 2}});
    }
    CHECK_EQ(host.run(test::deallocate(256), ranges(list)).status, nvme::success);
    host.set([](test::SizedBacking& backing) { CHECK_EQ(backing.submitted, 256u); });
}

// The host may have come back meanwhile, and written where the ranges to come would leave zeroes.
TEST_CASE("a deallocation ends with its connection: no range begins after that") {
    Host host;
    REQUIRE_EQ(host.write(0, 8, 5).status, nvme::success);
    host.set([](test::SizedBacking& backing) { backing.hold = true; });
    const Wire::Ticket ticket =
        host.io->send(test::deallocate(2), ranges({{{0}, {1}, {0}}, {{0}, {1}, {4}}}));
    std::thread closing([&host] { host.io->close(); });
    for (bool begun = false; !begun;) {
        host.set([&](test::SizedBacking&) { begun = host.io->queue().closing; });
    }
    host.set([](test::SizedBacking& backing) { backing.let_go(); });
    closing.join();
    CHECK_EQ(host.io->wait(ticket).status, nvme::command_aborted);
    host.set([](test::SizedBacking& backing) { CHECK_EQ(backing.submitted, 2u); });
}

TEST_CASE("what goes wrong below is said in the host's words and in the error log") {
    Host host;
    const auto outcome = [&](base::Errc code) {
        host.set([code](test::SizedBacking& backing) {
            backing.failure = base::Status(code);
            backing.failed_block = 77;
        });
        return host.read(70, 10).status;
    };
    CHECK_EQ(outcome(base::Errc::no_space), nvme::capacity_exceeded);
    CHECK_EQ(outcome(base::Errc::stale_fence), nvme::internal_path_error);
    CHECK_EQ(outcome(base::Errc::device_failed), nvme::internal_error | nvme::more);
    CHECK_EQ(outcome(base::Errc::checksum_wrong), nvme::unrecovered_read_error | nvme::more);

    const Reply log = host.admin->run(test::get_log(nvme::LogPage::errors, 192));
    REQUIRE_EQ(log.status, nvme::success);
    nvme::ErrorLogEntry entries[3];
    std::memcpy(entries, log.data.data(), sizeof entries);
    CHECK_EQ(entries[0].error_count, 2u);
    CHECK_EQ(entries[0].sq_id, 1);
    CHECK_EQ(entries[0].block, 77u);
    CHECK_EQ(entries[0].status >> 1, nvme::unrecovered_read_error | nvme::more);
    CHECK_EQ(entries[1].error_count, 1u);
    CHECK_EQ(entries[1].block, 70u);
    CHECK_EQ(entries[2].error_count, 0u);
}

TEST_CASE("a full queue of commands is answered, and the queue's head goes round with them") {
    Host host;
    host.set([](test::SizedBacking& backing) { backing.hold = true; });
    std::vector<Wire::Ticket> tickets;
    for (uint32_t count = 0; count < 128; ++count) {
        tickets.push_back(host.io->send(test::blocks(IoOpcode::read, count, 1)));
    }
    CHECK_EQ(host.io->queue().outstanding, 128u);
    host.set([](test::SizedBacking& backing) { backing.let_go(); });
    for (const Wire::Ticket& ticket : tickets) {
        CHECK_EQ(host.io->wait(ticket).sq_head, 1);  // Connect and 128 more of 128 entries.
    }
}

TEST_CASE("queues of one controller work on their own reactors") {
    Fixture fixture(2);
    const auto admin = fixture.connect_volume();
    const auto first = fixture.connect_queue(*admin, 1, 0);
    const auto second = fixture.connect_queue(*admin, 2, 1);
    std::vector<Wire::Ticket> tickets;
    for (uint64_t count = 0; count < 32; ++count) {
        tickets.push_back(first->send(test::blocks(IoOpcode::write, count, 1), pattern(1, 1)));
        tickets.push_back(
            second->send(test::blocks(IoOpcode::write, 1000 + count, 1), pattern(1, 2)));
    }
    for (size_t index = 0; index < tickets.size(); index += 2) {
        CHECK_EQ(first->wait(tickets[index]).status, nvme::success);
        CHECK_EQ(second->wait(tickets[index + 1]).status, nvme::success);
    }
    CHECK((second->run(test::blocks(IoOpcode::read, 31, 1)).data == pattern(1, 1)));
    const Reply smart = admin->run(test::get_log(nvme::LogPage::smart, sizeof(nvme::SmartLog)));
    CHECK_EQ(smart.as<nvme::SmartLog>().write_commands.low, 64u);
    CHECK_EQ(smart.as<nvme::SmartLog>().data_units_written.low, 1u);
    CHECK_EQ(smart.as<nvme::SmartLog>().read_commands.low, 1u);
}
