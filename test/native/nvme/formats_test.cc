// The bytes of each structure: a value in every field that the engine uses, at the offset that the
// specification gives it.
#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <map>
#include <vector>

#include "nvme/dataset.h"
#include "nvme/fabrics.h"
#include "nvme/identify.h"
#include "nvme/log_page.h"
#include "nvme/opcodes.h"
#include "nvme/properties.h"

namespace {

using Bytes = std::vector<uint8_t>;
using Golden = std::map<size_t, Bytes>;  // What is not zero, by offset.

template <typename T>
bool is_golden(const T& value, const Golden& golden) {
    Bytes expected(sizeof value);
    for (const auto& [offset, bytes] : golden) {
        std::copy(bytes.begin(), bytes.end(), expected.begin() + static_cast<ptrdiff_t>(offset));
    }
    return std::memcmp(&value, expected.data(), sizeof value) == 0;
}

}  // namespace

TEST_CASE("a command and a completion") {
    nvme::Command command{};
    command.opcode = 0x02;
    command.flags = 0x40;
    command.command_id = 0x1234;
    command.namespace_id = 1;
    command.sgl.address = 0x1122334455667788;
    command.sgl.length = 0x1000;
    command.sgl.identifier = 0x5a;
    command.cdw10 = 0xa0a1a2a3;
    command.cdw12 = 0x3f;
    command.cdw15 = 0xff;
    CHECK(is_golden(command,
                    {{0, {0x02, 0x40, 0x34, 0x12, 1}},
                     {24, {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0, 0x10}},
                     {39, {0x5a}},
                     {40, {0xa3, 0xa2, 0xa1, 0xa0}},
                     {48, {0x3f}},
                     {60, {0xff}}}));
    nvme::Completion completion{};
    completion.result = 0x0102030405060708;
    completion.sq_head = 5;
    completion.command_id = 0x1234;
    completion.status = 0x8004;
    CHECK(is_golden(completion, {{0, {8, 7, 6, 5, 4, 3, 2, 1, 5}}, {12, {0x34, 0x12, 4, 0x80}}}));
}

TEST_CASE("Connect's command and data") {
    nvme::ConnectCommand command{};
    command.opcode = nvme::fabrics_opcode;
    command.type = static_cast<uint8_t>(nvme::FabricsType::connect);
    command.queue_id = 3;
    command.entries_less_one = 127;
    command.attributes = nvme::connect_flow_control_off;
    command.keep_alive_ms = 5000;
    CHECK(is_golden(
        command, {{0, {0x7f}}, {4, {1}}, {42, {3}}, {44, {127}}, {46, {4}}, {48, {0x88, 0x13}}}));
    nvme::ConnectData data{};
    data.host_id[0] = 0xaa;
    data.controller_id = nvme::controller_id_dynamic;
    data.subsystem_nqn[0] = 's';
    data.host_nqn[0] = 'h';
    CHECK(is_golden(data, {{0, {0xaa}}, {16, {0xff, 0xff}}, {256, {'s'}}, {512, {'h'}}}));
    CHECK_EQ(nvme::invalid_connect_data(256), 0x10100u);
    CHECK_EQ(nvme::invalid_connect_command(44), 44u);
}

TEST_CASE("a property command") {
    nvme::PropertyCommand command{};
    command.opcode = nvme::fabrics_opcode;
    command.type = static_cast<uint8_t>(nvme::FabricsType::property_get);
    command.size = nvme::property_eight_bytes;
    command.offset = nvme::property_csts;
    command.value = 0x0102030405060708;
    CHECK(is_golden(
        command, {{0, {0x7f}}, {4, {4}}, {40, {1}}, {44, {0x1c}}, {48, {8, 7, 6, 5, 4, 3, 2, 1}}}));
    CHECK_EQ(nvme::capabilities(128, 15), 0x000000200f01007fu);
    CHECK_EQ(nvme::version_1_4, 0x00010400u);
}

TEST_CASE("Identify Controller") {
    nvme::IdentifyController id{};
    id.serial[0] = 's';
    id.model[0] = 'm';
    id.firmware_revision[0] = 'f';
    id.multiple_paths = nvme::paths_many_controllers;
    id.transfer_shift = 6;
    id.controller_id = 0x0102;
    id.version = nvme::version_1_4;
    id.optional_events = nvme::notice_namespace_attributes;
    id.attributes = nvme::attribute_host_id_128 | nvme::attribute_traffic_keep_alive;
    id.controller_type = nvme::controller_type_io;
    id.abort_limit = 3;
    id.event_request_limit = 4;
    id.firmware_updates = nvme::firmware_one_fixed_slot;
    id.log_page_attributes = nvme::log_command_effects | nvme::log_extended_data;
    id.error_log_entries = 15;
    id.keep_alive_granularity = 1;
    id.sq_entry_bytes = 0x66;
    id.cq_entry_bytes = 0x44;
    id.commands_max = 128;
    id.namespace_count = 1;
    id.optional_commands =
        nvme::optional_compare | nvme::optional_dataset_management | nvme::optional_write_zeroes;
    id.volatile_write_cache = nvme::no_volatile_cache;
    id.sgl_support = nvme::sgl_supported | nvme::sgl_in_capsule_offset | nvme::sgl_transport_block;
    id.subsystem_nqn[0] = 'n';
    id.command_capsule_units = 516;
    id.response_capsule_units = 1;
    id.descriptors_max = 1;
    CHECK(is_golden(id,
                    {{4, {'s'}},
                     {24, {'m'}},
                     {64, {'f'}},
                     {76, {2, 6, 2, 1, 0, 4, 1}},
                     {93, {1}},
                     {96, {0x41}},
                     {111, {1}},
                     {258, {3, 4, 3, 6, 15}},
                     {320, {1}},
                     {512, {0x66, 0x44, 128, 0, 1}},
                     {520, {0x0d}},
                     {525, {6}},
                     {536, {1, 0, 0x30}},
                     {768, {'n'}},
                     {1792, {4, 2, 0, 0, 1}},
                     {1803, {1}}}));
}

