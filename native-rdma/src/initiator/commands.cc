#include "initiator/commands.h"

#include <algorithm>
#include <cstring>

#include "nvme/dataset.h"
#include "nvme/log_page.h"

namespace initiator {

namespace {

using nvme::AdminOpcode;
using nvme::FabricsType;
using nvme::IoOpcode;

nvme::Command make(uint8_t opcode, uint32_t namespace_id = 0) {
    nvme::Command command{};
    command.opcode = opcode;
    command.namespace_id = namespace_id;
    return command;
}

nvme::Command make(AdminOpcode opcode, uint32_t namespace_id = 0) {
    return make(static_cast<uint8_t>(opcode), namespace_id);
}

// The fabrics command type takes the low byte of the namespace id's place.
nvme::Command make(FabricsType type) {
    return make(AdminOpcode::fabrics, static_cast<uint32_t>(type));
}

nvme::Command make(IoOpcode opcode, uint32_t namespace_id) {
    return make(static_cast<uint8_t>(opcode), namespace_id);
}

nvme::Command make_blocks(IoOpcode opcode,
                          uint32_t namespace_id,
                          uint64_t first_block,
                          uint32_t block_count) {
    nvme::Command command = make(opcode, namespace_id);
    command.cdw10 = static_cast<uint32_t>(first_block);
    command.cdw11 = static_cast<uint32_t>(first_block >> 32);
    command.cdw12 = (block_count - 1) & nvme::io_block_count_mask;
    return command;
}

void fill_name(char (&out)[256], const std::string& name) {
    std::memcpy(out, name.data(), std::min(name.size(), sizeof(out)));
}

}  // namespace

nvme::Command connect_command(uint16_t id, uint32_t entries, uint32_t keep_alive_ms) {
    nvme::Command command = make(FabricsType::connect);
    command.cdw10 = uint32_t{id} << 16;
    command.cdw11 = (entries - 1) & 0xffff;
    command.cdw12 = keep_alive_ms;
    return command;
}

void fill_connect_data(nvme::ConnectData& data,
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
    nvme::Command command = make(FabricsType::property_get);
    command.cdw10 = eight_bytes ? 1 : 0;
    command.cdw11 = offset;
    return command;
}

nvme::Command property_set(uint32_t offset, uint64_t value, bool eight_bytes) {
    nvme::Command command = make(FabricsType::property_set);
    command.cdw10 = eight_bytes ? 1 : 0;
    command.cdw11 = offset;
    command.cdw12 = static_cast<uint32_t>(value);
    command.cdw13 = static_cast<uint32_t>(value >> 32);
    return command;
}

nvme::Command identify(nvme::IdentifyKind kind, uint32_t namespace_id, uint16_t controller_id) {
    nvme::Command command = make(AdminOpcode::identify, namespace_id);
    command.cdw10 = static_cast<uint32_t>(kind) | uint32_t{controller_id} << 16;
    return command;
}

nvme::Command set_features(nvme::Feature feature, uint32_t value) {
    nvme::Command command = make(AdminOpcode::set_features);
    command.cdw10 = static_cast<uint32_t>(feature);
    command.cdw11 = value;
    return command;
}

nvme::Command get_features(nvme::Feature feature) {
    nvme::Command command = make(AdminOpcode::get_features);
    command.cdw10 = static_cast<uint32_t>(feature);
    return command;
}

nvme::Command get_log_page(nvme::LogPage page, uint64_t offset, uint32_t bytes, bool retain_event) {
    nvme::Command command = make(AdminOpcode::get_log_page);
    const uint32_t dwords = bytes / 4 - 1;
    command.cdw10 = static_cast<uint32_t>(page) | (retain_event ? nvme::log_retain_event : 0) |
                    (dwords & 0xffff) << 16;
    command.cdw11 = dwords >> 16;
    command.cdw12 = static_cast<uint32_t>(offset);
    command.cdw13 = static_cast<uint32_t>(offset >> 32);
    return command;
}

nvme::Command keep_alive() {
    return make(AdminOpcode::keep_alive);
}

nvme::Command asynchronous_event_request() {
    return make(AdminOpcode::asynchronous_event_request);
}

nvme::Command abort_command(uint16_t queue_id, uint16_t command_id) {
    nvme::Command command = make(AdminOpcode::abort);
    command.cdw10 = queue_id | uint32_t{command_id} << 16;
    return command;
}

nvme::Command read_blocks(uint32_t namespace_id, uint64_t first_block, uint32_t block_count) {
    return make_blocks(IoOpcode::read, namespace_id, first_block, block_count);
}

nvme::Command write_blocks(uint32_t namespace_id, uint64_t first_block, uint32_t block_count) {
    return make_blocks(IoOpcode::write, namespace_id, first_block, block_count);
}

nvme::Command compare_blocks(uint32_t namespace_id, uint64_t first_block, uint32_t block_count) {
    return make_blocks(IoOpcode::compare, namespace_id, first_block, block_count);
}

nvme::Command write_zeroes(uint32_t namespace_id, uint64_t first_block, uint32_t block_count) {
    return make_blocks(IoOpcode::write_zeroes, namespace_id, first_block, block_count);
}

nvme::Command flush(uint32_t namespace_id) {
    return make(IoOpcode::flush, namespace_id);
}

nvme::Command deallocate(uint32_t namespace_id, uint32_t range_count) {
    nvme::Command command = make(IoOpcode::dataset_management, namespace_id);
    command.cdw10 = (range_count - 1) & nvme::dataset_ranges_mask;
    command.cdw11 = nvme::dataset_deallocate;
    return command;
}

}  // namespace initiator
