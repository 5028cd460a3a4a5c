// One reactor's part of the network: its connections, its memory for what comes in, and the way of
// that to the home reactors of the groups.
//
// Memory for what comes in is the reactor's pool while that has plenty, and then a reserve for
// Appends and one for requests. Hosts' commands wait for requests, and those for Appends; so none
// of them may take what the next ones need.
//
// Thread: its reactor, where nothing else is said. Lifetime: the network's.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/counter.h"
#include "base/intrusive_list.h"
#include "memory/buffer_pool.h"
#include "peer/connection.h"
#include "peer/dialer.h"
#include "peer/handshake.h"
#include "peer/network.h"
#include "peer/parcel.h"
#include "peer/registry.h"

namespace peer {

// What the lanes of one network share.
struct Surroundings {
    NetworkOptions options;
    Registry registry;
    std::vector<std::unique_ptr<ReactorLane>> lanes;
    // What has to end before the network may go; the last to let go ends it.
    std::atomic<uint64_t> alive = 1;
    virtual void all_gone() = 0;

    explicit Surroundings(NetworkOptions&& chosen);
    void hold() { alive.fetch_add(1); }
    void let_go() {
        if (alive.fetch_sub(1) == 1) {
            all_gone();
        }
    }

  protected:
    ~Surroundings();
};

class ReactorLane final : public Lane, public Handshake::Owner, public Connection::Owner {
  public:
    ReactorLane(Surroundings& surroundings, uint32_t index);
    ~ReactorLane();
    ReactorLane(const ReactorLane&) = delete;
    ReactorLane& operator=(const ReactorLane&) = delete;

    void send(base::NodeId to, const replication::Message& message) override;
    void request(base::NodeId to, Request& request) override;
    void renew(base::NodeId to) override;

    // The network's.
    void set_peers(std::span<const PeerAddress> peers);
    void accepted(int socket);
    void close();
    static void change_run(reactor::Task& task);

    // Its connections' and dialers'.
    [[nodiscard]] reactor::Reactor& reactor() { return reactor_; }
    [[nodiscard]] Registry& registry() { return surroundings_.registry; }
    [[nodiscard]] Sink& sink() { return sink_; }
    [[nodiscard]] uint32_t index() const { return index_; }
    [[nodiscard]] Hello hello(base::NodeId to, uint32_t lane) const;
    // About so long, differently each time.
    [[nodiscard]] uint64_t jitter(uint64_t wait_ns);
    void dialer_retired(Dialer& dialer);

    // A parcel with so much memory, or null.
    [[nodiscard]] Parcel* take(ParcelKind kind, uint32_t bytes);
    // On its way to the group's home reactor, and home again.
    void deliver(Parcel& parcel, base::PgId pg);
    void deliver_message(base::NodeId from, uint64_t incarnation, Decoded& decoded);
    void recycle(Parcel& parcel);

    struct {
        std::atomic<uint64_t> connections = 0;
        base::Counter frames_sent, frames_received, bytes_sent, bytes_received;
        base::Counter messages_dropped, requests_put_off;
    } counted;

  private:
    // A connection that came in: from its handshake on whatever reactor to the one it belongs to.
    struct Arrival : reactor::Task, Admission {
        ReactorLane* lane = nullptr;
        int socket = -1;
        Hello theirs;
    };
    struct Orphans : reactor::Task {
        ReactorLane* lane = nullptr;
    };

    void handshake_over(Handshake& handshake, const std::string& reason) override;
    void connection_over(Connection& connection, const std::string& reason) override;
    void connection_gone(Connection& connection) override;
    void arrived(Arrival& arrival);
    void admitted(Arrival& arrival);
    void run_changed(const RunChange& change);
    void retire(std::map<base::NodeId, std::unique_ptr<Dialer>>::iterator place);
    [[nodiscard]] bool is_current(base::NodeId node, uint64_t incarnation) const;
    [[nodiscard]] memory::Buffer take_memory(ParcelKind kind,
                                             uint32_t bytes,
                                             memory::BufferPool*& from);
    [[nodiscard]] ParcelPool& parcels(ParcelKind kind);
    void arrive(Parcel& parcel);
    void come_home(Parcel& parcel);
    static void send_home(Parcel& parcel, ReactorLane& here);
    void end_orphans();
    [[nodiscard]] uint32_t taken() const;

    Surroundings& surroundings_;
    const uint32_t index_;
    reactor::Reactor& reactor_;
    memory::BufferPool& pool_;
    Sink& sink_;
    bool closing_ = false;
    bool held_for_parcels_ = false;
    uint64_t random_;

    std::unique_ptr<memory::BufferPool> append_reserve_;
    std::unique_ptr<memory::BufferPool> call_reserve_;
    ParcelPool messages_;
    ParcelPool appends_;
    ParcelPool calls_;

    std::map<base::NodeId, uint64_t> runs_;  // The run of each node that is listened to.
    std::map<base::NodeId, std::unique_ptr<Dialer>> dialers_;
    std::vector<std::unique_ptr<Dialer>> retiring_;
    base::IntrusiveList<Connection> incoming_;  // Owned.
    base::IntrusiveList<Handshake> greeting_;   // Owned.
    base::IntrusiveList<Request> orphans_;      // Without a connection: they end.
    Orphans orphans_task_;
};

}  // namespace peer