TEST_CASE("Identify Namespace, its descriptors, and the command set's limits") {
    nvme::IdentifyNamespace ns{};
    ns.size = 0x0102;
    ns.capacity = 3;
    ns.utilization = 4;
    ns.sharing = 1;
    ns.deallocation = nvme::deallocated_reads_zeroes | nvme::write_zeroes_may_deallocate;
    ns.optimal_boundary = 5;
    ns.ana_group = 6;
    ns.nguid[0] = 7;
    ns.lba_formats[0].data_shift = 12;
    CHECK(is_golden(ns,
                    {{0, {2, 1}},
                     {8, {3}},
                     {16, {4}},
                     {30, {1}},
                     {33, {9}},
                     {46, {5}},
                     {92, {6}},
                     {104, {7}},
                     {130, {12}}}));
    CHECK(is_golden(nvme::NamespaceDescriptor{nvme::descriptor_uuid, 16, {}}, {{0, {3, 16}}}));
    nvme::IdentifyNvmController limits{};
    limits.write_zeroes_shift = 16;
    limits.deallocate_ranges = 255;
    limits.deallocate_range_blocks = 0x040000;
    limits.deallocate_command_blocks = 1;
    CHECK(is_golden(limits, {{1, {16}}, {3, {255}}, {6, {4}}, {8, {1}}}));
}

TEST_CASE("the log pages") {
    nvme::ErrorLogEntry error{};
    error.error_count = 1;
    error.sq_id = 2;
    error.command_id = 3;
    error.status = 4;
    error.parameter = 5;
    error.block = 6;
    error.namespace_id = 7;
    error.transport_type = nvme::transport_tcp;
    CHECK(
        is_golden(error, {{0, {1}}, {8, {2, 0, 3, 0, 4, 0, 5}}, {16, {6}}, {24, {7}}, {29, {3}}}));
    nvme::SmartLog smart{};
    smart.available_spare = 100;
    smart.data_units_read.low = 1;
    smart.data_units_written.low = 2;
    smart.read_commands.low = 3;
    smart.write_commands.low = 4;
    smart.media_errors.low = 5;
    smart.error_log_entries.low = 6;
    CHECK(is_golden(
        smart, {{3, {100}}, {32, {1}}, {48, {2}}, {64, {3}}, {80, {4}}, {160, {5}}, {176, {6}}}));
    nvme::FirmwareSlotLog firmware{};
    firmware.active = 1;
    firmware.revisions[0][0] = 'r';
    CHECK(is_golden(firmware, {{0, {1}}, {8, {'r'}}}));
    nvme::CommandEffectsLog effects{};
    effects.admin[6] = nvme::effect_supported;
    effects.io[1] = nvme::effect_supported | nvme::effect_changes_blocks;
    CHECK(is_golden(effects, {{24, {1}}, {1028, {3}}}));
}

TEST_CASE("the discovery log") {
    nvme::DiscoveryLogHeader header{};
    header.generation = 1;
    header.record_count = 2;
    CHECK(is_golden(header, {{0, {1}}, {8, {2}}}));
    nvme::DiscoveryLogEntry entry{};
    entry.transport = nvme::transport_tcp;
    entry.address_family = nvme::family_ipv6;
    entry.subsystem_type = nvme::subsystem_type_nvm;
    entry.requirements = nvme::secure_channel_not_specified;
    entry.port_id = 1;
    entry.controller_id = nvme::controller_id_dynamic;
    entry.admin_entries_max = 32;
    entry.service[0] = '4';
    entry.subsystem_nqn[0] = 'n';
    entry.address[0] = 'a';
    CHECK(is_golden(
        entry, {{0, {3, 2, 2, 0, 1, 0, 0xff, 0xff, 32}}, {32, {'4'}}, {256, {'n'}}, {512, {'a'}}}));
}

TEST_CASE("the ranges of Dataset Management, and events") {
    CHECK(is_golden(nvme::DatasetRange{{1}, {2}, {3}}, {{0, {1}}, {4, {2}}, {8, {3}}}));
    CHECK_EQ(nvme::event_namespace_changed, 0x00040002u);
    CHECK_EQ(nvme::event_discovery_changed, 0x0070f002u);
}
