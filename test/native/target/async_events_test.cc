#include <doctest/doctest.h>

#include "target/harness.h"

using nvme::LogPage;
using test::block_count_default;
using test::Fixture;
using test::Reply;
using test::Wire;

namespace {

// A controller that wants to hear of its namespace.
struct Host {
    Fixture fixture;
    std::unique_ptr<Wire> admin = fixture.connect_volume();

    explicit Host(uint32_t notices = nvme::notice_namespace_attributes) {
        REQUIRE_EQ(
            admin->run(test::set_feature(nvme::Feature::asynchronous_events, notices)).status,
            nvme::success);
    }
    Reply changed(bool retain = false) {
        return admin->run(test::get_log(LogPage::changed_namespaces, 4096, 0, retain));
    }
    // Lets what was posted to the reactor happen.
    void settle() {
        fixture.threads[0]->call([] {});
    }
};

}  // namespace

TEST_CASE("a grown volume is announced, named in log page 04h and seen by Identify") {
    Host host;
    const Wire::Ticket event = host.admin->send(test::event_request(31));
    host.fixture.resize(block_count_default + 100);
    const Reply reply = host.admin->wait(event);
    CHECK_EQ(reply.status, nvme::success);
    CHECK_EQ(reply.result, 0x00040002u);
    CHECK_EQ(reply.command_id, 31);
    CHECK_EQ(host.changed(true).data[0], 1);
    CHECK_EQ(host.changed().data[0], 1);
    CHECK_EQ(host.changed().data[0], 0);
    const auto ns = host.admin->run(test::identify(nvme::IdentifyKind::ns, 1));
    CHECK_EQ(ns.as<nvme::IdentifyNamespace>().size, block_count_default + 100);
    const auto io = host.fixture.connect_queue(*host.admin);
    CHECK_EQ(io->run(test::blocks(nvme::IoOpcode::read, block_count_default + 99, 1)).status,
             nvme::success);
}

TEST_CASE("an event waits for a request, and the next for its log page to be read") {
    Host host;
    host.fixture.resize(block_count_default + 1);
    host.settle();
    CHECK_EQ(host.admin->run(test::event_request(1)).result, 0x00040002u);

    const Wire::Ticket second = host.admin->send(test::event_request(2));
    host.fixture.resize(block_count_default + 2);
    host.settle();
    CHECK_FALSE(host.admin->answered(second));
    host.changed(true);
    host.fixture.resize(block_count_default + 3);
    host.settle();
    CHECK_FALSE(host.admin->answered(second));
    host.changed();
    host.settle();
    CHECK_FALSE(host.admin->answered(second));
    host.fixture.resize(block_count_default + 4);
    CHECK_EQ(host.admin->wait(second).result, 0x00040002u);
}

TEST_CASE("an event that nobody asked for is not sent, but the log page has it") {
    Host host(0);
    const Wire::Ticket event = host.admin->send(test::event_request(1));
    host.fixture.resize(block_count_default + 1);
    host.settle();
    CHECK_FALSE(host.admin->answered(event));
    CHECK_EQ(host.changed().data[0], 1);
}

TEST_CASE("one event request more than the limit is refused, the others wait on") {
    Host host;
    std::vector<Wire::Ticket> waiting;
    for (uint16_t id = 0; id < base::limits::aer_per_controller_max; ++id) {
        waiting.push_back(host.admin->send(test::event_request(id)));
    }
    CHECK_EQ(host.admin->run(test::event_request(99)).status, nvme::event_limit_exceeded);
    host.fixture.resize(block_count_default + 1);
    CHECK_EQ(host.admin->wait(waiting[0]).status, nvme::success);
    CHECK_FALSE(host.admin->answered(waiting[1]));
}

TEST_CASE("a reset aborts waiting event requests and forgets what has happened") {
    Host host;
    const Wire::Ticket event = host.admin->send(test::event_request(1));
    host.admin->run(test::property_set(nvme::property_cc, 0));
    CHECK_EQ(host.admin->wait(event).status, nvme::command_aborted);
    host.fixture.resize(block_count_default + 1);
    host.settle();
    host.admin->run(test::property_set(nvme::property_cc, test::cc_on));
    const Wire::Ticket again = host.admin->send(test::event_request(1));
    host.settle();
    CHECK_FALSE(host.admin->answered(again));
}

TEST_CASE("a discovery controller is told when its host's entries change") {
    Fixture fixture;
    const auto admin = fixture.connect_discovery(test::host_nqn, 30'000);
    REQUIRE_EQ(admin
                   ->run(test::set_feature(nvme::Feature::asynchronous_events,
                                           nvme::notice_discovery_change))
                   .status,
               nvme::success);
    const Wire::Ticket event = admin->send(test::event_request(5));
    REQUIRE(
        fixture.target->set_discovery({{test::other_host_nqn, test::volume_nqn, "10.0.0.1", 4420}})
            .ok());
    fixture.threads[0]->call([] {});
    CHECK_FALSE(admin->answered(event));
    REQUIRE(
        fixture.target->set_discovery({{test::host_nqn, test::volume_nqn, "10.0.0.1", 4420}}).ok());
    CHECK_EQ(admin->wait(event).result, 0x0070f002u);
    const Wire::Ticket next = admin->send(test::event_request(6));
    REQUIRE_EQ(admin->run(test::get_log(LogPage::discovery, 1024)).status, nvme::success);
    REQUIRE(fixture.target->set_discovery({}).ok());
    CHECK_EQ(admin->wait(next).result, 0x0070f002u);
}
