// A host made by hand: an admin queue and one I/O queue that send whatever a test wants.
#pragma once

#include <cstdint>
#include <doctest/doctest.h>
#include <memory>
#include <span>

#include "initiator/commands.h"
#include "initiator/raw_connection.h"
#include "nvme/fabrics.h"
#include "nvme/properties.h"
#include "nvme/tcp_pdu.h"
#include "transport/tcp/host_pdus.h"
#include "transport/tcp/test_gateway.h"

namespace test_gateway {

using initiator::RawConnection;
using initiator::RawPdu;
using nvme::tcp::PduType;

// Status code and type of a response, without do-not-retry; 0xffff when it is none.
inline uint16_t status_of(const RawPdu& pdu) {
    if (!pdu.is(PduType::response)) {
        return 0xffff;
    }
    return (pdu.as<nvme::tcp::ResponsePdu>().completion.status >> 1) & 0x7ff;
}

// What the controller names as the reason when it ends the connection; 0 when it does not.
inline uint16_t fatal_error_of(const RawPdu& pdu) {
    return pdu.is(PduType::c2h_terminate) ? pdu.as<nvme::tcp::TerminatePdu>().error : 0;
}

struct RawOptions {
    host_pdus::Digests digests = {};
    uint16_t io_entries = 32;
    uint8_t alignment = 0;            // Without digests only.
    bool flow_control = true;         // Of the submission queues.
    uint32_t keep_alive_ms = 60'000;  // Of the controller.
};

struct RawController {
    std::unique_ptr<RawConnection> admin;
    std::unique_ptr<RawConnection> io;
    uint16_t id = 0xffff;

    explicit RawController(const Gateway& gateway, const RawOptions& options = {}) {
        nvme::Completion connected;
        admin = connect(gateway, options, 0, connected);
        id = static_cast<uint16_t>(connected.result);
        constexpr uint32_t enabled = nvme::cc_enable | nvme::cc_sq_entry_64 | nvme::cc_cq_entry_16;
        REQUIRE(admin->send(initiator::command_pdu(
            admin->wire(), initiator::property_set(nvme::property_cc, enabled), 1)));
        REQUIRE(status_of(admin->receive()) == 0);
        io = connect(gateway, options, 1, connected);
        CHECK((connected.sq_head == 0xffff) == !options.flow_control);
    }

    [[nodiscard]] std::unique_ptr<RawConnection> connect(const Gateway& gateway,
                                                         const RawOptions& options,
                                                         uint16_t queue_id,
                                                         nvme::Completion& connected) const {
        auto connection = gateway.dial();
        if (options.alignment == 0) {
            REQUIRE(connection->negotiate(options.digests.header, options.digests.data));
        } else {
            REQUIRE(connection->send(host_pdus::ic_request({}, options.alignment)));
            REQUIRE(connection->receive().is(PduType::ic_response));
        }
        constexpr uint32_t no_flow_control = 1u << 18;
        auto command = initiator::connect_command(
            queue_id, queue_id == 0 ? 32 : options.io_entries, options.keep_alive_ms);
        command.cdw11 = command.cdw11 | (options.flow_control ? 0 : no_flow_control);
        nvme::ConnectData data;
        initiator::fill_connect_data(data, {}, id, subsystem_nqn, host_nqn);
        REQUIRE(connection->send(
            initiator::command_pdu(connection->wire(),
                                   command,
                                   0,
                                   {reinterpret_cast<const uint8_t*>(&data), sizeof data})));
        const RawPdu response = connection->receive();
        REQUIRE(status_of(response) == 0);
        connected = response.as<nvme::tcp::ResponsePdu>().completion;
        return connection;
    }

    // A write that carries its data.
    [[nodiscard]] host_pdus::Bytes write(uint16_t command_id,
                                         uint64_t first_block,
                                         std::span<const uint8_t> data) const {
        return initiator::command_pdu(
            io->wire(),
            initiator::write_blocks(1, first_block, static_cast<uint32_t>(data.size() / block)),
            command_id,
            data);
    }
    // A write whose data the controller asks for.
    [[nodiscard]] host_pdus::Bytes write_by_transfer(uint16_t command_id,
                                                     uint64_t first_block,
                                                     uint32_t block_count) const {
        return initiator::transfer_command_pdu(io->wire(),
                                               initiator::write_blocks(1, first_block, block_count),
                                               command_id,
                                               block_count * block);
    }
    [[nodiscard]] host_pdus::Bytes read(uint16_t command_id,
                                        uint64_t first_block,
                                        uint32_t block_count) const {
        return initiator::transfer_command_pdu(io->wire(),
                                               initiator::read_blocks(1, first_block, block_count),
                                               command_id,
                                               block_count * block);
    }
    [[nodiscard]] host_pdus::Bytes data(uint16_t command_id,
                                        uint16_t tag,
                                        uint32_t offset,
                                        std::span<const uint8_t> bytes,
                                        bool last) const {
        return initiator::h2c_data_pdu(
            io->wire(),
            {command_id, tag, offset, static_cast<uint32_t>(bytes.size()), last},
            bytes);
    }
    // Sends a write by transfer and answers the tag of its R2T.
    [[nodiscard]] uint16_t begin_write(uint16_t command_id,
                                       uint64_t first_block,
                                       uint32_t block_count) const {
        REQUIRE(io->send(write_by_transfer(command_id, first_block, block_count)));
        const RawPdu ready = io->receive();
        REQUIRE(ready.is(PduType::ready_to_transfer));
        const auto& asked = ready.as<nvme::tcp::ReadyToTransferPdu>();
        CHECK(asked.command_id == command_id);
        CHECK(asked.offset == 0);
        CHECK(asked.bytes == block_count * block);
        return asked.transfer_tag;
    }
};

}  // namespace test_gateway
