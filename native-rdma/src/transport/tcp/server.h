// The NVMe/TCP side of a gateway: its listening sockets and the connections hosts made to them.
//
// A listener accepts on one reactor and hands each socket to the next reactor in turn, where the
// connection stays. Connections are bounded in number; one more than that is closed at once.
//
// Thread: each function says. Lifetime: outlived by the target, the reactors and their pools;
// destroyed after close() has answered.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "memory/buffer_pool.h"
#include "reactor/reactor.h"
#include "target/target.h"

namespace transport::tcp {

enum class Service : uint8_t {
    io,         // Subsystems with namespaces.
    discovery,  // The discovery subsystem, by convention on port 8009.
};

struct ServerOptions {
    uint32_t connections_max = base::limits::connections_max;
    uint32_t connect_timeout_ms = base::limits::connect_timeout_ms;
    uint32_t transfer_timeout_ms = base::limits::transfer_timeout_ms;
};

// What has happened since the server was made, over all reactors.
struct ServerCounters {
    uint64_t connections = 0;  // Open now.
    uint64_t accepted = 0;
    uint64_t refused = 0;          // Closed at once: too many.
    uint64_t protocol_errors = 0;  // Connections ended by a fatal transport error.
    uint64_t timeouts = 0;         // Connections ended for being silent too long.
    uint64_t commands = 0;
    uint64_t bytes_received = 0;
    uint64_t bytes_sent = 0;
};

class Server {
  public:
    // `pools[i]` belongs to `reactors[i]`.
    Server(const ServerOptions& options,
           target::Target& target,
           std::vector<reactor::Reactor*> reactors,
           std::vector<memory::BufferPool*> pools);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Any thread but a reactor's: binds a numeric IPv4 or IPv6 address and starts to accept. The
    // bound port (0 lets the kernel choose), or address_in_use, invalid_argument or io_error.
    base::Result<uint16_t> listen(Service service, const std::string& address, uint16_t port);
    // Any thread but a reactor's: closes the listeners and every connection, finishes what they
    // have outstanding; then `done` runs on a reactor's thread.
    void close(std::function<void()> done);
    // Any thread.
    [[nodiscard]] ServerCounters counters() const;

    struct Impl;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace transport::tcp
