#include "target/target.h"

#include <utility>

#include "base/check.h"
#include "nvme/status.h"
#include "target/dispatch.h"
#include "target/impl.h"

namespace target {

Target::Impl::Impl(const TargetOptions& options, const std::vector<reactor::Reactor*>& reactors)
    : registry(options, reactors) {
    for (size_t index = 0; index < reactors.size(); ++index) {
        CHECK(reactors[index]->index() == index, "reactors are numbered in order");
        compare_lanes.push_back(std::make_unique<CompareLane>());
    }
}

Target::Target(const TargetOptions& options, const std::vector<reactor::Reactor*>& reactors)
    : impl_(std::make_unique<Impl>(options, reactors)) {}

Target::~Target() = default;

base::Status Target::put_subsystem(const SubsystemConfig& config, std::function<void()> done) {
    return impl_->registry.put(config, std::move(done));
}

base::Status Target::remove_subsystem(const std::string& nqn, std::function<void()> done) {
    return impl_->registry.remove(nqn, std::move(done));
}

base::Status Target::set_discovery(std::vector<DiscoveryEntry> entries) {
    return impl_->registry.set_discovery(std::move(entries));
}

void Target::close(std::function<void()> done) {
    impl_->registry.close(std::move(done));
}

std::vector<Target::HostConnection> Target::connections() const {
    return impl_->registry.connections();
}

void Target::fail(Request& request, uint16_t status) {
    CHECK(status != nvme::success, "a failure has a status");
    respond(request, status);
}

void Target::queue_closing(Queue& queue) {
    CHECK(!queue.closing, "a queue closes once");
    queue.closing = true;
    if (queue.controller == nullptr || queue.id != 0) {
        return;
    }
    Controller& controller = *queue.controller;
    controller.keep_alive.stop();
    controller.end(nullptr);
    controller.events.reset(nvme::command_aborted);
}

void Target::queue_closed(Queue& queue) {
    CHECK(queue.closing && queue.outstanding == 0, "a queue is closed when nothing is on it");
    if (queue.controller != nullptr) {
        impl_->registry.release(queue);
    }
}

}  // namespace target
