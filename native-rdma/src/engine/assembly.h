// Everything an open engine is made of, from reactors up to the server, and how it comes and goes.
//
//   reactors ▶ pools registered ▶ device files ▶ stores ▶ router, cell, target, volumes, server
//   closing, in the other direction: server ▶ target ▶ volumes ▶ cell ▶ stores ▶ reactors
//
// Commands that wait for a group that nobody serves hold up a close for a second at most: then the
// cell is closed ahead of the server.
//
// Thread: the control thread; what other threads may call says so. Lifetime: destroyed on the
// control thread, after close() has answered.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/cell.h"
#include "engine/control_thread.h"
#include "engine/device.h"
#include "engine/events.h"
#include "engine/options.h"
#include "engine/outcome.h"
#include "engine/reactor_thread.h"
#include "engine/sampler.h"
#include "engine/tell.h"
#include "engine/volumes.h"
#include "router/router.h"
#include "target/target.h"
#include "transport/tcp/server.h"

namespace engine {

class Assembly {
  public:
    Assembly(Options options, EventQueue& events, ControlThread& control);
    ~Assembly();

    // Both answer once, on the control thread. After an open that failed, close() all the same.
    void open(Done done);
    void close(std::function<void()> done);

    // Once open.
    [[nodiscard]] Volumes& volumes() { return *volumes_; }
    [[nodiscard]] target::Target& target() { return *target_; }
    [[nodiscard]] transport::tcp::Server& server() { return *server_; }
    [[nodiscard]] Cell& cell() { return *cell_; }

    // Any thread but a reactor's, between open() and close().
    [[nodiscard]] const ReactorThreads& reactors() const { return reactors_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Sampler>>& samplers() const {
        return samplers_;
    }
    [[nodiscard]] const std::vector<std::string>& features() const { return features_; }
    void refresh_samples();
    [[nodiscard]] store::StoreStats stats_of(const Device& device);

  private:
    struct Patience : reactor::Timer {
        Assembly* assembly = nullptr;
    };
    [[nodiscard]] Outcome make_reactors();
    [[nodiscard]] Outcome make_devices();
    void pools_registered(uint32_t error);
    void open_stores();
    void stores_opened();
    void compose();
    void close_target();
    void target_closed();
    void close_cell();
    void close_stores();
    void stop();

    Options options_;
    EventQueue& events_;
    ControlThread& control_;
    Done opened_;
    std::function<void()> closed_;

    Tell tell_;
    ReactorThreads reactors_;
    std::vector<std::unique_ptr<Device>> devices_;
    std::vector<router::Shard*> shards_;
    std::vector<std::unique_ptr<Sampler>> samplers_;
    std::unique_ptr<router::Router> router_;
    std::unique_ptr<Cell> cell_;
    std::unique_ptr<target::Target> target_;
    std::unique_ptr<Volumes> volumes_;
    std::unique_ptr<transport::tcp::Server> server_;
    std::vector<std::string> features_;
    uint32_t registration_error_ = 0;
    Patience patience_;
    bool cell_closing_ = false;
    bool cell_closed_ = false;
    bool target_closed_ = false;
};

}  // namespace engine
