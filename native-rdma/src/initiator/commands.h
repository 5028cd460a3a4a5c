// The commands a host sends, filled in: opcode and fields; the queue adds id and data descriptor.
//
// Source: NVM Express Base Specification 1.4, sections 5 and 6; NVMe-oF 1.1, section 3.
// Thread: any; no state.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "nvme/command.h"
#include "nvme/fabrics.h"
#include "nvme/opcodes.h"

namespace initiator {

// Connect of queue `id` with `entries` (1..65536); its data are an nvme::ConnectData.
nvme::Command connect_command(uint16_t id, uint32_t entries, uint32_t keep_alive_ms);
// Cuts names that are too long: the controller is to refuse what comes of it.
void fill_connect_data(nvme::ConnectData& data,
                       const base::Uuid& host_id,
                       uint16_t controller_id,
                       const std::string& subsystem_nqn,
                       const std::string& host_nqn);

nvme::Command property_get(uint32_t offset, bool eight_bytes);
nvme::Command property_set(uint32_t offset, uint64_t value, bool eight_bytes = false);
nvme::Command identify(nvme::IdentifyKind kind, uint32_t namespace_id, uint16_t controller_id = 0);
nvme::Command set_features(nvme::Feature feature, uint32_t value);
nvme::Command get_features(nvme::Feature feature);
nvme::Command get_log_page(nvme::LogPage page,
                           uint64_t offset,
                           uint32_t bytes,
                           bool retain_event = false);
nvme::Command keep_alive();
nvme::Command asynchronous_event_request();
nvme::Command abort_command(uint16_t queue_id, uint16_t command_id);

// Blocks are counted from 1.
nvme::Command read_blocks(uint32_t namespace_id, uint64_t first_block, uint32_t block_count);
nvme::Command write_blocks(uint32_t namespace_id, uint64_t first_block, uint32_t block_count);
nvme::Command compare_blocks(uint32_t namespace_id, uint64_t first_block, uint32_t block_count);
nvme::Command write_zeroes(uint32_t namespace_id, uint64_t first_block, uint32_t block_count);
nvme::Command flush(uint32_t namespace_id);

// Its data are `range_count` (1..256) nvme::DatasetRanges.
nvme::Command deallocate(uint32_t namespace_id, uint32_t range_count);

}  // namespace initiator
