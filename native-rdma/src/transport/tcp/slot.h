// The place of one command on a connection, from its capsule to its response.
//
//                  ┌────────────────── answered by dispatch() ──────────────────┐
//   idle ──▶ received ──▶ waiting_buffer ──▶ fetching ──▶ executing ──▶ responding ──▶ idle
//               │               └──── to host ─────────────▲  ▲
//               └──────────────── no data ────────────────────┘
//
// waiting_buffer: in the pool's queue for memory. fetching: the host's data are coming, with the
// capsule or asked for by R2T. Each of the four middle states may go to responding: a failure.
//
// Thread: one reactor. Lifetime: allocated when the queue connects, as many as it has entries.
#pragma once

#include <cstdint>

#include "memory/buffer_pool.h"
#include "target/request.h"

namespace transport::tcp {

class Connection;
struct Slot;

enum class SlotState : uint8_t { idle, received, waiting_buffer, fetching, executing, responding };

[[nodiscard]] constexpr bool may_move(SlotState from, SlotState to) {
    switch (from) {
        case SlotState::idle:
            return to == SlotState::received;
        case SlotState::received:
            return to == SlotState::waiting_buffer || to == SlotState::executing ||
                   to == SlotState::responding;
        case SlotState::waiting_buffer:
            return to == SlotState::fetching || to == SlotState::executing ||
                   to == SlotState::responding;
        case SlotState::fetching:
            return to == SlotState::executing || to == SlotState::responding;
        case SlotState::executing:
            return to == SlotState::responding;
        case SlotState::responding:
            return to == SlotState::idle;
    }
    return false;
}

struct SlotWaiter : memory::Waiter {
    Slot* slot = nullptr;
};

// Its list link holds it among the connection's free, unsent or unconfirmed slots.
struct Slot final : target::Request {
    Connection* connection = nullptr;
    SlotWaiter waiter;
    uint64_t fetch_started_ns = 0;
    uint32_t fetched_bytes = 0;
    uint16_t tag = 0;  // The R2T's transfer tag.
    SlotState state = SlotState::idle;
    bool in_capsule = false;     // The host's data came with the command.
    bool digest_failed = false;  // Some of the host's data is not what it sent.

    void move(SlotState to) {
        CHECK(may_move(state, to), "a command goes through its states in order");
        state = to;
    }
};

}  // namespace transport::tcp
