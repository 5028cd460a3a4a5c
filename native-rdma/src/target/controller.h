// One host's association with a subsystem: its admin queue, its I/O queues and what they share.
//
//   (Connect) ─▶ disabled ──CC.EN 1──▶ ready ──CC.EN 0──▶ disabled
//                    └────────────────────┴── queue lost, silence, removal ──▶ ending ─▶ (freed)
//
// Thread: the admin queue's reactor, but for what says otherwise. Lifetime: the registry's: until
// its last queue is closed and its last task has run.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/counter.h"
#include "base/ids.h"
#include "base/limits.h"
#include "target/async_events.h"
#include "target/barrier.h"
#include "target/error_log.h"
#include "target/keep_alive.h"
#include "target/subsystem.h"
#include "target/transport.h"

namespace target {

class Registry;

// What the commands of one queue have done. Written by its reactor, read by the admin queue's.
struct alignas(64) QueueCounters {
    base::Counter read_commands;
    base::Counter write_commands;
    base::Counter read_blocks;
    base::Counter written_blocks;
    base::Counter media_errors;
};

// Features whose values are only kept: nothing here depends on them.
struct KeptFeatures {
    uint32_t arbitration = 0;
    uint32_t error_recovery = 0;
    uint32_t write_atomicity = 0;
};

class Controller {
  public:
    static constexpr uint32_t queues_max = 1 + base::limits::io_queues_per_controller_max;

    struct Identity {
        uint16_t id = 0;
        std::string host_nqn;
        base::Uuid host_id{};
    };

    Controller(Registry& registry,
               std::shared_ptr<Subsystem> subsystem,
               Identity identity,
               reactor::Reactor& reactor);
    ~Controller() = default;
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

    // Never change: any thread.
    [[nodiscard]] const Subsystem& subsystem() const { return *subsystem_; }
    [[nodiscard]] bool is_discovery() const { return subsystem_->kind == SubsystemKind::discovery; }
    [[nodiscard]] const Identity& identity() const { return identity_; }
    [[nodiscard]] Registry& registry() const { return registry_; }
    [[nodiscard]] uint32_t optional_events() const;  // OAES.

    // Any thread: ends the association, soon. `reason` is for people; the first one counts.
    void end(const char* reason);
    // Takes back what a reset takes back.
    void reset();
    void start_keep_alive(uint32_t timeout_ms);

    KeepAlive keep_alive;  // note_traffic(): any thread.
    AsyncEvents events;
    KeptFeatures features;
    uint32_t configuration = 0;      // CC.
    uint32_t status = 0;             // CSTS.
    bool namespace_changed = false;  // Since log page 04h was read.

    ErrorLog errors;  // Any thread.
    std::array<QueueCounters, queues_max> counters;

  private:
    friend class Registry;

    // The place of one queue, and the way to its reactor.
    struct QueuePlace : reactor::Task {
        Controller* controller = nullptr;
        Queue* queue = nullptr;
        Queue* leaving = nullptr;  // Asked to disconnect.
        bool posted = false;
    };
    // What other threads have to tell the admin queue's reactor.
    struct Notice : reactor::Task {
        Controller* controller = nullptr;
        uint8_t events = 0;
        bool posted = false;
    };

    Registry& registry_;
    std::shared_ptr<Subsystem> subsystem_;
    Identity identity_;
    reactor::Reactor& reactor_;

    // The registry's, under its lock.
    std::array<QueuePlace, queues_max> places_;
    Notice notice_;
    uint32_t references_ = 0;  // Queues and posted tasks.
    uint16_t queues_granted_ = 0;
    bool enabled_ = false;
    bool ending_ = false;
    const char* reason_ = "connection lost";
    std::vector<std::shared_ptr<Barrier>> departures_;  // Who waits for it to be gone.
};

}  // namespace target
