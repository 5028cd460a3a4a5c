#include "target/commands.h"

#include <algorithm>

namespace test {
namespace {

template <typename T>
nvme::Command as_command(const T& special) {
    static_assert(sizeof(T) == sizeof(nvme::Command));
    nvme::Command command;
    std::memcpy(&command, &special, sizeof command);
    return command;
}

template <size_t size>
void fill(char (&field)[size], const std::string& text) {
    std::memcpy(field, text.data(), std::min(text.size(), size));
}

nvme::Command make(uint8_t opcode, uint32_t namespace_id) {
    nvme::Command command{};
    command.opcode = opcode;
    command.flags = 0x40;
    command.namespace_id = namespace_id;
    return command;
}

}  // namespace

nvme::Command admin(nvme::AdminOpcode opcode, uint32_t namespace_id) {
    return make(static_cast<uint8_t>(opcode), namespace_id);
}

nvme::Command identify(nvme::IdentifyKind kind, uint32_t namespace_id) {
    nvme::Command command = admin(nvme::AdminOpcode::identify, namespace_id);
    command.cdw10 = static_cast<uint32_t>(kind);
    return command;
}

nvme::Command property_get(uint32_t offset, bool eight_bytes) {
    nvme::PropertyCommand command{};
    command.opcode = nvme::fabrics_opcode;
    command.type = static_cast<uint8_t>(nvme::FabricsType::property_get);
    command.size = eight_bytes ? nvme::property_eight_bytes : nvme::property_four_bytes;
    command.offset = offset;
    return as_command(command);
}

nvme::Command property_set(uint32_t offset, uint32_t value) {
    nvme::PropertyCommand command{};
    command.opcode = nvme::fabrics_opcode;
    command.type = static_cast<uint8_t>(nvme::FabricsType::property_set);
    command.offset = offset;
    command.value = value;
    return as_command(command);
}

nvme::Command set_feature(nvme::Feature feature, uint32_t value) {
    nvme::Command command = admin(nvme::AdminOpcode::set_features);
    command.cdw10 = static_cast<uint32_t>(feature);
    command.cdw11 = value;
    return command;
}

nvme::Command get_feature(nvme::Feature feature, uint32_t dword11) {
    nvme::Command command = admin(nvme::AdminOpcode::get_features);
    command.cdw10 = static_cast<uint32_t>(feature);
    command.cdw11 = dword11;
    return command;
}

nvme::Command get_log(nvme::LogPage page, uint64_t bytes, uint64_t offset, bool retain) {
    nvme::Command command = admin(nvme::AdminOpcode::get_log_page);
    const uint64_t dwords = bytes / 4 - 1;
    command.cdw10 = static_cast<uint32_t>(page) | (retain ? nvme::log_retain_event : 0) |
                    static_cast<uint32_t>(dwords & 0xffff) << 16;
    command.cdw11 = static_cast<uint32_t>(dwords >> 16);
    command.cdw12 = static_cast<uint32_t>(offset);
    command.cdw13 = static_cast<uint32_t>(offset >> 32);
    return command;
}

nvme::Command event_request(uint16_t command_id) {
    nvme::Command command = admin(nvme::AdminOpcode::asynchronous_event_request);
    command.command_id = command_id;
    return command;
}

nvme::Command connect(uint16_t queue_id, uint32_t entries, uint32_t keep_alive_ms) {
    nvme::ConnectCommand command{};
    command.opcode = nvme::fabrics_opcode;
    command.type = static_cast<uint8_t>(nvme::FabricsType::connect);
    command.queue_id = queue_id;
    command.entries_less_one = static_cast<uint16_t>(entries - 1);
    command.keep_alive_ms = keep_alive_ms;
    return as_command(command);
}

nvme::Command blocks(nvme::IoOpcode opcode, uint64_t first, uint32_t count) {
    nvme::Command command = make(static_cast<uint8_t>(opcode), 1);
    command.cdw10 = static_cast<uint32_t>(first);
    command.cdw11 = static_cast<uint32_t>(first >> 32);
    command.cdw12 = count - 1;
    return command;
}

nvme::Command flush() {
    return make(static_cast<uint8_t>(nvme::IoOpcode::flush), 1);
}

nvme::Command deallocate(uint32_t ranges) {
    nvme::Command command = make(static_cast<uint8_t>(nvme::IoOpcode::dataset_management), 1);
    command.cdw10 = ranges - 1;
    command.cdw11 = nvme::dataset_deallocate;
    return command;
}

nvme::ConnectData connect_data(const std::string& subsystem,
                               const std::string& host,
                               uint16_t controller_id) {
    nvme::ConnectData data{};
    std::fill(std::begin(data.host_id), std::end(data.host_id), uint8_t{0x11});
    data.controller_id = controller_id;
    fill(data.subsystem_nqn, subsystem);
    fill(data.host_nqn, host);
    return data;
}

}  // namespace test
