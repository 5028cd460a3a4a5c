#include "initiator/commands.h"

#include <algorithm>
#include <cstring>

namespace initiator {

namespace {

namespace admin_opcode {
constexpr uint8_t get_log_page = 0x02;
constexpr uint8_t identify = 0x06;
constexpr uint8_t abort = 0x08;
constexpr uint8_t set_features = 0x09;
constexpr uint8_t get_features = 0x0a;
constexpr uint8_t asynchronous_event_request = 0x0c;
constexpr uint8_t keep_alive = 0x18;
}  // namespace admin_opcode

namespace io_opcode {
constexpr uint8_t flush = 0x00;
constexpr uint8_t write = 0x01;
constexpr uint8_t read = 0x02;
constexpr uint8_t compare = 0x05;
constexpr uint8_t write_zeroes = 0x08;
constexpr uint8_t dataset_management = 0x09;
}  // namespace io_opcode

constexpr uint8_t fabrics_opcode = 0x7f;
namespace fabrics_type {
constexpr uint8_t property_set = 0x00;
constexpr uint8_t connect = 0x01;
constexpr uint8_t property_get = 0x04;
}  // namespace fabrics_type

constexpr uint32_t deallocate_attribute = 1u << 2;
constexpr uint32_t retain_event_bit = 1u << 15;

nvme::Command make(uint8_t opcode, uint32_t namespace_id = 0) {
    nvme::Command command{};
    command.opcode = opcode;
    command.namespace_id = namespace_id;
    return command;
}

// The fabrics command type takes the low byte of the namespace id's place.
nvme::Command make_fabrics(uint8_t type) {
    return make(fabrics_opcode, type);
}

nvme::Command make_blocks(uint8_t opcode,
                          uint32_t namespace_id,
                          uint64_t first_block,
                          uint32_t block_count) {
    nvme::Command command = make(opcode, namespace_id);
    command.cdw10 = static_cast<uint32_t>(first_block);
    command.cdw11 = static_cast<uint32_t>(first_block >> 32);
    command.cdw12 = (block_count - 1) & 0xffff;
    return command;
}

void fill_name(char (&out)[256], const std::string& name) {
    std::memcpy(out, name.data(), std::min(name.size(), sizeof(out)));
}

}  // namespace

nvme::Command connect_command(uint16_t id, uint32_t entries, uint32_t keep_alive_ms) {
    nvme::Command command = make_fabrics(fabrics_type::connect);
    command.cdw10 = uint32_t{id} << 16;
    command.cdw11 = (entries - 1) & 0xffff;
    command.cdw12 = keep_alive_ms;
    return command;
}

void fill_connect_data(ConnectData& data,
                       const base::Uuid& host_id,
                       uint16_t controller_id,
                       const std::string& subsystem_nqn,
                       const std::string& host_nqn) {
    data = {};
    std::memcpy(data.host_id, host_id.data(), host_id.size());
    data.controller_id = controller_id;
    fill_name(data.subsystem_nqn, subsystem_nqn);
    fill_name(data.host_nqn, host_nqn);
}

nvme::Command property_get(uint32_t offset, bool eight_bytes) {
    nvme::Command command = make_fabrics(fabrics_type::property_get);
    command.cdw10 = eight_bytes ? 1 : 0;
    command.cdw11 = offset;
    return command;
}

nvme::Command property_set(uint32_t offset, uint64_t value, bool eight_bytes) {
    nvme::Command command = make_fabrics(fabrics_type::property_set);
    command.cdw10 = eight_bytes ? 1 : 0;
    command.cdw11 = offset;
    command.cdw12 = static_cast<uint32_t>(value);
    command.cdw13 = static_cast<uint32_t>(value >> 32);
    return command;
}

nvme::Command identify(uint8_t cns, uint32_t namespace_id, uint16_t controller_id) {
    nvme::Command command = make(admin_opcode::identify, namespace_id);
    command.cdw10 = cns | uint32_t{controller_id} << 16;
    return command;
}

nvme::Command set_features(uint8_t feature, uint32_t value) {
    nvme::Command command = make(admin_opcode::set_features);
    command.cdw10 = feature;
    command.cdw11 = value;
    return command;
}

nvme::Command get_features(uint8_t feature) {
    nvme::Command command = make(admin_opcode::get_features);
    command.cdw10 = feature;
    return command;
}

nvme::Command get_log_page(uint8_t log, uint64_t offset, uint32_t bytes, bool retain_event) {
    nvme::Command command = make(admin_opcode::get_log_page);
    const uint32_t dwords = bytes / 4 - 1;
    command.cdw10 = log | (retain_event ? retain_event_bit : 0) | (dwords & 0xffff) << 16;
    command.cdw11 = dwords >> 16;
    command.cdw12 = static_cast<uint32_t>(offset);
    command.cdw13 = static_cast<uint32_t>(offset >> 32);
    return command;
}

nvme::Command keep_alive() {
    return make(admin_opcode::keep_alive);
}

nvme::Command asynchronous_event_request() {
    return make(admin_opcode::asynchronous_event_request);
}

nvme::Command abort_command(uint16_t queue_id, uint16_t command_id) {
    nvme::Command command = make(admin_opcode::abort);
    command.cdw10 = queue_id | uint32_t{command_id} << 16;
    return command;
}

nvme::Command read_blocks(uint32_t namespace_id, uint64_t first_block, uint32_t block_count) {
    return make_blocks(io_opcode::read, namespace_id, first_block, block_count);
}

nvme::Command write_blocks(uint32_t namespace_id, uint64_t first_block, uint32_t block_count) {
    return make_blocks(io_opcode::write, namespace_id, first_block, block_count);
}

nvme::Command compare_blocks(uint32_t namespace_id, uint64_t first_block, uint32_t block_count) {
    return make_blocks(io_opcode::compare, namespace_id, first_block, block_count);
}

nvme::Command write_zeroes(uint32_t namespace_id, uint64_t first_block, uint32_t block_count) {
    return make_blocks(io_opcode::write_zeroes, namespace_id, first_block, block_count);
}

nvme::Command flush(uint32_t namespace_id) {
    return make(io_opcode::flush, namespace_id);
}

nvme::Command deallocate(uint32_t namespace_id, uint32_t range_count) {
    nvme::Command command = make(io_opcode::dataset_management, namespace_id);
    command.cdw10 = (range_count - 1) & 0xff;
    command.cdw11 = deallocate_attribute;
    return command;
}

}  // namespace initiator
