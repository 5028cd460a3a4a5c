// The commands Linux sends, in its order, and what it insists on in the answers.
#include <doctest/doctest.h>

#include "target/harness.h"

using nvme::IdentifyKind;
using nvme::LogPage;
using test::Fixture;
using test::Reply;
using test::Wire;

namespace {

Reply ok(Reply reply) {
    REQUIRE_EQ(reply.status, nvme::success);
    return reply;
}

void enable(Wire& admin) {
    const uint64_t cap = ok(admin.run(test::property_get(nvme::property_cap, true))).result;
    CHECK_EQ(cap & 0xffff, base::limits::io_queue_entries_max - 1);
    CHECK_NE(cap >> 24 & 0xff, 0u);  // The time to wait for RDY.
    CHECK_NE(cap >> 37 & 1, 0u);     // The NVM command set.
    CHECK_EQ(cap >> 48 & 0xff, 0u);  // 4 KiB pages.
    const uint32_t off = nvme::cc_sq_entry_64 | nvme::cc_cq_entry_16;
    ok(admin.run(test::property_set(nvme::property_cc, off)));
    ok(admin.run(test::property_get(nvme::property_cap, true)));
    CHECK_EQ(ok(admin.run(test::property_get(nvme::property_csts))).result, 0u);
    ok(admin.run(test::property_set(nvme::property_cc, off | nvme::cc_enable)));
    CHECK_EQ(ok(admin.run(test::property_get(nvme::property_csts))).result, nvme::csts_ready);
    CHECK_EQ(ok(admin.run(test::property_get(nvme::property_vs))).result, 0x10400u);
}

void check_controller(const nvme::IdentifyController& id, uint16_t controller_id) {
    CHECK_EQ(id.controller_id, controller_id);
    CHECK_NE(id.keep_alive_granularity, 0);
    CHECK_GE(id.command_capsule_units, 4u);
    CHECK_GE(id.response_capsule_units, 1u);
    CHECK_EQ(id.commands_max, base::limits::io_queue_entries_max);
    CHECK_EQ(id.capsule_data_offset, 0);
    CHECK_NE(id.sgl_support & 3, 0u);
    CHECK_EQ(id.transfer_shift, base::limits::mdts);
    CHECK_EQ(id.volatile_write_cache & 1, 0);
    CHECK_EQ(id.namespace_count, 1u);
    CHECK_EQ(std::string(id.subsystem_nqn), test::volume_nqn);
    CHECK_EQ(std::string(id.serial, 20), "vol-1               ");
    CHECK_EQ(std::string(id.model, 40), "Ashlar volume                           ");
    CHECK_EQ(std::string(id.firmware_revision, 8), "1.0     ");
}

// Scanning: the list, then for each namespace its descriptors and itself.
void scan(Wire& admin) {
    const Reply limits = ok(admin.run(test::identify(IdentifyKind::command_set_controller)));
    CHECK_EQ(limits.as<nvme::IdentifyNvmController>().deallocate_range_blocks,
             base::limits::deallocate_range_blocks_max);
    CHECK_EQ(limits.as<nvme::IdentifyNvmController>().write_zeroes_shift, 16);
    const Reply list = ok(admin.run(test::identify(IdentifyKind::active_namespaces)));
    CHECK_EQ(list.data[0], 1);
    CHECK((std::all_of(list.data.begin() + 1, list.data.end(), [](uint8_t b) { return b == 0; })));

    const Reply descriptors = ok(admin.run(test::identify(IdentifyKind::ns_descriptors, 1)));
    const std::vector<uint8_t> uuid{0xa0,
                                    0xa1,
                                    0xa2,
                                    0xa3,
                                    0xa4,
                                    0xa5,
                                    0xa6,
                                    0xa7,
                                    0xa8,
                                    0xa9,
                                    0xaa,
                                    0xab,
                                    0xac,
                                    0xad,
                                    0xae,
                                    0xaf};
    CHECK_EQ(descriptors.data[0], 3);
    CHECK_EQ(descriptors.data[1], 16);
    CHECK((std::equal(uuid.begin(), uuid.end(), descriptors.data.begin() + 4)));
    CHECK_EQ(descriptors.data[20], 2);
    CHECK_EQ(descriptors.data[21], 16);
    CHECK((std::equal(uuid.begin(), uuid.end(), descriptors.data.begin() + 24)));
    CHECK_EQ(descriptors.data[41], 0);

    const auto ns =
        ok(admin.run(test::identify(IdentifyKind::ns, 1))).as<nvme::IdentifyNamespace>();
    CHECK_EQ(ns.size, test::block_count_default);
    CHECK_EQ(ns.capacity, ns.size);
    CHECK_EQ(ns.lba_formats[0].data_shift, 12);
    CHECK_EQ(ns.formats, 0);
    CHECK_EQ(ns.sharing, 1);
    CHECK_EQ(ns.deallocation, 9);
    CHECK((std::equal(uuid.begin(), uuid.end(), ns.nguid)));
}

}  // namespace

