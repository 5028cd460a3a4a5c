// Opens the store of one device on its reactor: formats an empty device, replays a full one, and
// tells how far it is meanwhile.
//
//   opening ──empty──▶ formatting ──▶ reopening ──▶ done
//      └──────replayed, or cannot──────────────────▲
//
// Thread: start() the control thread, the rest the reactor's. Lifetime: until `done`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/events.h"
#include "engine/outcome.h"
#include "reactor/reactor.h"
#include "store/device.h"
#include "store/store.h"

namespace engine {

class StoreOpening {
  public:
    // On the reactor's thread, once. The opening may be destroyed afterwards, on another thread.
    using Opened = std::function<void(Outcome outcome, std::unique_ptr<store::Store> store)>;

    StoreOpening(const std::string& path,
                 store::Device& device,
                 reactor::Reactor& reactor,
                 const store::StoreOptions& options,
                 EventQueue& events);
    void start(Opened opened);

  private:
    enum class State : uint8_t { opening, formatting, reopening, done };
    struct Attempt : store::Store::Opened {
        StoreOpening* opening = nullptr;
    };
    struct Ticker : reactor::Timer {
        StoreOpening* opening = nullptr;
    };

    [[nodiscard]] static bool may_move(State from, State to);
    void advance(State to);
    void attempted(base::Status status, std::unique_ptr<store::Store> store);
    void finish(base::Status status, std::unique_ptr<store::Store> store);
    void tell_progress();

    std::string path_;
    store::Device& device_;
    reactor::Reactor& reactor_;
    store::StoreOptions options_;
    EventQueue& events_;
    Opened opened_;
    State state_ = State::opening;
    Attempt attempt_;
    Ticker ticker_;
    uint64_t segments_told_ = 0;
};

}  // namespace engine
