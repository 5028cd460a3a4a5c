#include "initiator/load_generator.h"

#include <string>

#include "initiator/fake_controller.h"

namespace {

using fake::Bytes;
using initiator::LoadGenerator;
using initiator::LoadOptions;

LoadOptions options_for(const fake::Controller& controller) {
    LoadOptions options;
    options.port = controller.port();
    options.subsystem_nqn = "nqn.2024-01.test:volume";
    options.depth = 8;
    options.queues = 2;
    options.operations = 500;
    options.seconds = 60;
    return options;
}

struct Outcome {
    bool ok = false;
    std::string problem;
    std::string report;

    [[nodiscard]] bool says(const std::string& text) const {
        return report.find(text) != std::string::npos;
    }
};

Outcome run(const LoadOptions& options) {
    auto reactor = reactor::Reactor::create({});
    REQUIRE(reactor.has_value());
    LoadGenerator load(**reactor, options);
    struct : reactor::Task {
        LoadGenerator* load = nullptr;
    } start;
    start.load = &load;
    start.run = [](reactor::Task& task) { static_cast<decltype(start)&>(task).load->start(); };
    (*reactor)->post(start);
    (*reactor)->run();
    return {load.succeeded(), load.problem(), load.report()};
}

}  // namespace

TEST_CASE("as many operations are done as were asked for") {
    const fake::Controller controller;
    for (const uint64_t read_percent : {0, 30, 100}) {
        for (const bool sequential : {false, true}) {
            LoadOptions options = options_for(controller);
            options.read_percent = read_percent;
            options.sequential = sequential;
            const Outcome outcome = run(options);
            CHECK(outcome.ok);
            CHECK(outcome.says(R"("all":{"operations":500,)"));
            CHECK(outcome.says(R"("reads":{"operations":0,)") == (read_percent == 0));
            CHECK(outcome.says(R"("writes":{"operations":0,)") == (read_percent == 100));
        }
    }
}

TEST_CASE("a load by time ends, after a ramp that is not measured") {
    const fake::Controller controller;
    LoadOptions options = options_for(controller);
    options.operations = 0;
    options.seconds = 1;
    options.ramp_ms = 50;
    const Outcome outcome = run(options);
    CHECK(outcome.ok);
    CHECK(outcome.says(R"("seconds":1.)"));
}

TEST_CASE("a verified load on an honest controller finds everything") {
    const fake::Controller controller;
    LoadOptions options = options_for(controller);
    options.verify = true;
    options.read_percent = 20;
    options.block_bytes = 16384;
    const Outcome outcome = run(options);
    CHECK(outcome.ok);
    CHECK(outcome.says(R"("wrongBlocks":0)"));
    CHECK_FALSE(outcome.says(R"("checkedBlocks":0)"));
}

TEST_CASE("a verified load tells of a write that was acknowledged and dropped") {
    uint32_t writes = 0;
    const fake::Controller controller([&](fake::Peer& peer, const Bytes& pdu) {
        if (fake::is_command(pdu, 0x01) && ++writes == 500) {
            peer.respond(fake::command_of(pdu).command_id);
            return true;
        }
        return false;
    });
    LoadOptions options = options_for(controller);
    options.verify = true;
    const Outcome outcome = run(options);
    CHECK_FALSE(outcome.ok);
    CHECK(outcome.problem.empty());
    CHECK(outcome.says(R"("wrongBlocks":1,)"));
}

TEST_CASE("a verified load goes on over lost connections") {
    uint32_t seen = 0;
    const fake::Controller controller([&](fake::Peer& peer, const Bytes& pdu) {
        if (pdu[0] == 4 && ++seen % 300 == 0) {
            peer.end();
            return true;
        }
        return false;
    });
    LoadOptions options = options_for(controller);
    options.verify = true;
    options.read_percent = 10;
    options.reconnect_seconds = 30;
    const Outcome outcome = run(options);
    CHECK(outcome.problem.empty());
    CHECK(outcome.ok);
    CHECK_FALSE(outcome.says(R"("reconnects":0)"));
    CHECK_FALSE(outcome.says(R"("lostCommands":0)"));
}

TEST_CASE("without leave to reconnect a lost connection ends the load with a sentence") {
    uint32_t seen = 0;
    const fake::Controller controller([&](fake::Peer& peer, const Bytes&) {
        if (++seen == 100) {
            peer.end();
        }
        return seen >= 100;
    });
    const Outcome outcome = run(options_for(controller));
    CHECK_FALSE(outcome.ok);
    // Whether a send or a receive sees it first is chance.
    CHECK(outcome.problem.starts_with("a queue closed: the conn") !=
          outcome.problem.starts_with("a queue closed: the controller closed"));
}

TEST_CASE("a failed command ends the load with a sentence") {
    const fake::Controller controller([](fake::Peer& peer, const Bytes& pdu) {
        if (!fake::is_command(pdu, 0x01)) {
            return false;
        }
        peer.respond(fake::command_of(pdu).command_id, 0x281);
        return true;
    });
    LoadOptions options = options_for(controller);
    options.sequential = true;
    options.queues = 1;
    const Outcome outcome = run(options);
    CHECK_FALSE(outcome.ok);
    CHECK(outcome.problem == "A write at block 0 failed: OK, NVMe status 281h.");
}

TEST_CASE("options that do not fit the namespace are refused with a sentence") {
    const fake::Controller controller;
    LoadOptions options = options_for(controller);
    options.block_bytes = 262'144;
    CHECK(run(options).problem ==
          "--block-bytes is more than the 131072 bytes that the controller moves with one "
          "command.");
    options = options_for(controller);
    options.span_bytes = uint64_t{8} << 20;
    CHECK(run(options).problem ==
          "--offset and --span do not fit into the namespace of 4194304 bytes.");
    options = options_for(controller);
    options.span_bytes = 65536;
    options.verify = true;
    CHECK(run(options).problem ==
          "--verify needs a --span of at least two commands for each in flight, and of 256 GiB at "
          "most.");
}
