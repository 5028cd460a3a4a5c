// One reactor's connection to one other node: opened, and opened again whenever it is gone.
//
//   waiting ──dial──▶ greeting ──HELLO──▶ admitting ──▶ live ──broken──▶ ending ──▶ waiting
//      ▲                  └─────────────────┴── refused, late ─────────────────────────▲
//   any ──retire()──▶ retired, when nothing is under way
//
// Thread: its reactor. Lifetime: the lane's; retire(), then retired().
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "peer/connection.h"
#include "peer/handshake.h"
#include "peer/network.h"
#include "peer/registry.h"

namespace peer {

enum class DialerState : uint8_t { waiting, greeting, admitting, live, ending, retired };

[[nodiscard]] constexpr bool may_move(DialerState from, DialerState to) {
    switch (from) {
        case DialerState::waiting:
            return to == DialerState::greeting || to == DialerState::retired;
        case DialerState::greeting:
            return to == DialerState::admitting || to == DialerState::waiting ||
                   to == DialerState::retired;
        case DialerState::admitting:
            return to == DialerState::live || to == DialerState::waiting ||
                   to == DialerState::retired;
        case DialerState::live:
            return to == DialerState::ending;
        case DialerState::ending:
            return to == DialerState::waiting || to == DialerState::retired;
        case DialerState::retired:
            return false;
    }
    return false;
}

class Dialer final : public Handshake::Owner, public Connection::Owner {
  public:
    Dialer(const PeerAddress& address, ReactorLane& lane);
    ~Dialer();
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;

    // Dials at once, if it waits to.
    void hurry();
    // Ends the connection that there is, and dials again.
    void renew();
    // Ends for good; the lane is told by dialer_retired(), never inside this call.
    void retire();
    // Another run of the node is there: a connection to an earlier one ends without a word.
    void run_changed(uint64_t incarnation);

    // Null when there is none that anything may leave on.
    [[nodiscard]] Connection* connection();
    [[nodiscard]] const PeerAddress& address() const { return address_; }

  private:
    template <typename T>
    struct Owned : T {
        Dialer* dialer = nullptr;
    };

    void handshake_over(Handshake& handshake, const std::string& reason) override;
    void connection_over(Connection& connection, const std::string& reason) override;
    void connection_gone(Connection& connection) override;
    void move(DialerState to);
    void dial();
    void admitted();
    void wait(const std::string& reason);
    void rest();

    const PeerAddress address_;
    ReactorLane& lane_;
    DialerState state_ = DialerState::waiting;
    bool retiring_ = false;
    bool run_changed_ = false;  // Of the connection that ends: its node runs anew.
    bool at_once_ = false;      // It is there: there is nothing to wait for.
    uint64_t backoff_ns_;
    uint64_t live_since_ns_ = 0;
    std::string reason_;
    std::unique_ptr<Handshake> handshake_;
    std::unique_ptr<Connection> connection_;
    int socket_ = -1;  // While it is admitted.
    Hello theirs_;
    Owned<Admission> admission_;
    Owned<reactor::Timer> timer_;
    Owned<reactor::Task> rest_task_;
};

}  // namespace peer
