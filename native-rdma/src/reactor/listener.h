// A listening socket: accepts connections on one reactor and hands each to its owner.
//
// Thread: open() any but a reactor's; the rest of its reactor. Lifetime: until its owner was told.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "reactor/reactor.h"

namespace reactor {

class Listener {
  public:
    // What a listener does with the sockets it accepts, and how it ends. Both on its reactor.
    struct Owner {
        virtual void accepted(int socket, uint32_t tag) = 0;
        virtual void listener_gone() = 0;

      protected:
        ~Owner() = default;
    };

    // `tag` is what the owner tells its listeners apart by. Binds a numeric address;
    // address_in_use, invalid_argument or io_error (detail: errno).
    static base::Result<std::unique_ptr<Listener>> open(
        const std::string& address, uint16_t port, uint32_t tag, Reactor& reactor, Owner& owner);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Any thread, once each: begin to accept; stop, and tell the owner.
    void start();
    void stop();

    [[nodiscard]] uint16_t port() const { return port_; }

  private:
    Listener(int socket, uint16_t port, uint32_t tag, Reactor& reactor, Owner& owner);
    template <typename T>
    struct Owned : T {
        Listener* listener = nullptr;
    };

    void arm();
    void on_accepted(int32_t result, bool more);
    void begin_stop();

    int socket_;
    uint16_t port_;
    uint32_t tag_;
    bool accepting_ = false;  // The operation is the kernel's.
    bool stopping_ = false;
    Reactor& reactor_;
    Owner& owner_;
    Owned<Operation> accept_;
    Owned<Task> start_task_;
    Owned<Task> stop_task_;
    Owned<Timer> retry_;
};

}  // namespace reactor
