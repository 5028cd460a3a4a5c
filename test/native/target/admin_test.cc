// Properties, Identify, features and Abort: each command, each refusal.
#include <doctest/doctest.h>

#include "target/harness.h"

using nvme::AdminOpcode;
using nvme::Feature;
using nvme::IdentifyKind;
using test::Fixture;
using test::Reply;
using test::Wire;

namespace {

constexpr uint32_t enable = nvme::cc_enable;

struct Host {
    Fixture fixture;
    std::unique_ptr<Wire> admin = fixture.connect_volume(10'000);

    Reply run(const nvme::Command& command) { return admin->run(command); }
    uint16_t set(Feature feature, uint32_t value) {
        return run(test::set_feature(feature, value)).status;
    }
    uint64_t get(Feature feature, uint32_t dword11 = 0) {
        const Reply reply = run(test::get_feature(feature, dword11));
        REQUIRE_EQ(reply.status, nvme::success);
        return reply.result;
    }
    uint64_t property(uint32_t offset) { return run(test::property_get(offset)).result; }
};

}  // namespace

TEST_CASE("before CC.EN only fabrics commands are taken, and again after a reset") {
    Host host;
    const nvme::Command identify = test::identify(IdentifyKind::controller);
    CHECK_EQ(host.run(identify).status, nvme::success);
    host.run(test::property_set(nvme::property_cc, test::cc_on & ~enable));
    CHECK_EQ(host.property(nvme::property_csts), 0u);
    CHECK_EQ(host.run(identify).status, nvme::command_sequence_error);
    CHECK_EQ(host.run(test::admin(AdminOpcode::keep_alive)).status, nvme::command_sequence_error);
    host.run(test::property_set(nvme::property_cc, test::cc_on));
    CHECK_EQ(host.run(identify).status, nvme::success);
}

TEST_CASE("a configuration we do not have makes the controller fatal until it is reset") {
    for (const uint32_t wrong : {test::cc_on | 1u << 4,   // Another command set.
                                 test::cc_on | 1u << 7,   // Larger pages.
                                 test::cc_on | 1u << 11,  // Weighted arbitration.
                                 test::cc_on ^ 1u << 16,  // Entries of another size.
                                 test::cc_on ^ 1u << 20}) {
        Host host;
        host.run(test::property_set(nvme::property_cc, 0));
        CHECK_EQ(host.run(test::property_set(nvme::property_cc, wrong)).status, nvme::success);
        CHECK_EQ(host.property(nvme::property_csts), nvme::csts_fatal);
        CHECK_EQ(host.property(nvme::property_cc), wrong);
        host.run(test::property_set(nvme::property_cc, 0));
        host.run(test::property_set(nvme::property_cc, test::cc_on));
        CHECK_EQ(host.property(nvme::property_csts), nvme::csts_ready);
    }
}

TEST_CASE("shutdown completes at once and is taken back by a reset") {
    Host host;
    for (const uint32_t kind : {1u, 2u}) {
        host.run(test::property_set(nvme::property_cc, test::cc_on | kind << 14));
        CHECK_EQ(host.property(nvme::property_csts),
                 nvme::csts_ready | nvme::csts_shutdown_complete);
        host.run(test::property_set(nvme::property_cc, 0));
        CHECK_EQ(host.property(nvme::property_csts), 0u);
        host.run(test::property_set(nvme::property_cc, test::cc_on));
    }
}

TEST_CASE("properties that are not there, and sizes that are not theirs, are refused") {
    Host host;
    for (const uint32_t offset : {0x04u, 0x0cu, 0x10u, 0x20u, 0x24u, 0x68u, 0xffffffffu}) {
        CHECK_EQ(host.run(test::property_get(offset)).status, nvme::invalid_field);
        CHECK_EQ(host.run(test::property_set(offset, 0)).status, nvme::invalid_field);
    }
    CHECK_EQ(host.run(test::property_get(nvme::property_cap, false)).status, nvme::invalid_field);
    CHECK_EQ(host.run(test::property_get(nvme::property_csts, true)).status, nvme::invalid_field);
    CHECK_EQ(host.run(test::property_set(nvme::property_csts, 0)).status, nvme::invalid_field);
}

TEST_CASE("a reset sends the I/O queues away and lets new ones come") {
    Host host;
    const auto queue = host.fixture.connect_queue(*host.admin, 1);
    const uint16_t id = Fixture::controller_id(*host.admin);
    host.run(test::property_set(nvme::property_cc, 0));
    CHECK(queue->wait_disconnect());
    CHECK_FALSE(host.admin->disconnected());
    // As long as the queue's commands may be under way the controller is not said to be off.
    CHECK_EQ(host.property(nvme::property_csts), nvme::csts_ready);
    queue->close();
    CHECK_EQ(host.property(nvme::property_csts), 0u);
    host.run(test::property_set(nvme::property_cc, test::cc_on));
    CHECK_EQ(Fixture::controller_id(*host.admin), id);
    const auto again = host.fixture.connect_queue(*host.admin, 1);
    CHECK_EQ(again->run(test::blocks(nvme::IoOpcode::read, 0, 1)).status, nvme::success);
}

TEST_CASE("Identify refuses namespaces, structures and command sets it does not have") {
    Host host;
    for (const uint32_t id : {0u, 2u, 0xffffffffu}) {
        for (const IdentifyKind kind :
             {IdentifyKind::ns, IdentifyKind::ns_descriptors, IdentifyKind::command_set_ns}) {
            CHECK_EQ(host.run(test::identify(kind, id)).status, nvme::invalid_namespace);
        }
    }
    for (const uint32_t kind : {0x04u, 0x07u, 0x08u, 0x10u, 0x13u, 0x1cu, 0xffu}) {
        CHECK_EQ(host.run(test::identify(static_cast<IdentifyKind>(kind), 1)).status,
                 nvme::invalid_field);
    }
    for (const IdentifyKind kind :
         {IdentifyKind::command_set_ns, IdentifyKind::command_set_controller}) {
        nvme::Command command = test::identify(kind, 1);
        CHECK_EQ(host.run(command).status, nvme::success);
        command.cdw11 = 2u << 24;
        CHECK_EQ(host.run(command).status, nvme::invalid_field);
    }
}

TEST_CASE("the list of active namespaces begins behind the id that is asked for") {
    Host host;
    const auto first = [&](uint32_t after) {
        return host.run(test::identify(IdentifyKind::active_namespaces, after)).data[0];
    };
    CHECK_EQ(first(0), 1);
    CHECK_EQ(first(1), 0);
    CHECK_EQ(first(0xfffffffd), 0);
    for (const uint32_t after : {0xfffffffeu, 0xffffffffu}) {
        CHECK_EQ(host.run(test::identify(IdentifyKind::active_namespaces, after)).status,
                 nvme::invalid_namespace);
    }
}

TEST_CASE("I/O queues are granted up to the gateway's setting, before there are any") {
    Host host;
    const auto grant = [&](uint32_t value) {
        const Reply reply = host.run(test::set_feature(Feature::queue_count, value));
        REQUIRE_EQ(reply.status, nvme::success);
        return reply.result;
    };
    CHECK_EQ(host.get(Feature::queue_count), 0x00030003u);
    CHECK_EQ(grant(0x003f003f), 0x00030003u);
    CHECK_EQ(grant(0x00010003), 0x00010001u);
    CHECK_EQ(grant(0), 0u);
    CHECK_EQ(host.get(Feature::queue_count), 0u);
    CHECK_EQ(host.set(Feature::queue_count, 0xffff), nvme::invalid_field);
    CHECK_EQ(host.set(Feature::queue_count, 0xffff0000), nvme::invalid_field);

    // What was not granted cannot connect.
    Wire second(*host.fixture.target, *host.fixture.threads[0]);
    const auto data =
        test::connect_data(test::volume_nqn, test::host_nqn, Fixture::controller_id(*host.admin));
    CHECK_EQ(second.run(test::connect(2, 128), test::to_bytes(data)).result, 42u);
    const auto queue = host.fixture.connect_queue(*host.admin, 1);
    CHECK_EQ(host.set(Feature::queue_count, 0x00010001), nvme::command_sequence_error);
}

TEST_CASE("features keep what is set until a reset") {
    Host host;
    for (const Feature feature : {Feature::arbitration, Feature::write_atomicity}) {
        CHECK_EQ(host.get(feature), 0u);
        CHECK_EQ(host.set(feature, 1), nvme::success);
        CHECK_EQ(host.get(feature), 1u);
    }
    CHECK_EQ(host.set(Feature::error_recovery, 0xffff), nvme::success);
    CHECK_EQ(host.get(Feature::error_recovery), 0xffffu);
    CHECK_EQ(host.set(Feature::asynchronous_events, nvme::notice_namespace_attributes | 0xff),
             nvme::success);
    CHECK_EQ(host.get(Feature::asynchronous_events), nvme::notice_namespace_attributes | 0xff);
    host.run(test::property_set(nvme::property_cc, 0));
    host.run(test::property_set(nvme::property_cc, test::cc_on));
    CHECK_EQ(host.get(Feature::arbitration), 0u);
    CHECK_EQ(host.get(Feature::error_recovery), 0u);
    CHECK_EQ(host.get(Feature::asynchronous_events), 0u);
}

TEST_CASE("features refuse values they cannot have") {
    Host host;
    CHECK_EQ(host.set(Feature::error_recovery, 1u << 16), nvme::invalid_field);
    CHECK_EQ(host.set(Feature::power_management, 1), nvme::invalid_field);
    CHECK_EQ(host.set(Feature::power_management, 0), nvme::success);
    CHECK_EQ(host.set(Feature::asynchronous_events, nvme::notice_discovery_change),
             nvme::invalid_field);
    CHECK_EQ(host.set(Feature::temperature_threshold, 300), nvme::feature_not_changeable);
    CHECK_EQ(host.get(Feature::temperature_threshold), 0xffffu);
    CHECK_EQ(host.get(Feature::temperature_threshold, 1u << 20), 0u);
    CHECK_EQ(host.set(Feature::host_identifier, 1), nvme::command_sequence_error);
    for (const uint32_t unknown : {0x00u, 0x03u, 0x06u, 0x0eu, 0x16u, 0x82u, 0xffu}) {
        CHECK_EQ(host.set(static_cast<Feature>(unknown), 0), nvme::invalid_field);
        CHECK_EQ(host.run(test::get_feature(static_cast<Feature>(unknown))).status,
                 nvme::invalid_field);
    }
    nvme::Command save = test::set_feature(Feature::arbitration, 1);
    save.cdw10 = save.cdw10 | 1u << 31;
    CHECK_EQ(host.run(save).status, nvme::feature_not_saveable);
    nvme::Command select = test::get_feature(Feature::arbitration);
    select.cdw10 = select.cdw10 | 3u << 8;
    CHECK_EQ(host.run(select).status, nvme::invalid_field);
}

TEST_CASE("the keep-alive time and the host's identifier are those of Connect") {
    Host host;
    CHECK_EQ(host.get(Feature::keep_alive_timer), 10'000u);
    CHECK_EQ(host.set(Feature::keep_alive_timer, 20'000), nvme::success);
    CHECK_EQ(host.get(Feature::keep_alive_timer), 20'000u);
    const Reply id = host.run(test::get_feature(Feature::host_identifier, 1));
    CHECK((id.data == std::vector<uint8_t>(16, 0x11)));
    CHECK_EQ(host.run(test::get_feature(Feature::host_identifier)).status, nvme::invalid_field);
}

TEST_CASE("Keep Alive needs a timer to keep") {
    Host host;
    const nvme::Command keep_alive = test::admin(AdminOpcode::keep_alive);
    CHECK_EQ(host.run(keep_alive).status, nvme::success);
    CHECK_EQ(host.set(Feature::keep_alive_timer, 0), nvme::success);
    CHECK_EQ(host.run(keep_alive).status, nvme::keep_alive_timeout_invalid);
}

TEST_CASE("unknown admin and fabrics commands are refused for good") {
    Host host;
    for (const uint8_t opcode : {0x00, 0x01, 0x04, 0x05, 0x0d, 0x10, 0x14, 0x80, 0x81, 0xff}) {
        CHECK_EQ(host.run(test::admin(static_cast<AdminOpcode>(opcode))).status,
                 nvme::invalid_opcode);
    }
    for (const uint32_t type : {0x02u, 0x05u, 0x06u, 0x08u, 0xffu}) {
        CHECK_EQ(host.run(test::admin(AdminOpcode::fabrics, type)).status, nvme::invalid_opcode);
    }
    const nvme::Command again = test::connect(0, 32);
    CHECK_EQ(host.run(again).status, nvme::command_sequence_error);
}

TEST_CASE("Abort ends a waiting event request and leaves all else alone") {
    Host host;
    const Wire::Ticket waiting = host.admin->send(test::event_request(7));
    nvme::Command abort = test::admin(AdminOpcode::abort);
    abort.cdw10 = 8u << 16;
    CHECK_EQ(host.run(abort).result, 1u);
    abort.cdw10 = 1u | 7u << 16;  // On another queue.
    CHECK_EQ(host.run(abort).result, 1u);
    CHECK_FALSE(host.admin->answered(waiting));
    abort.cdw10 = 7u << 16;
    CHECK_EQ(host.run(abort).result, 0u);
    CHECK_EQ(host.admin->wait(waiting).status, nvme::command_aborted);
    CHECK_EQ(host.admin->wait(waiting).command_id, 7);
    CHECK_EQ(host.run(abort).result, 1u);
}

TEST_CASE("a discovery controller has what discovery needs and nothing else") {
    Fixture fixture;
    const auto admin = fixture.connect_discovery();
    const auto status = [&](const nvme::Command& command) { return admin->run(command).status; };
    CHECK_EQ(status(test::identify(IdentifyKind::active_namespaces)), nvme::invalid_field);
    CHECK_EQ(status(test::identify(IdentifyKind::ns, 1)), nvme::invalid_field);
    CHECK_EQ(status(test::set_feature(Feature::queue_count, 0)), nvme::invalid_field);
    CHECK_EQ(
        status(test::set_feature(Feature::asynchronous_events, nvme::notice_namespace_attributes)),
        nvme::invalid_field);
    CHECK_EQ(status(test::set_feature(Feature::asynchronous_events, nvme::notice_discovery_change)),
             nvme::success);
    CHECK_EQ(status(test::get_log(nvme::LogPage::smart, 512)), nvme::invalid_log_page);
    Wire queue(*fixture.target, *fixture.threads[0]);
    const auto data =
        test::connect_data(nvme::discovery_nqn, test::host_nqn, Fixture::controller_id(*admin));
    const Reply reply = queue.run(test::connect(1, 128), test::to_bytes(data));
    CHECK_EQ(reply.status, nvme::connect_invalid_parameters);
}
