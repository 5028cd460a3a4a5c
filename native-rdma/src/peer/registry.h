// What this process knows of the other nodes: which there are, which run of each is talked to, and
// how the connections to it are.
//
//   no run ──first HELLO──▶ changing ──every reactor has been told──▶ settled ──HELLO of another
//                               ▲                                                run──┐
//                               └─────────────────────────────────────────────────────┘
//
// A connection is admitted only when each reactor has closed those of the earlier run and told its
// sink so: whatever comes of the new run, comes after that. A run that is over stays so.
//
// Thread: any; each call takes the lock for a moment. Lifetime: the network's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "peer/network.h"
#include "reactor/reactor.h"

namespace peer {

// The wish to use a connection of one run of a node, embedded in what wishes.
struct Admission : base::ListLink {
    struct Answer : reactor::Task {
        Admission* admission = nullptr;
    };
    using Done = void (*)(Admission& admission);
    base::NodeId node;
    uint64_t incarnation = 0;
    reactor::Reactor* reactor = nullptr;
    Done done = nullptr;  // Once, on its reactor, never inside admit().
    // The answer: null when it is admitted.
    const char* refusal = nullptr;
    Answer answer;
};

// A reactor's part in taking in a new run. It has to call changed() when it is done.
struct RunChange : reactor::Task {
    uint32_t reactor = 0;  // Its place.
    void* owner = nullptr;
    base::NodeId node;
    uint64_t incarnation = 0;
    bool had_earlier = false;
};

class Registry {
  public:
    // `change` is run on each reactor when a run is taken in, with `owner` in its RunChange.
    Registry(std::span<reactor::Reactor* const> reactors, reactor::Task::Run change, void* owner);

    // Nodes that are not named are refused from now on.
    void set_peers(std::span<const PeerAddress> peers);
    // Refuses everybody from now on.
    void close();

    void admit(Admission& admission);
    void changed(base::NodeId node);

    // How a reactor's connection to a node is, and why one from it was refused.
    void connected(base::NodeId node, uint32_t reactor);
    void disconnected(base::NodeId node, uint32_t reactor, std::string reason);
    void refused(base::NodeId node, std::string reason);
    [[nodiscard]] NetworkStatus status() const;

  private:
    static constexpr uint32_t ended_max = 8;

    struct Node {
        bool allowed = false;
        bool changing = false;
        uint64_t incarnation = 0;  // 0: none yet.
        std::array<uint64_t, ended_max> ended{};
        uint32_t ended_count = 0;
        uint32_t left = 0;  // Reactors that have not been told.
        std::vector<RunChange> changes;
        base::IntrusiveList<Admission> waiting;
        std::vector<bool> connected;
        std::string reason;
    };

    [[nodiscard]] static const char* objection(const Node& node, uint64_t incarnation);
    static void answer(Admission& admission, const char* refusal);
    void begin_change(base::NodeId id, Node& node, uint64_t incarnation);
    Node& node_at(base::NodeId id);

    const std::vector<reactor::Reactor*> reactors_;
    const reactor::Task::Run change_;
    void* const owner_;
    mutable std::mutex mutex_;
    bool closed_ = false;
    // Those that were a peer once stay, so that an ended run is known.
    std::map<base::NodeId, Node> nodes_;
    uint64_t strangers_ = 0;
    std::string stranger_reason_;
};

}  // namespace peer
