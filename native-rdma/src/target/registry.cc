#include "target/registry.h"

#include <algorithm>
#include <sys/random.h>
#include <utility>

#include "base/check.h"
#include "nvme/fabrics.h"
#include "target/subsystem_config.h"

namespace target {
namespace {

uint32_t random_start() {
    uint32_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value) {
        value = static_cast<uint32_t>(reactor::Reactor::clock_ns());
    }
    return value;
}

std::shared_ptr<Subsystem> make_discovery_subsystem() {
    auto subsystem = std::make_shared<Subsystem>();
    subsystem->kind = SubsystemKind::discovery;
    subsystem->nqn = nvme::discovery_nqn;
    subsystem->model = "Ashlar discovery";
    return subsystem;
}

}  // namespace

Registry::Registry(const TargetOptions& options, std::vector<reactor::Reactor*> reactors)
    : options_(options),
      reactors_(std::move(reactors)),
      discovery_subsystem_(make_discovery_subsystem()),
      ids_(options.controller_id_first, options.controller_id_last, random_start()) {
    CHECK(!reactors_.empty() && reactors_.size() <= base::limits::reactors_max,
          "a target has reactors");
    CHECK(options_.io_queues_max >= 1 &&
              options_.io_queues_max <= base::limits::io_queues_per_controller_max,
          "a controller has I/O queues");
}

Registry::~Registry() {
    CHECK(controllers_.empty(), "a target outlives its queues");
}

base::Status Registry::put(const SubsystemConfig& config, std::function<void()> done) {
    if (const base::Status status = check_config(config, reactors_.size()); !status.ok()) {
        return status;
    }
    const Lock lock(mutex_);
    if (closing_) {
        return base::Status(base::Errc::closed);
    }
    const auto found = subsystems_.find(config.nqn);
    if (found == subsystems_.end()) {
        if (subsystems_.size() == base::limits::subsystems_max) {
            return base::Status(base::Errc::busy);
        }
        subsystems_[config.nqn] = make_subsystem(config);
        const Barrier at_once(*reactors_[0], std::move(done));
        return base::Status();
    }
    if (!is_same_volume(*found->second, config)) {
        return base::Status(base::Errc::already_exists);
    }
    const auto barrier = std::make_shared<Barrier>(*reactors_[0], std::move(done));
    update(*found->second, config, barrier);
    return base::Status();
}

void Registry::update(Subsystem& subsystem,
                      const SubsystemConfig& config,
                      const std::shared_ptr<Barrier>& barrier) {
    const bool resized = subsystem.block_count != config.block_count;
    subsystem.allowed_hosts = config.allowed_hosts;
    subsystem.block_count = config.block_count;
    for (auto& [id, controller] : controllers_) {
        if (controller->subsystem_.get() != &subsystem) {
            continue;
        }
        if (!is_allowed(subsystem, controller->identity_.host_nqn)) {
            begin_end(*controller, "not allowed any more");
            controller->departures_.push_back(barrier);
        } else if (resized) {
            notify(*controller, Event::namespace_changed);
        }
    }
}

base::Status Registry::remove(const std::string& nqn, std::function<void()> done) {
    const Lock lock(mutex_);
    const auto found = subsystems_.find(nqn);
    if (found == subsystems_.end()) {
        return base::Status(base::Errc::not_found);
    }
    const std::shared_ptr<Subsystem> subsystem = found->second;
    subsystems_.erase(found);
    const auto barrier = std::make_shared<Barrier>(*reactors_[0], std::move(done));
    for (auto& [id, controller] : controllers_) {
        if (controller->subsystem_ == subsystem) {
            begin_end(*controller, "volume detached");
            controller->departures_.push_back(barrier);
        }
    }
    return base::Status();
}

base::Status Registry::set_discovery(std::vector<DiscoveryEntry> entries) {
    if (const base::Status status = check_discovery(entries); !status.ok()) {
        return status;
    }
    const Lock lock(mutex_);
    const std::vector<std::string> changed = discovery_.replace(std::move(entries));
    for (auto& [id, controller] : controllers_) {
        if (controller->is_discovery() &&
            std::ranges::find(changed, controller->identity_.host_nqn) != changed.end()) {
            notify(*controller, Event::discovery_changed);
        }
    }
    return base::Status();
}

void Registry::close(std::function<void()> done) {
    const Lock lock(mutex_);
    closing_ = true;
    const auto barrier = std::make_shared<Barrier>(*reactors_[0], std::move(done));
    for (auto& [id, controller] : controllers_) {
        begin_end(*controller, "gateway closing");
        controller->departures_.push_back(barrier);
    }
}

std::vector<Target::HostConnection> Registry::connections() const {
    const Lock lock(mutex_);
    std::vector<Target::HostConnection> found;
    for (const auto& [id, controller] : controllers_) {
        if (controller->is_discovery() || controller->ending_) {
            continue;
        }
        found.push_back({controller->subsystem_->nqn,
                         controller->identity_.host_nqn,
                         id,
                         io_queues(*controller)});
    }
    return found;
}

std::shared_ptr<const DiscoveryView> Registry::discovery_view(const std::string& host_nqn) const {
    const Lock lock(mutex_);
    return discovery_.view(host_nqn);
}

}  // namespace target
