// Asynchronous event requests that wait for something to happen, and what has happened.
//
// An event is reported once; the next of its kind only after the host has read the log page that
// goes with it. Until a request is there to carry it, it waits.
//
// Thread: the admin queue's reactor.
#pragma once

#include <cstdint>

#include "base/intrusive_list.h"
#include "target/request.h"

namespace target {

enum class Event : uint8_t { namespace_changed = 1 << 0, discovery_changed = 1 << 1 };

class AsyncEvents {
  public:
    // Which notices the host wants: bits of feature 0Bh.
    void enable(uint32_t notices) { notices_ = notices; }
    [[nodiscard]] uint32_t enabled() const { return notices_; }

    void park(Request& request);
    void raise(Event event);
    // The log page of `event` has been read.
    void acknowledge(Event event);
    // Answers the parked request of this id, if there is one.
    bool abort(uint16_t command_id);
    // Answers every parked request with `status` and forgets what has happened.
    void reset(uint16_t status);

  private:
    [[nodiscard]] bool wanted(Event event) const;
    void deliver();

    base::IntrusiveList<Request> parked_;
    uint32_t notices_ = 0;
    uint8_t pending_ = 0;   // Happened, not reported.
    uint8_t reported_ = 0;  // Reported, its log page not read.
};

}  // namespace target
