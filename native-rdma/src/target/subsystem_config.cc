#include "target/subsystem_config.h"

#include <algorithm>
#include <string_view>

#include "base/limits.h"
#include "nvme/fabrics.h"
#include "nvme/identify.h"
#include "nvme/log_page.h"
#include "nvme/nqn.h"

namespace target {
namespace {

bool is_ascii(std::string_view text, size_t bytes_max) {
    return text.size() <= bytes_max &&
           std::ranges::all_of(text, [](char byte) { return byte >= ' ' && byte <= '~'; });
}

bool is_acceptable(const SubsystemConfig& config, size_t reactor_count) {
    return nvme::is_nqn(config.nqn) && config.nqn != nvme::discovery_nqn &&
           is_ascii(config.serial, sizeof nvme::IdentifyController::serial) &&
           is_ascii(config.model, sizeof nvme::IdentifyController::model) &&
           config.block_count > 0 &&
           config.block_count <= base::limits::volume_bytes_max / base::limits::block_bytes &&
           config.allowed_hosts.size() <= base::limits::allowed_hosts_per_subsystem_max &&
           std::ranges::all_of(config.allowed_hosts, nvme::is_nqn) &&
           config.backings.size() == reactor_count &&
           std::ranges::find(config.backings, nullptr) == config.backings.end();
}

bool is_acceptable(const DiscoveryEntry& entry) {
    return nvme::is_nqn(entry.host_nqn) && nvme::is_nqn(entry.subsystem_nqn) &&
           !entry.address.empty() &&
           entry.address.size() < sizeof nvme::DiscoveryLogEntry::address && entry.port != 0;
}

}  // namespace

base::Status check_config(const SubsystemConfig& config, size_t reactor_count) {
    return is_acceptable(config, reactor_count) ? base::Status()
                                                : base::Status(base::Errc::invalid_argument);
}

base::Status check_discovery(const std::vector<DiscoveryEntry>& entries) {
    const bool acceptable =
        entries.size() <= base::limits::discovery_entries_max &&
        std::ranges::all_of(entries, [](const auto& entry) { return is_acceptable(entry); });
    return acceptable ? base::Status() : base::Status(base::Errc::invalid_argument);
}

std::shared_ptr<Subsystem> make_subsystem(const SubsystemConfig& config) {
    auto subsystem = std::make_shared<Subsystem>();
    subsystem->nqn = config.nqn;
    subsystem->serial = config.serial;
    subsystem->model = config.model;
    subsystem->uuid = config.uuid;
    subsystem->backings = config.backings;
    subsystem->allowed_hosts = config.allowed_hosts;
    subsystem->block_count = config.block_count;
    return subsystem;
}

bool is_same_volume(const Subsystem& subsystem, const SubsystemConfig& config) {
    return subsystem.serial == config.serial && subsystem.model == config.model &&
           subsystem.uuid == config.uuid && subsystem.backings == config.backings;
}

}  // namespace target
