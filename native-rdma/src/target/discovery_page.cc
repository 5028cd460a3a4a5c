#include "target/discovery_page.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/limits.h"
#include "nvme/fabrics.h"
#include "nvme/log_page.h"
#include "target/controller.h"
#include "target/registry.h"

namespace target {
namespace {

constexpr uint64_t record_bytes = sizeof(nvme::DiscoveryLogEntry);

nvme::DiscoveryLogEntry record_of(const DiscoveryEntry& entry, uint16_t port_id) {
    nvme::DiscoveryLogEntry record{};
    const bool is_ipv6 = entry.address.find(':') != std::string::npos;
    record.transport = nvme::transport_tcp;
    record.address_family = is_ipv6 ? nvme::family_ipv6 : nvme::family_ipv4;
    record.subsystem_type = nvme::subsystem_type_nvm;
    record.requirements = nvme::secure_channel_not_specified;
    record.port_id = port_id;
    record.controller_id = nvme::controller_id_dynamic;
    record.admin_entries_max = base::limits::admin_queue_entries;
    const std::string service = std::to_string(entry.port);
    std::memcpy(record.service, service.data(), service.size());
    std::memcpy(record.subsystem_nqn, entry.subsystem_nqn.data(), entry.subsystem_nqn.size());
    std::memcpy(record.address, entry.address.data(), entry.address.size());
    return record;
}

// The ports of each subsystem are numbered for themselves; its entries follow each other.
uint16_t port_id_of(const DiscoveryView& view, uint64_t index) {
    uint16_t id = 1;
    while (index > 0 &&
           view.entries[index - 1].subsystem_nqn == view.entries[index].subsystem_nqn) {
        ++id;
        --index;
    }
    return id;
}

}  // namespace

void write_discovery(const Controller& controller, PageWindow& window) {
    const std::shared_ptr<const DiscoveryView> view =
        controller.registry().discovery_view(controller.identity().host_nqn);
    nvme::DiscoveryLogHeader header{};
    header.generation = view->generation;
    header.record_count = view->entries.size();
    window.put(0, &header, sizeof header);
    const uint64_t skipped =
        window.begin() < sizeof header ? 0 : (window.begin() - sizeof header) / record_bytes;
    for (uint64_t index = skipped; index < view->entries.size(); ++index) {
        const uint64_t position = sizeof header + index * record_bytes;
        if (position >= window.end()) {
            break;
        }
        const nvme::DiscoveryLogEntry record =
            record_of(view->entries[index], port_id_of(*view, index));
        window.put(position, &record, sizeof record);
    }
}

}  // namespace target
