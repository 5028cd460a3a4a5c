#include "initiator/queue.h"

#include <functional>
#include <string>

#include "initiator/blocking_host.h"
#include "initiator/fake_controller.h"

namespace {

using fake::Bytes;
using fake::Peer;
namespace tcp = nvme::tcp;

// What a hook does with the first command of an opcode; others are answered well.
fake::Controller::Hook on_command(uint8_t opcode,
                                  const std::function<void(Peer&, const nvme::Command&)>& act) {
    return [=, done = false](Peer& peer, const Bytes& pdu) mutable {
        if (done || !fake::is_command(pdu, opcode)) {
            return false;
        }
        done = true;
        act(peer, fake::command_of(pdu));
        return true;
    };
}

struct Session {
    explicit Session(const fake::Controller::Hook& hook, bool digests = false) : controller(hook) {
        auto made = initiator::BlockingHost::create();
        REQUIRE(made.has_value());
        host = std::move(made.value());
        initiator::HostOptions options;
        options.address = "127.0.0.1";
        options.port = controller.port();
        options.data_digest = digests;
        options.timeout_ms = 5'000;
        REQUIRE(host->connect(options));
    }
    // The reason the connection ended for.
    std::string reason() {
        REQUIRE(host->wait_closed(5'000));
        return host->failure().reason;
    }
    fake::Controller controller;
    std::unique_ptr<initiator::BlockingHost> host;
    Bytes data = Bytes(16384, 0x77);
};

constexpr uint8_t write_opcode = 0x01;
constexpr uint8_t read_opcode = 0x02;
const std::string out_of_order = "the controller sent data out of order";
const std::string asked_out_of_order = "the controller asked for data out of order";

}  // namespace

TEST_CASE("data that a command did not ask for end the connection") {
    const std::function<void(Peer&, const nvme::Command&)> wrong[] = {
        // More than asked for.
        [](Peer& peer, const nvme::Command& command) {
            peer.send_data(command.command_id, Bytes(20480));
        },
        // For a command that does not exist.
        [](Peer& peer, const nvme::Command& command) {
            peer.send_data(command.command_id + 1, Bytes(4096));
        },
        // For an id beyond the queue.
        [](Peer& peer, const nvme::Command&) { peer.send_data(9999, Bytes(4096)); },
        // Success without being the last.
        [](Peer& peer, const nvme::Command& command) {
            const Bytes data(4096);
            peer.send_data(command.command_id, data.data(), 4096, tcp::flag_success);
        },
        // The same data twice: the second is not at the offset that is due.
        [](Peer& peer, const nvme::Command& command) {
            const Bytes data(4096);
            peer.send_data(command.command_id, data.data(), 4096, 0);
            peer.send_data(command.command_id, data.data(), 4096, tcp::flag_last);
        },
    };
    for (const auto& act : wrong) {
        Session session(on_command(read_opcode, act));
        CHECK(session.host->read(0, session.data).status.code() == base::Errc::corrupt);
        CHECK(session.reason() == out_of_order);
    }
}

TEST_CASE("data sent for a write end the connection") {
    Session session(on_command(write_opcode, [](Peer& peer, const nvme::Command& command) {
        peer.send_data(command.command_id, Bytes(4096));
    }));
    CHECK(session.host->write(0, session.data).status.code() == base::Errc::corrupt);
    CHECK(session.reason() == out_of_order);
}

TEST_CASE("an R2T beyond the data, of nothing, or out of order ends the connection") {
    struct Asked {
        uint32_t offset;
        uint32_t bytes;
    };
    for (const Asked asked : {Asked{0, 20480}, Asked{0, 0}, Asked{4096, 4096}, Asked{16384, 1}}) {
        CAPTURE(asked.offset);
        Session session(on_command(write_opcode, [=](Peer& peer, const nvme::Command& command) {
            peer.ask_for_data(command.command_id, asked.offset, asked.bytes);
        }));
        CHECK_FALSE(session.host->write(0, session.data).ok());
        CHECK(session.reason() == asked_out_of_order);
    }
}

TEST_CASE("an R2T for in-capsule data or for a read ends the connection") {
    Session writing(on_command(write_opcode, [](Peer& peer, const nvme::Command& command) {
        peer.ask_for_data(command.command_id, 0, 4096);
    }));
    CHECK_FALSE(writing.host->write(0, {writing.data.data(), 4096}).ok());
    CHECK(writing.reason() == asked_out_of_order);
    Session reading(on_command(read_opcode, [](Peer& peer, const nvme::Command& command) {
        peer.ask_for_data(command.command_id, 0, 4096);
    }));
    CHECK_FALSE(reading.host->read(0, reading.data).ok());
    CHECK(reading.reason() == asked_out_of_order);
}

TEST_CASE("a write whose data are asked for in parts arrives whole") {
    uint32_t asked = 0;
    Bytes arrived;
    Session session([&](Peer& peer, const Bytes& pdu) {
        if (fake::is_command(pdu, write_opcode)) {
            peer.ask_for_data(fake::command_of(pdu).command_id, 0, 10'000);
            return true;
        }
        if (pdu[0] != static_cast<uint8_t>(tcp::PduType::h2c_data)) {
            return false;
        }
        const auto& data = *reinterpret_cast<const tcp::DataPdu*>(pdu.data());
        CHECK(data.offset == arrived.size());
        CHECK(data.bytes <= fake::Controller::h2c_data_bytes_max);
        const auto first = pdu.begin() + data.header.data_offset;
        arrived.insert(arrived.end(), first, first + data.bytes);
        if (arrived.size() == 16384) {
            peer.respond(data.command_id);
        } else if ((data.header.flags & tcp::flag_last) != 0) {
            peer.ask_for_data(data.command_id, 10'000, 6'384);
            ++asked;
        }
        return true;
    });
    CHECK(session.host->write(0, session.data).ok());
    CHECK(asked == 1);
    CHECK(arrived == session.data);
}

TEST_CASE("a write refused before its data are sent is told with the status") {
    Session session(on_command(write_opcode, [](Peer& peer, const nvme::Command& command) {
        peer.respond(command.command_id, 0x80);
    }));
    CHECK(session.host->write(0, session.data).nvme_status == 0x80);
    CHECK(session.host->connected());
}

TEST_CASE("an answer to no command ends the connection") {
    Session session(on_command(read_opcode, [](Peer& peer, const nvme::Command& command) {
        peer.respond(command.command_id + 1);
    }));
    CHECK_FALSE(session.host->read(0, session.data).ok());
    CHECK(session.reason() == "the controller answered a command that is not outstanding");
}

TEST_CASE("a read whose data digest is wrong fails alone") {
    Session session(on_command(read_opcode,
                               [](Peer& peer, const nvme::Command& command) {
                                   Bytes data(16384, 1);
                                   tcp::DataPdu pdu{};
                                   pdu.header = {
                                       tcp::PduType::c2h_data,
                                       tcp::flag_last | tcp::flag_success | tcp::flag_data_digest,
                                       24,
                                       24,
                                       {}};
                                   pdu.header.pdu_bytes = 24 + 16384 + 4;
                                   pdu.command_id = command.command_id;
                                   pdu.bytes = 16384;
                                   peer.send(&pdu, sizeof(pdu));
                                   data.resize(16384 + 4);
                                   peer.send(data);
                               }),
                    true);
    CHECK(session.host->read(0, session.data).status.code() == base::Errc::checksum_wrong);
    CHECK(session.host->read(0, session.data).ok());
}

TEST_CASE("a fatal error of the controller is told with its number") {
    Session session(on_command(read_opcode, [](Peer& peer, const nvme::Command&) {
        tcp::TerminatePdu end{};
        end.header = {tcp::PduType::c2h_terminate, 0, 24, 0, {}};
        end.header.pdu_bytes = 24;
        end.error = 3;
        peer.send(&end, sizeof(end));
    }));
    CHECK_FALSE(session.host->read(0, session.data).ok());
    REQUIRE(session.host->wait_closed(5'000));
    CHECK(session.host->failure().fatal_error == 3);
}

TEST_CASE("an ICResp that is not what was asked for is refused") {
    const auto with = [](const std::function<void(tcp::IcResponse&)>& spoil) {
        const fake::Controller controller([spoil](Peer& peer, const Bytes& pdu) {
            if (pdu[0] != 0) {
                return false;
            }
            tcp::IcResponse response{};
            response.header = {tcp::PduType::ic_response, 0, 128, 0, {}};
            response.header.pdu_bytes = 128;
            response.h2c_data_bytes_max = 4096;
            spoil(response);
            peer.send(&response, sizeof(response));
            return true;
        });
        auto host = std::move(initiator::BlockingHost::create().value());
        initiator::HostOptions options;
        options.address = "127.0.0.1";
        options.port = controller.port();
        return host->connect(options) ? std::string() : std::string(host->failure().reason);
    };
    CHECK(with([](tcp::IcResponse&) {}).empty());
    const std::string refused = "the controller's ICResp is not acceptable";
    CHECK(with([](tcp::IcResponse& response) { response.version = 1; }) == refused);
    CHECK(with([](tcp::IcResponse& response) { response.digests = 1; }) == refused);
    CHECK(with([](tcp::IcResponse& response) { response.alignment = 32; }) == refused);
    CHECK(with([](tcp::IcResponse& response) { response.h2c_data_bytes_max = 4095; }) == refused);
    CHECK(with([](tcp::IcResponse& response) { response.h2c_data_bytes_max = 4098; }) == refused);
}
