// The registry's second half: queues and controllers come and go.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "nvme/fabrics.h"
#include "nvme/status.h"
#include "target/registry.h"

namespace target {
namespace {

Admission refuse_data(uint16_t status, size_t offset) {
    return {status, nvme::invalid_connect_data(offset), nullptr};
}

Admission refuse_command(uint16_t status, size_t offset) {
    return {status, nvme::invalid_connect_command(offset), nullptr};
}

constexpr size_t at_subsystem = offsetof(nvme::ConnectData, subsystem_nqn);
constexpr size_t at_host = offsetof(nvme::ConnectData, host_nqn);
constexpr size_t at_host_id = offsetof(nvme::ConnectData, host_id);
constexpr size_t at_controller = offsetof(nvme::ConnectData, controller_id);
constexpr size_t at_queue = offsetof(nvme::ConnectCommand, queue_id);

}  // namespace

bool Registry::is_allowed(const Subsystem& subsystem, const std::string& host_nqn) const {
    return subsystem.kind == SubsystemKind::discovery ||
           std::ranges::find(subsystem.allowed_hosts, host_nqn) != subsystem.allowed_hosts.end();
}

Admission Registry::refuse_admin(const Subsystem& subsystem, const Association& asked) const {
    if (!is_allowed(subsystem, asked.host_nqn)) {
        return refuse_data(nvme::connect_invalid_host, at_host);
    }
    const uint32_t most = subsystem.kind == SubsystemKind::discovery
                              ? base::limits::discovery_controllers_max
                              : base::limits::controllers_per_subsystem_max;
    if (closing_ || subsystem.controllers >= most ||
        controllers_.size() >= base::limits::controllers_per_gateway_max) {
        return {nvme::connect_controller_busy};
    }
    return {};
}

Admission Registry::connect_admin(Queue& queue, const Association& asked) {
    Lock lock(mutex_);
    std::shared_ptr<Subsystem> subsystem;
    if (asked.subsystem_nqn == nvme::discovery_nqn) {
        subsystem = discovery_subsystem_;
    } else if (const auto found = subsystems_.find(asked.subsystem_nqn);
               found != subsystems_.end() && !queue.discovery_port) {
        subsystem = found->second;
    }
    if (subsystem == nullptr) {
        return refuse_data(nvme::connect_invalid_parameters, at_subsystem);
    }
    if (const Admission refusal = refuse_admin(*subsystem, asked); refusal.status != 0) {
        return refusal;
    }
    const std::optional<uint16_t> id = ids_.take();
    if (!id.has_value()) {
        return {nvme::connect_controller_busy};
    }
    ++subsystem->controllers;
    auto controller =
        std::make_unique<Controller>(*this,
                                     std::move(subsystem),
                                     Controller::Identity{*id, asked.host_nqn, asked.host_id},
                                     *queue.reactor);
    Controller& made = *controller;
    made.queues_granted_ = made.is_discovery() ? 0 : options_.io_queues_max;
    controllers_[*id] = std::move(controller);
    attach(made, queue, asked);
    lock.unlock();
    if (options_.observer != nullptr && !made.is_discovery()) {
        options_.observer->host_connected(made.subsystem().nqn, asked.host_nqn, *id);
    }
    return {nvme::success, *id, &made};
}

Admission Registry::connect_io(Queue& queue, const Association& asked) {
    const Lock lock(mutex_);
    const auto found = controllers_.find(asked.controller_id);
    // A controller that has just ended: the host finds its way back when it tries from the start.
    if (found == controllers_.end() || found->second->ending_) {
        return refuse_data(nvme::connect_invalid_parameters & ~nvme::do_not_retry, at_controller);
    }
    Controller& controller = *found->second;
    if (asked.subsystem_nqn != controller.subsystem_->nqn) {
        return refuse_data(nvme::connect_invalid_parameters, at_subsystem);
    }
    if (asked.host_nqn != controller.identity_.host_nqn) {
        return refuse_data(nvme::connect_invalid_parameters, at_host);
    }
    if (asked.host_id != controller.identity_.host_id) {
        return refuse_data(nvme::connect_invalid_parameters, at_host_id);
    }
    if (asked.queue_id > controller.queues_granted_) {
        return refuse_command(nvme::connect_invalid_parameters, at_queue);
    }
    if (!controller.enabled_) {
        return {nvme::command_sequence_error & ~nvme::do_not_retry};
    }
    const Controller::QueuePlace& place = controller.places_[asked.queue_id];
    if (place.posted) {
        return {nvme::connect_controller_busy};  // The queue before it is still being told to go.
    }
    if (place.queue != nullptr) {
        return {nvme::command_sequence_error};
    }
    attach(controller, queue, asked);
    queue.backing = controller.subsystem_->backing(*queue.reactor);
    return {nvme::success, asked.controller_id, &controller};
}

void Registry::attach(Controller& controller, Queue& queue, const Association& asked) {
    controller.places_[asked.queue_id].queue = &queue;
    ++controller.references_;
    queue.controller = &controller;
    queue.id = asked.queue_id;
    queue.entries = asked.entries;
}

void Registry::release(Queue& queue) {
    Lock lock(mutex_);
    Controller& controller = *queue.controller;
    Controller::QueuePlace& place = controller.places_[queue.id];
    CHECK(place.queue == &queue, "a queue is released once");
    place.queue = nullptr;
    place.leaving = nullptr;
    queue.controller = nullptr;
    if (queue.id == 0) {
        begin_end(controller, nullptr);
    }
    drop(std::move(lock), controller);
}

void Registry::drop(Lock lock, Controller& controller) {
    CHECK(controller.references_ > 0, "a reference is dropped once");
    if (--controller.references_ > 0) {
        return;
    }
    const uint16_t id = controller.identity_.id;
    const std::unique_ptr<Controller> last = std::move(controllers_[id]);
    controllers_.erase(id);
    ids_.give_back(id);
    --last->subsystem_->controllers;
    lock.unlock();
    if (options_.observer != nullptr && !last->is_discovery()) {
        options_.observer->host_disconnected(
            last->subsystem_->nqn, last->identity_.host_nqn, id, last->reason_);
    }
}

void Registry::end(Controller& controller, const char* reason) {
    const Lock lock(mutex_);
    begin_end(controller, reason);
}

void Registry::begin_end(Controller& controller, const char* reason) {
    if (controller.ending_) {
        return;
    }
    controller.ending_ = true;
    controller.reason_ = reason != nullptr ? reason : controller.reason_;
    for (Controller::QueuePlace& place : controller.places_) {
        ask_to_leave(place);
    }
}

void Registry::ask_to_leave(Controller::QueuePlace& place) {
    if (place.queue == nullptr || place.leaving != nullptr) {
        return;
    }
    CHECK(!place.posted, "a queue connects only where nobody is being told to go");
    place.leaving = place.queue;
    place.posted = true;
    place.run = &Registry::run_leave;
    ++place.controller->references_;
    place.queue->reactor->post(place);
}

// On the queue's reactor, where it would be released: as long as it is in its place it is alive.
void Registry::run_leave(reactor::Task& task) {
    auto& place = static_cast<Controller::QueuePlace&>(task);
    Controller& controller = *place.controller;
    Registry& self = controller.registry_;
    Lock lock(self.mutex_);
    Queue* queue = place.leaving;
    place.posted = false;
    if (queue != nullptr) {
        lock.unlock();
        queue->ops->disconnect(*queue);
        lock.lock();
    }
    self.drop(std::move(lock), controller);
}

void Registry::notify(Controller& controller, Event event) {
    Controller::Notice& notice = controller.notice_;
    notice.events |= static_cast<uint8_t>(event);
    if (notice.posted || controller.ending_) {
        return;
    }
    notice.posted = true;
    notice.run = &Registry::run_notice;
    ++controller.references_;
    controller.reactor_.post(notice);
}

void Registry::run_notice(reactor::Task& task) {
    auto& notice = static_cast<Controller::Notice&>(task);
    Controller& controller = *notice.controller;
    Registry& self = controller.registry_;
    Lock lock(self.mutex_);
    const uint8_t events = std::exchange(notice.events, 0);
    notice.posted = false;
    lock.unlock();
    for (const Event event : {Event::namespace_changed, Event::discovery_changed}) {
        if ((events & static_cast<uint8_t>(event)) != 0) {
            controller.namespace_changed |= event == Event::namespace_changed;
            controller.events.raise(event);
        }
    }
    lock.lock();
    self.drop(std::move(lock), controller);
}

void Registry::enable(Controller& controller) {
    const Lock lock(mutex_);
    controller.enabled_ = true;
}

void Registry::disable(Controller& controller) {
    const Lock lock(mutex_);
    controller.enabled_ = false;
    controller.queues_granted_ = controller.is_discovery() ? 0 : options_.io_queues_max;
    for (Controller::QueuePlace& place : controller.places_) {
        if (place.queue != nullptr && place.queue->id != 0) {
            ask_to_leave(place);
        }
    }
}

void Registry::set_reason(Controller& controller, const char* reason) {
    const Lock lock(mutex_);
    controller.reason_ = controller.ending_ ? controller.reason_ : reason;
}

uint16_t Registry::io_queues(const Controller& controller) {
    const auto count = std::count_if(controller.places_.begin() + 1,
                                     controller.places_.end(),
                                     [](const auto& place) { return place.queue != nullptr; });
    return static_cast<uint16_t>(count);
}

bool Registry::has_io_queues(const Controller& controller) const {
    const Lock lock(mutex_);
    return io_queues(controller) > 0;
}

std::optional<uint16_t> Registry::grant_queues(Controller& controller, uint32_t wanted) {
    const Lock lock(mutex_);
    if (io_queues(controller) > 0) {
        return std::nullopt;
    }
    controller.queues_granted_ =
        static_cast<uint16_t>(std::min<uint32_t>(wanted, options_.io_queues_max));
    return controller.queues_granted_;
}

uint16_t Registry::queues_granted(const Controller& controller) const {
    const Lock lock(mutex_);
    return controller.queues_granted_;
}

}  // namespace target
