// Which subsystems and controllers there are, and which queues belong to them.
//
// Everything rare that crosses threads goes through here, under one lock: configuration, Connect,
// the end of queues and controllers. What must happen on a queue's reactor is posted there; a
// posted task holds its controller. Nobody outside is called with the lock held.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "target/controller.h"
#include "target/controller_ids.h"
#include "target/discovery_log.h"
#include "target/target.h"

namespace target {

// What a Connect asks for, its fields checked for themselves.
struct Association {
    uint16_t queue_id = 0;
    uint16_t entries = 0;
    uint16_t controller_id = 0;  // I/O queues.
    std::string subsystem_nqn;
    std::string host_nqn;
    base::Uuid host_id{};
};

// How a Connect ends: a refusal names the parameter in `result`.
struct Admission {
    uint16_t status = 0;
    uint32_t result = 0;
    Controller* controller = nullptr;
};

class Registry {
  public:
    Registry(const TargetOptions& options, std::vector<reactor::Reactor*> reactors);
    ~Registry();

    // See Target.
    base::Status put(const SubsystemConfig& config, std::function<void()> done);
    base::Status remove(const std::string& nqn, std::function<void()> done);
    base::Status set_discovery(std::vector<DiscoveryEntry> entries);
    void close(std::function<void()> done);
    [[nodiscard]] std::vector<Target::HostConnection> connections() const;

    // On the queue's reactor. The queue holds its controller until release().
    Admission connect_admin(Queue& queue, const Association& asked);
    Admission connect_io(Queue& queue, const Association& asked);
    void release(Queue& queue);

    // A null reason leaves the one that is known.
    void end(Controller& controller, const char* reason);
    // From when on I/O queues may connect, and until when.
    void enable(Controller& controller);
    void disable(Controller& controller);
    void set_reason(Controller& controller, const char* reason);
    [[nodiscard]] bool has_io_queues(const Controller& controller) const;
    // Of `wanted` I/O queues; none while there are some already.
    std::optional<uint16_t> grant_queues(Controller& controller, uint32_t wanted);
    [[nodiscard]] uint16_t queues_granted(const Controller& controller) const;
    [[nodiscard]] std::shared_ptr<const DiscoveryView> discovery_view(
        const std::string& host_nqn) const;

    [[nodiscard]] const TargetOptions& options() const { return options_; }

  private:
    using Lock = std::unique_lock<std::mutex>;

    // All with the lock held.
    [[nodiscard]] static uint16_t io_queues(const Controller& controller);
    [[nodiscard]] bool is_allowed(const Subsystem& subsystem, const std::string& host_nqn) const;
    [[nodiscard]] Admission refuse_admin(const Subsystem& subsystem,
                                         const Association& asked) const;
    void attach(Controller& controller, Queue& queue, const Association& asked);
    void begin_end(Controller& controller, const char* reason);
    void ask_to_leave(Controller::QueuePlace& place);
    void notify(Controller& controller, Event event);
    void update(Subsystem& subsystem,
                const SubsystemConfig& config,
                const std::shared_ptr<Barrier>& barrier);

    // Takes the lock over and lets it go.
    void drop(Lock lock, Controller& controller);

    static void run_leave(reactor::Task& task);
    static void run_notice(reactor::Task& task);

    const TargetOptions options_;
    const std::vector<reactor::Reactor*> reactors_;

    mutable std::mutex mutex_;  // Of all below, and of what Subsystem and Controller say is ours.
    bool closing_ = false;
    std::map<std::string, std::shared_ptr<Subsystem>> subsystems_;
    std::shared_ptr<Subsystem> discovery_subsystem_;
    std::map<uint16_t, std::unique_ptr<Controller>> controllers_;
    ControllerIds ids_;
    DiscoveryLog discovery_;
};

}  // namespace target
