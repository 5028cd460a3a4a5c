// The NVMe target: subsystems, controllers and the commands that hosts send them, over any
// transport.
//
// Thread: configuration calls come from the engine's control thread and may take a lock; dispatch
// and all that follows runs on the queue's reactor and takes none after Connect.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "target/request.h"
#include "target/transport.h"
#include "volume/backing.h"

namespace target {

// Told of hosts that come and go, on some reactor's thread: for events, not for decisions.
class HostObserver {
  public:
    virtual ~HostObserver() = default;
    virtual void host_connected(const std::string& subsystem_nqn,
                                const std::string& host_nqn,
                                uint16_t controller_id) = 0;
    // `reason` is a few words: "keep-alive expired", "connection lost", "not allowed any more".
    virtual void host_disconnected(const std::string& subsystem_nqn,
                                   const std::string& host_nqn,
                                   uint16_t controller_id,
                                   const char* reason) = 0;
};

struct TargetOptions {
    uint16_t controller_id_first = 1;  // This gateway's range of controller ids, both inclusive.
    uint16_t controller_id_last = 0xffef;
    uint16_t io_queues_max = 4;        // Granted to a controller by Set Features 07h.
    std::string firmware_revision;     // At most 8 characters.
    HostObserver* observer = nullptr;  // May be null; outlives the target.
};

struct SubsystemConfig {
    std::string nqn;
    std::string serial;                      // At most 20 ASCII characters; names the volume.
    std::string model;                       // At most 40.
    base::Uuid uuid{};                       // Of namespace 1: UUID and NGUID.
    std::vector<std::string> allowed_hosts;  // Host NQNs. Empty: nobody.
    uint64_t block_count = 0;
    // One for each reactor, by index. They stay until remove_subsystem() has answered.
    std::vector<volume::Backing*> backings;
};

struct DiscoveryEntry {
    std::string host_nqn;  // Who may see it.
    std::string subsystem_nqn;
    std::string address;
    uint16_t port = 0;
};

class Target {
  public:
    Target(const TargetOptions& options, const std::vector<reactor::Reactor*>& reactors);
    ~Target();

    // Configuration: any thread but a reactor's. `done` comes on some reactor's thread, once.
    // Adds a subsystem, or changes one: hosts no longer allowed are disconnected; a new size is
    // announced (NS_ATTR event). Refuses a malformed NQN and a full table.
    base::Status put_subsystem(const SubsystemConfig& config, std::function<void()> done);
    // Disconnects every controller, waits for their requests, forgets the subsystem.
    base::Status remove_subsystem(const std::string& nqn, std::function<void()> done);
    // Replaces the discovery log; discovery controllers of hosts whose view changed get an event.
    base::Status set_discovery(std::vector<DiscoveryEntry> entries);
    // Disconnects every controller and refuses new ones.
    void close(std::function<void()> done);

    // For transports, on the queue's reactor.
    // Parses: sets direction, transfer_bytes and execute, or answers at once through respond().
    // Returns false in that case: the request is the transport's again.
    [[nodiscard]] bool dispatch(Request& request);
    // Instead of `execute`: the data of a dispatched request could not be moved. Answers it with
    // `status` (a code of nvme/status.h) through respond().
    void fail(Request& request, uint16_t status);
    // The connection is ending: parked commands (AER) are responded to, new ones are not
    // dispatched.
    void queue_closing(Queue& queue);
    // Every request has been responded to and the connection's memory is about to go.
    void queue_closed(Queue& queue);

    struct HostConnection {
        std::string subsystem_nqn;
        std::string host_nqn;
        uint16_t controller_id = 0;
        uint16_t io_queues = 0;
    };
    // Any thread but a reactor's.
    [[nodiscard]] std::vector<HostConnection> connections() const;

    struct Impl;
    Impl& impl() { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace target
