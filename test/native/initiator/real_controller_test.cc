#include <string>

#include "initiator/load_generator.h"
#include "transport/tcp/test_gateway.h"

namespace {

using test_gateway::Gateway;

// Runs a verified load against the gateway; what it says went wrong.
std::string run(const Gateway& gateway, initiator::LoadOptions options) {
    options.port = gateway.port();
    options.subsystem_nqn = test_gateway::subsystem_nqn;
    options.host_nqn = test_gateway::host_nqn;
    options.verify = true;
    options.seconds = 60;
    auto reactor = reactor::Reactor::create({});
    REQUIRE(reactor.has_value());
    initiator::LoadGenerator load(**reactor, options);
    struct : reactor::Task {
        initiator::LoadGenerator* load = nullptr;
    } start;
    start.load = &load;
    start.run = [](reactor::Task& task) { static_cast<decltype(start)&>(task).load->start(); };
    (*reactor)->post(start);
    (*reactor)->run();
    return load.succeeded() ? "" : load.report();
}

}  // namespace

TEST_CASE("a verified load on a real controller finds everything, with every digest setting") {
    const Gateway gateway;
    for (const int digests : {0, 1, 2, 3}) {
        CAPTURE(digests);
        initiator::LoadOptions options;
        options.header_digest = (digests & 1) != 0;
        options.data_digest = (digests & 2) != 0;
        options.depth = 64;
        options.read_percent = 30;
        options.operations = 3'000;
        CHECK(run(gateway, options).empty());
    }
}

TEST_CASE("a verified load of large blocks on many queues of a real controller finds everything") {
    test_gateway::Settings settings;
    settings.reactors = 2;
    const Gateway gateway(settings);
    for (const uint64_t block_bytes : {8'192, 12'288, 131'072, 262'144}) {
        CAPTURE(block_bytes);
        initiator::LoadOptions options;
        options.queues = 4;
        options.depth = 8;
        options.block_bytes = block_bytes;
        options.read_percent = 50;
        options.operations = 500;
        CHECK(run(gateway, options).empty());
    }
}
