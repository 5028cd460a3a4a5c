// One reactor on a thread of its own, with its share of the I/O memory and its meter.
//
// Thread: any but the reactor's. Lifetime: outlives all that lives on the reactor.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/status.h"
#include "engine/control_thread.h"
#include "memory/buffer_pool.h"
#include "reactor/reactor.h"
#include "volume/meter.h"

namespace engine {

// Runs `body` on the reactor's thread. It allocates: for configuration, not for I/O.
void run_on(reactor::Reactor& reactor, std::function<void()> body);

class ReactorThread {
  public:
    // Starts it. Fails as Reactor::create() and BufferPool::create() do.
    static base::Result<std::unique_ptr<ReactorThread>> create(const reactor::Options& options,
                                                               size_t pool_bytes);
    ~ReactorThread();
    ReactorThread(const ReactorThread&) = delete;
    ReactorThread& operator=(const ReactorThread&) = delete;

    // Ends the thread. Everything submitted to the reactor must have completed.
    void stop();

    [[nodiscard]] reactor::Reactor& reactor() { return *reactor_; }
    [[nodiscard]] memory::BufferPool& pool() { return *pool_; }
    [[nodiscard]] volume::Meter& meter() { return meter_; }

  private:
    ReactorThread(std::unique_ptr<reactor::Reactor> reactor,
                  std::unique_ptr<memory::BufferPool> pool);

    std::unique_ptr<reactor::Reactor> reactor_;
    std::unique_ptr<memory::BufferPool> pool_;
    volume::Meter meter_;
    std::thread thread_;
};

using ReactorThreads = std::vector<std::unique_ptr<ReactorThread>>;

// Registers every pool with every reactor, under the pool's place in the list: a buffer that
// travels to another reactor has the same index there. All of them or none; then, with errno, why.
// `done` comes on the control thread.
void register_pools(ReactorThreads& threads,
                    ControlThread& control,
                    std::function<void(uint32_t error)> done);

}  // namespace engine
