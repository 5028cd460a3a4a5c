// A listening socket: accepts hosts' connections on one reactor and hands each to the reactor that
// is next in turn.
//
// Thread: open() any but a reactor's; the rest of its reactor. Lifetime: until its owner was told.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "reactor/reactor.h"

namespace transport::tcp {

class Listener {
  public:
    // What a listener does with the sockets it accepts, and how it ends. Both on its reactor.
    struct Owner {
        virtual void accepted(int socket, bool discovery_port) = 0;
        virtual void listener_gone() = 0;

      protected:
        ~Owner() = default;
    };

    // Binds a numeric address; address_in_use, invalid_argument or io_error (detail: errno).
    static base::Result<std::unique_ptr<Listener>> open(const std::string& address,
                                                        uint16_t port,
                                                        bool discovery_port,
                                                        reactor::Reactor& reactor,
                                                        Owner& owner);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Any thread, once each: begin to accept; stop, and tell the owner.
    void start();
    void stop();

    [[nodiscard]] uint16_t port() const { return port_; }

  private:
    Listener(
        int socket, uint16_t port, bool discovery_port, reactor::Reactor& reactor, Owner& owner);
    template <typename T>
    struct Owned : T {
        Listener* listener = nullptr;
    };

    void arm();
    void on_accepted(int32_t result, bool more);
    void begin_stop();

    int socket_;
    uint16_t port_;
    bool discovery_port_;
    bool accepting_ = false;  // The operation is the kernel's.
    bool stopping_ = false;
    reactor::Reactor& reactor_;
    Owner& owner_;
    Owned<reactor::Operation> accept_;
    Owned<reactor::Task> start_task_;
    Owned<reactor::Task> stop_task_;
    Owned<reactor::Timer> retry_;
};

}  // namespace transport::tcp
