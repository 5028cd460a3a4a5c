// The beginning of a connection, up to the other one's HELLO.
//
//   dial():  connecting ▶ sending ▶ receiving ▶ over        greet():  receiving ▶ over
//
// The side that was called answers with its own HELLO only when it has admitted the other: so a
// caller that is refused knows nothing of a connection.
//
// Thread: one reactor. Lifetime: the owner's, until it was told.
#pragma once

#include <cstdint>
#include <netinet/in.h>
#include <string>

#include "base/intrusive_list.h"
#include "peer/hello.h"
#include "reactor/reactor.h"

namespace peer {

class Handshake : public base::ListLink {
  public:
    struct Owner {
        // Once, never inside a call. With an empty reason take_socket() and theirs() are good.
        virtual void handshake_over(Handshake& handshake, const std::string& reason) = 0;

      protected:
        ~Owner() = default;
    };

    Handshake(reactor::Reactor& reactor, Owner& owner, const Hello& own);
    ~Handshake();
    Handshake(const Handshake&) = delete;
    Handshake& operator=(const Handshake&) = delete;

    // One of both, once. dial() is for own.to, greet() takes a socket that was accepted.
    void dial(const std::string& address, uint16_t port);
    void greet(int socket);
    // Ends it soon, with a reason.
    void cancel();

    [[nodiscard]] const Hello& theirs() const { return theirs_; }
    [[nodiscard]] int take_socket();

  private:
    template <typename T>
    struct Owned : T {
        Handshake* handshake = nullptr;
    };
    enum class Step : uint8_t { idle, connecting, sending, receiving, over };

    void begin(const std::string& reason);
    void submit(Step step);
    void on_done(int32_t result);
    void received(int32_t result);
    void end(std::string reason);

    reactor::Reactor& reactor_;
    Owner& owner_;
    Hello own_;
    Hello theirs_;
    int socket_ = -1;
    bool dialled_ = false;
    Step step_ = Step::idle;
    std::string reason_;  // Set when it is to end.
    Owned<reactor::Operation> operation_;
    Owned<reactor::Timer> timer_;
    Owned<reactor::Task> end_task_;
    sockaddr_storage address_{};
    socklen_t address_bytes_ = 0;
    uint8_t bytes_[hello_bytes] = {};
};

// What is wrong, in words. Any thread.
[[nodiscard]] std::string error_text(int error);
// Finds a node that is gone within about a second: when something is on its way to it, and a little
// later when it is waited for.
void tune(int socket);

}  // namespace peer
