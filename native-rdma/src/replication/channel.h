// The ordered way from a primary to one member, over messages that may get lost: what was sent and
// is not acknowledged is sent again, from the oldest on (go-back-N).
//
//   closed ──prepare──▶ preparing ──Prepared──▶ open
//      ▲                    └──────── a new epoch, or silence ────────┐
//      └─ the member left the configuration          open ──prepare───┘
#pragma once

#include <cstdint>
#include <deque>

#include "base/ids.h"
#include "replication/client.h"
#include "replication/ports.h"

namespace replication {

// Blocks on their way to a joining member.
struct Copy {
    using Done = void (*)(Copy& copy);
    Range range;
    const uint8_t* data = nullptr;  // Null: the member has to deallocate them.
    const uint32_t* crcs = nullptr;
    base::Version version;
    base::Generation generation;
    Done done = nullptr;  // The member has it. Not called when the channel begins anew.
};

class Channel {
  public:
    struct Client {
        // What members may take as committed.
        [[nodiscard]] virtual base::Version commit_told() const = 0;

      protected:
        ~Client() = default;
    };

    Channel(Peers& peers, base::NodeId node, Client& client)
        : peers_(peers), node_(node), client_(client) {}

    [[nodiscard]] base::NodeId node() const { return node_; }
    [[nodiscard]] bool open() const { return open_; }
    [[nodiscard]] uint64_t number() const { return number_; }
    [[nodiscard]] base::Version acked() const { return acked_; }
    // Of what is sent next; whether the member has all that was sent before it.
    [[nodiscard]] uint64_t next_sequence() const { return next_sequence_; }
    [[nodiscard]] bool acked_before(uint64_t sequence) const {
        return unacked_.empty() || unacked_.front().sequence >= sequence;
    }
    [[nodiscard]] bool full() const { return full_; }

    // Begins anew: what was sent counts for nothing until the member has answered.
    void prepare(const GroupConfig& config, bool wipe, uint64_t now_ns);
    // What the member has had counts for nothing.
    void forget_acked() { acked_ = {}; }
    // The member's answer to prepare(); writes and copies follow by send().
    void opened() { open_ = true; }

    void send(Write& write, uint64_t now_ns);
    void send(Copy& copy, uint64_t now_ns);
    // All up to the sequence is durable.
    void acknowledged(const Ack& ack);
    // Sends again what is due, or the question that was not answered.
    void tick(uint64_t now_ns, uint64_t resend_ns);

    // What came from the member.
    void heard(uint64_t now_ns) { heard_ns_ = now_ns; }
    [[nodiscard]] uint64_t heard_ns() const { return heard_ns_; }
    void granted(uint64_t sent_ns, bool full) {
        granted_ns_ = sent_ns > granted_ns_ ? sent_ns : granted_ns_;
        full_ = full;
    }
    [[nodiscard]] uint64_t granted_ns() const { return granted_ns_; }

  private:
    struct Item {
        uint64_t sequence;
        Write* write;  // Or:
        Copy* copy;
    };

    void transmit(const Item& item);
    void add(Write* write, Copy* copy, uint64_t now_ns);

    Peers& peers_;
    base::NodeId node_;
    Client& client_;
    GroupConfig config_;
    bool wipe_ = false;
    bool open_ = false;
    bool full_ = false;
    uint64_t number_ = 0;
    uint64_t next_sequence_ = 1;
    base::Version acked_;  // Writes up to here are durable there.
    std::deque<Item> unacked_;
    uint64_t sent_ns_ = 0;  // The oldest that is not answered.
    uint64_t heard_ns_ = 0;
    uint64_t granted_ns_ = 0;
};

}  // namespace replication