TEST_CASE("Linux connects, finds its disk, uses it and goes") {
    Fixture fixture(2);
    Wire admin(*fixture.target, *fixture.threads[0]);
    const auto id =
        static_cast<uint16_t>(ok(admin.run(test::connect(0, 32, 5000),
                                           test::to_bytes(test::connect_data(test::volume_nqn))))
                                  .result);
    enable(admin);
    const auto controller =
        ok(admin.run(test::identify(IdentifyKind::controller))).as<nvme::IdentifyController>();
    check_controller(controller, id);
    CHECK_EQ(controller.controller_type, nvme::controller_type_io);
    CHECK_EQ(controller.optional_events, nvme::notice_namespace_attributes);
    ok(admin.run(test::get_log(LogPage::command_effects, 4096)));
    ok(admin.run(test::get_log(LogPage::smart, 512)));
    ok(admin.run(test::admin(nvme::AdminOpcode::keep_alive)));
    CHECK_EQ(ok(admin.run(test::set_feature(nvme::Feature::queue_count, 1 | 1 << 16))).result,
             1u | 1u << 16);

    std::vector<std::unique_ptr<Wire>> queues;
    queues.push_back(fixture.connect_queue(admin, 1, 0));
    queues.push_back(fixture.connect_queue(admin, 2, 1));
    ok(admin.run(
        test::set_feature(nvme::Feature::asynchronous_events, nvme::notice_namespace_attributes)));
    const Wire::Ticket event = admin.send(test::event_request(31));
    scan(admin);
    const std::vector<uint8_t> data(4096, 0x42);
    for (const auto& queue : queues) {
        ok(queue->run(test::blocks(nvme::IoOpcode::write, 7, 1), data));
        CHECK((ok(queue->run(test::blocks(nvme::IoOpcode::read, 7, 1))).data == data));
    }
    CHECK_FALSE(admin.answered(event));

    // nvme disconnect: the I/O queues first, then the shutdown.
    queues.clear();
    ok(admin.run(test::property_set(nvme::property_cc, test::cc_on | 1u << 14)));
    CHECK_EQ(ok(admin.run(test::property_get(nvme::property_csts))).result,
             nvme::csts_ready | nvme::csts_shutdown_complete);
    admin.close();
    CHECK_EQ(admin.wait(event).status, nvme::command_aborted);
    CHECK_EQ(fixture.observer.connected, 1u);
    CHECK_EQ(fixture.observer.disconnected, 1u);
    CHECK_EQ(fixture.observer.reason, "host disconnected");
}

TEST_CASE("Linux asks the discovery service what there is") {
    Fixture fixture;
    REQUIRE(fixture.target
                ->set_discovery({{test::host_nqn, test::volume_nqn, "10.0.0.1", 4420},
                                 {test::host_nqn, test::volume_nqn, "fe80::1", 4421},
                                 {test::other_host_nqn, test::volume_nqn, "10.0.0.9", 4420}})
                .ok());
    Wire admin(*fixture.target, *fixture.threads[0], true);
    const auto id = static_cast<uint16_t>(
        ok(admin.run(test::connect(0, 32), test::to_bytes(test::connect_data(nvme::discovery_nqn))))
            .result);
    enable(admin);
    const auto controller =
        ok(admin.run(test::identify(IdentifyKind::controller))).as<nvme::IdentifyController>();
    CHECK_EQ(controller.controller_id, id);
    CHECK_EQ(controller.controller_type, nvme::controller_type_discovery);
    CHECK_EQ(controller.optional_events, nvme::notice_discovery_change);
    CHECK_EQ(std::string(controller.subsystem_nqn), nvme::discovery_nqn);

    const auto before = ok(admin.run(test::get_log(LogPage::discovery, 1024, 0, true)))
                            .as<nvme::DiscoveryLogHeader>();
    REQUIRE_EQ(before.record_count, 2u);
    const Reply records = ok(admin.run(test::get_log(LogPage::discovery, 2048, 1024, true)));
    const auto after =
        ok(admin.run(test::get_log(LogPage::discovery, 1024))).as<nvme::DiscoveryLogHeader>();
    CHECK_EQ(before.generation, after.generation);

    nvme::DiscoveryLogEntry entries[2];
    std::memcpy(entries, records.data.data(), sizeof entries);
    CHECK_EQ(std::string(entries[0].address), "10.0.0.1");
    CHECK_EQ(std::string(entries[0].service), "4420");
    CHECK_EQ(std::string(entries[0].subsystem_nqn), test::volume_nqn);
    CHECK_EQ(entries[0].transport, 3);
    CHECK_EQ(entries[0].address_family, 1);
    CHECK_EQ(entries[0].subsystem_type, 2);
    CHECK_EQ(entries[0].port_id, 1);
    CHECK_EQ(entries[0].controller_id, 0xffff);
    CHECK_EQ(entries[0].admin_entries_max, 32);
    CHECK_EQ(entries[1].address_family, 2);
    CHECK_EQ(entries[1].port_id, 2);
}
