// The data plane as one object: opened with devices, told what to show to which hosts, closed.
//
//   idle ──open──▶ opening ──▶ open ──close──▶ closing ──▶ closed
//                     └──────failed──────────────▲
//
// Thread: any but a reactor's or the control thread. Every verb answers through `done`, once, on
// the control thread; with the engine not open it answers Errc::closed. Lifetime: the destructor
// closes an engine that is not closed, and waits for that.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/assembly.h"
#include "engine/cell_config.h"
#include "engine/control_thread.h"
#include "engine/counters.h"
#include "engine/events.h"
#include "engine/options.h"
#include "engine/outcome.h"
#include "target/target.h"
#include "transport/tcp/server.h"

namespace engine {

struct DeviceStatus {
    std::string path;
    base::Uuid store_id{};
    store::StoreStats stats;
    bool flushes = false;
};

class Engine {
  public:
    // `events` outlives the engine.
    explicit Engine(EventQueue& events);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Once. After a failure the engine is closed.
    void open(Options options, Done done);
    // The outcome's value is the bound port.
    void listen(transport::tcp::Service service, std::string address, uint16_t port, Done done);
    // Who this node is in its cell; before the next three.
    void join_cell(Identity identity, Done done);
    void listen_to_peers(std::string address, uint16_t port, Done done);
    void set_peers(std::vector<peer::PeerAddress> peers, Done done);
    void set_groups(std::vector<replication::GroupConfig> groups, Done done);
    void attach_volume(VolumeConfig config, Done done);
    void attach_ram_volume(Shown shown, Done done);
    void detach_volume(base::VolumeId id, Done done);
    void delete_volume(base::VolumeId id, Done done);
    void set_discovery(std::vector<target::DiscoveryEntry> entries, Done done);
    // A pass over the device's live blocks; not_found when no device has this path.
    void start_scrub(std::string device_path, uint64_t bytes_per_second, Done done);
    void stop_scrub(std::string device_path, Done done);
    // Finishes the verbs and commands under way. Answers more than one caller.
    void close(Done done);

    // At once; nothing when the engine is not open.
    [[nodiscard]] std::optional<std::vector<DeviceStatus>> devices();
    [[nodiscard]] std::optional<std::vector<target::Target::HostConnection>> connections();
    [[nodiscard]] std::optional<std::vector<std::string>> features();
    // In the order of their numbers.
    [[nodiscard]] std::optional<std::vector<router::GroupView>> groups();
    [[nodiscard]] std::optional<std::vector<peer::PeerStatus>> peers();
    // False, and nothing written, when the engine is not open. Requires: counters.size() ==
    // counter_names().size().
    [[nodiscard]] bool read_counters(std::span<uint64_t> counters);

  private:
    enum class State : uint8_t { idle, opening, open, closing, closed };
    [[nodiscard]] static bool may_move(State from, State to);

    // On the control thread.
    void move(State to);
    void run_verb(std::function<void(Done)> verb, Done done);
    void opened(Outcome outcome, const Done& done);
    void advance_close();
    void run_on_device(std::string path,
                       std::function<void(Device& device, Done done)> verb,
                       Done done);
    void assembly_closed();

    EventQueue& events_;
    // The control thread's own, but for assembly_ while the engine is open: others read through it
    // under the lock.
    State state_ = State::idle;
    uint32_t verbs_ = 0;  // Under way.
    bool close_begun_ = false;
    Outcome open_failure_;
    Done opened_;
    std::vector<Done> closed_;
    std::unique_ptr<Assembly> assembly_;
    std::mutex mutex_;
    Assembly* shared_ = nullptr;  // Null unless open.
    ControlThread control_;
};

}  // namespace engine
