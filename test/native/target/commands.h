// The commands a host sends, filled in.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "nvme/dataset.h"
#include "nvme/fabrics.h"
#include "nvme/identify.h"
#include "nvme/log_page.h"
#include "nvme/opcodes.h"
#include "nvme/properties.h"

namespace test {

inline constexpr const char* host_nqn = "nqn.2014-08.org.nvmexpress:uuid:host-one";
inline constexpr uint32_t cc_on = nvme::cc_enable | nvme::cc_sq_entry_64 | nvme::cc_cq_entry_16;

nvme::Command admin(nvme::AdminOpcode opcode, uint32_t namespace_id = 0);
nvme::Command identify(nvme::IdentifyKind kind, uint32_t namespace_id = 0);
nvme::Command property_get(uint32_t offset, bool eight_bytes = false);
nvme::Command property_set(uint32_t offset, uint32_t value);
nvme::Command set_feature(nvme::Feature feature, uint32_t value);
nvme::Command get_feature(nvme::Feature feature, uint32_t dword11 = 0);
nvme::Command get_log(nvme::LogPage page, uint64_t bytes, uint64_t offset = 0, bool retain = false);
nvme::Command event_request(uint16_t command_id);
nvme::Command connect(uint16_t queue_id, uint32_t entries, uint32_t keep_alive_ms = 0);
nvme::Command blocks(nvme::IoOpcode opcode, uint64_t first, uint32_t count);
nvme::Command flush();
nvme::Command deallocate(uint32_t ranges);

nvme::ConnectData connect_data(const std::string& subsystem,
                               const std::string& host = host_nqn,
                               uint16_t controller_id = nvme::controller_id_dynamic);

template <typename T>
std::vector<uint8_t> to_bytes(const T& value) {
    std::vector<uint8_t> bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

}  // namespace test
