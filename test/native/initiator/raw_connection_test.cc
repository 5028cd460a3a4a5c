#include "initiator/raw_connection.h"

#include "initiator/commands.h"
#include "initiator/fake_controller.h"

namespace {

using initiator::Bytes;
using initiator::RawConnection;
using initiator::RawPdu;
namespace tcp = nvme::tcp;

std::unique_ptr<RawConnection> connect(const fake::Controller& controller) {
    auto made = RawConnection::open("127.0.0.1", controller.port());
    REQUIRE(made.has_value());
    return std::move(made.value());
}

}  // namespace

TEST_CASE("a raw connection speaks like a good host when it wants to") {
    for (const bool digests : {false, true}) {
        const fake::Controller controller;
        auto raw = connect(controller);
        REQUIRE(raw->negotiate(digests, digests));
        CHECK(raw->wire().h2c_data_bytes_max == fake::Controller::h2c_data_bytes_max);
        CHECK(raw->send(initiator::connect_pdu(raw->wire(), "nqn.s", "nqn.h")));
        const RawPdu connected = raw->receive();
        REQUIRE(connected.is(tcp::PduType::response));
        CHECK(connected.as<tcp::ResponsePdu>().completion.result ==
              fake::Controller::controller_id);

        const Bytes data(16384, 9);
        const auto write = initiator::write_blocks(1, 0, 4);
        CHECK(
            raw->send_in_pieces(initiator::transfer_command_pdu(raw->wire(), write, 3, 16384), 5));
        const RawPdu ready = raw->receive();
        REQUIRE(ready.is(tcp::PduType::ready_to_transfer));
        const auto& asked = ready.as<tcp::ReadyToTransferPdu>();
        CHECK(raw->send(
            initiator::h2c_data_pdu(raw->wire(), {3, asked.transfer_tag, 0, 16384, true}, data)));
        const RawPdu done = raw->receive();
        REQUIRE(done.is(tcp::PduType::response));
        CHECK(done.as<tcp::ResponsePdu>().completion.status == 0);
    }
}

TEST_CASE("a raw connection sends nonsense, and sees the peer close") {
    const fake::Controller controller;
    auto raw = connect(controller);
    Bytes nonsense(24, 0xee);
    nonsense[4] = 24;
    nonsense[5] = nonsense[6] = nonsense[7] = 0;
    CHECK(raw->send(nonsense));
    CHECK(raw->receive().outcome == RawPdu::Outcome::closed);
    CHECK(raw->wait_closed());
}

TEST_CASE("waiting for what does not come ends in time") {
    const fake::Controller controller;
    auto raw = connect(controller);
    CHECK(raw->receive(10).outcome == RawPdu::Outcome::timed_out);
    CHECK_FALSE(raw->wait_closed(10));
    raw->shut_down_sending();
    CHECK(raw->wait_closed());
}

TEST_CASE("an address that is none, and a port nobody listens at, are refused") {
    CHECK_FALSE(RawConnection::open("localhost", 1).has_value());
    CHECK_FALSE(RawConnection::open("127.0.0.1", 1).has_value());
}
