// This node's part in its cell: the network to the other nodes, and what shards are told of groups.
//
// Thread: the control thread; what other threads may call says so. `done` comes on the control
// thread. Lifetime: outlived by reactors, pools and shards; destroyed after close() has answered.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/cell_config.h"
#include "engine/control_thread.h"
#include "engine/outcome.h"
#include "engine/reactor_thread.h"
#include "peer/network.h"
#include "replication/ports.h"
#include "router/inbox.h"
#include "router/router.h"

namespace engine {

class Cell {
  public:
    struct Parts {
        ControlThread& control;
        const ReactorThreads& reactors;
        const router::Router* router;  // Null without devices.
        replication::Reports& reports;
    };
    explicit Cell(const Parts& parts);
    ~Cell();

    // Once; the same again is fine. Afterwards only may the others be called, but for close().
    void join(const Identity& identity, Done done);
    // The outcome's value is the bound port.
    [[nodiscard]] Outcome listen(const std::string& address, uint16_t port);
    [[nodiscard]] Outcome set_peers(std::vector<peer::PeerAddress> peers);
    void set_groups(const std::vector<replication::GroupConfig>& groups, Done done);

    // Commands that wait for their group are answered from now on.
    void stop_waiting();
    // Ends replicas and connections; `done` on the control thread. Requires: stop_waiting().
    void close(std::function<void()> done);

    // Any thread but a reactor's.
    [[nodiscard]] std::vector<peer::PeerStatus> peers() const;
    [[nodiscard]] peer::NetworkCounters counters() const;

  private:
    struct Closing : reactor::Task {
        std::shared_ptr<Join> join;
    };
    [[nodiscard]] std::vector<router::Shard*> shards() const;
    void open_network(const Identity& identity);

    Parts parts_;
    std::optional<Identity> identity_;
    std::vector<std::unique_ptr<router::Inbox>> inboxes_;
    std::vector<std::unique_ptr<Closing>> closing_;
    mutable std::mutex mutex_;  // Of network_, which other threads look at.
    std::unique_ptr<peer::Network> network_;
};

}  // namespace engine
