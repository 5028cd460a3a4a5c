#include "initiator/host.h"

#include <cstring>

#include "initiator/blocking_host.h"
#include "initiator/fake_controller.h"

namespace {

using fake::Bytes;
using initiator::BlockingHost;
using initiator::HostOptions;

std::unique_ptr<BlockingHost> make() {
    auto made = BlockingHost::create();
    REQUIRE(made.has_value());
    return std::move(made.value());
}

HostOptions options_for(const fake::Controller& controller) {
    HostOptions options;
    options.address = "127.0.0.1";
    options.port = controller.port();
    options.subsystem_nqn = "nqn.2024-01.test:volume";
    options.host_nqn = "nqn.2024-01.test:host";
    options.timeout_ms = 5'000;
    return options;
}

Bytes pattern(size_t bytes, uint8_t seed) {
    Bytes data(bytes);
    for (size_t i = 0; i < bytes; ++i) {
        data[i] = static_cast<uint8_t>(seed + i * 7 + (i >> 8));
    }
    return data;
}

}  // namespace

TEST_CASE("a host connects, learns what it talks to, and disconnects") {
    const fake::Controller controller;
    auto host = make();
    HostOptions options = options_for(controller);
    options.io_queues = 8;
    REQUIRE(host->connect(options));
    const initiator::HostFacts& facts = host->facts();
    CHECK(facts.controller_id == fake::Controller::controller_id);
    CHECK(std::strcmp(facts.serial, "serial-1") == 0);
    CHECK(std::strcmp(facts.model, "fake model") == 0);
    CHECK(facts.transfer_bytes_max == 128 * 1024);
    CHECK(facts.in_capsule_bytes == 8192);
    CHECK(facts.block_count == fake::Controller::blocks);
    CHECK(facts.block_bytes == 4096);
    CHECK(host->io_queue_count() == 2);  // As many as were granted.
    host->disconnect();
    CHECK_FALSE(host->connected());
    CHECK(host->failure().status.code() == base::Errc::closed);
}

TEST_CASE("what is written is read back, in capsules and by R2T, with every digest setting") {
    const fake::Controller controller;
    for (const int digests : {0, 1, 2, 3}) {
        CAPTURE(digests);
        auto host = make();
        HostOptions options = options_for(controller);
        options.header_digest = (digests & 1) != 0;
        options.data_digest = (digests & 2) != 0;
        REQUIRE(host->connect(options));
        for (const uint32_t blocks : {1u, 2u, 3u, 32u}) {
            const Bytes data = pattern(blocks * size_t{4096}, static_cast<uint8_t>(blocks));
            Bytes back(data.size());
            CHECK(host->write(blocks * 4, data).ok());
            const auto answer = host->read(blocks * 4, back);
            CHECK(answer.ok());
            CHECK(answer.received_bytes == back.size());
            CHECK(back == data);
        }
    }
}
