// One controller as the host holds it: its admin queue, its I/O queues, keep-alive and events.
//
//   idle ─▶ connecting ─▶ capabilities ─▶ enabling ─▶ waiting_ready ─▶ identifying ─┬▶ ready
//                                                                                   │ (discovery)
//            ready ◀─ sizing ◀─ connecting_io ◀─ granting ◀─────────────────────────┘
//   any of them ──failure, close()──▶ closing ──every queue closed──▶ idle
//
// Thread: one reactor, all its queues. Lifetime: the owner's; only while idle may it be destroyed,
// and then from inside Owner::host_closed too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "initiator/io.h"
#include "initiator/queue.h"
#include "reactor/reactor.h"

namespace initiator {

struct HostOptions {
    std::string address;  // Numeric, IPv4 or IPv6.
    uint16_t port = 0;
    std::string subsystem_nqn;  // nvme::discovery_nqn: a discovery controller, without I/O queues.
    std::string host_nqn;
    base::Uuid host_id{};
    uint16_t io_queues = 1;  // As many of these as the controller grants.
    uint16_t queue_entries = base::limits::io_queue_entries_max;
    uint32_t namespace_id = 1;       // Whose size is read before ready; 0 for none.
    uint32_t keep_alive_ms = 5'000;  // 0 for none.
    bool header_digest = false;
    bool data_digest = false;
    uint32_t timeout_ms = base::limits::transfer_timeout_ms;
};

// What the controller said of itself and of the namespace.
struct HostFacts {
    uint16_t controller_id = 0;
    uint64_t capabilities = 0;        // CAP.
    uint32_t granted_queues = 0;      // Of Set Features 07h.
    uint32_t transfer_bytes_max = 0;  // MDTS; 0 for none.
    uint32_t in_capsule_bytes = 0;    // IOCCSZ.
    char serial[21] = {};
    char model[41] = {};
    uint64_t block_count = 0;
    uint32_t block_bytes = 0;
};

// Where and why a host gave up.
struct HostFailure {
    base::Status status;    // closed when close() asked for it.
    const char* step = "";  // What was being done, such as "Identify Controller".
    const char* reason = "";
    uint16_t nvme_status = 0;  // The controller's answer to that step, or to Connect.
    uint16_t fatal_error = 0;  // It ended the connection with this nvme::tcp::FatalError.
    // One sentence for people.
    [[nodiscard]] std::string sentence() const;
};

enum class HostState : uint8_t {
    idle,
    connecting,
    capabilities,
    enabling,
    waiting_ready,
    identifying,
    granting,
    connecting_io,
    sizing,
    ready,
    closing,
};

[[nodiscard]] bool may_move(HostState from, HostState to);

class Host final : private Queue::Owner {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        virtual void host_ready(Host& host) = 0;
        // Once after each open(), whatever happened; every command is done by then.
        virtual void host_closed(Host& host, const HostFailure& failure) = 0;
        // Dword 0 of an asynchronous event's completion. The next request is on its way.
        virtual void host_event(Host& host, uint32_t event);
    };

    Host(reactor::Reactor& reactor, Owner& owner);
    ~Host() override;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // Connects in the background. Requires: idle.
    void open(const HostOptions& options);
    // Disconnects in the background; commands end with Errc::closed. Nothing when idle.
    void close();

    [[nodiscard]] HostState state() const { return state_; }
    [[nodiscard]] const HostFacts& facts() const { return facts_; }
    [[nodiscard]] Queue& admin() { return admin_; }
    [[nodiscard]] uint32_t io_queue_count() const { return static_cast<uint32_t>(io_.size()); }
    // Requires: ready, index < io_queue_count().
    [[nodiscard]] Queue& io_queue(uint32_t index) { return *io_[index]; }

  private:
    template <typename T>
    struct Owned : T {
        Host* host = nullptr;
    };

    void queue_opened(Queue& queue) override;
    void queue_closed(Queue& queue, const QueueFailure& failure) override;

    void move(HostState to);
    void send(const char* step, const nvme::Command& command, uint32_t data_bytes = 0);
    void on_step_done();
    void advance();
    void take_capabilities();
    void take_ready();
    void take_controller();
    void take_grant();
    void take_namespace();
    void open_next_io_queue();
    void become_ready();
    void on_timer();
    void on_event();
    void begin_close(const HostFailure& failure);
    [[nodiscard]] QueueOptions queue_options() const;

    reactor::Reactor& reactor_;
    Host::Owner& owner_;
    HostOptions options_;
    HostFacts facts_;
    HostFailure failure_;
    HostState state_ = HostState::idle;
    Queue admin_;
    std::vector<std::unique_ptr<Queue>> io_;
    uint32_t open_queues_ = 0;  // open() called, queue_closed() not come yet.
    uint64_t ready_deadline_ns_ = 0;
    const char* step_ = "";
    Owned<Io> step_io_;
    Owned<Io> keep_alive_io_;
    Owned<Io> event_io_;
    bool keep_alive_sent_ = false;
    Owned<reactor::Timer> timer_;  // Waiting for ready, then keep-alive.
    std::unique_ptr<uint8_t[]> data_;
};

}  // namespace initiator
