// What the engine tells on its own: a bounded queue from its threads to whoever listens.
//
// A listener that is too slow loses the newest events, and is told how many at the place where
// they are missing. Thread: any. Lifetime: outlives everything that pushes.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"

namespace engine {

enum class EventKind : uint8_t {
    recovery,
    device_failed,
    checksum_error,
    host_connected,
    host_disconnected,
    group_suspect,
    group_level,
    group_wants_epoch,
    group_behind,
    events_dropped,
};

// Each kind sets the fields index.d.ts gives it.
struct Event {
    EventKind kind = EventKind::events_dropped;
    std::string device;
    uint64_t segments_done = 0;
    uint64_t segments_total = 0;
    uint64_t batches_replayed = 0;
    uint64_t blocks_live = 0;
    uint32_t error = 0;
    base::VolumeId volume;
    uint64_t block = 0;
    std::string subsystem_nqn;
    std::string host_nqn;
    uint16_t controller_id = 0;
    const char* reason = "";  // Of static duration.
    base::PgId pg;
    base::Epoch epoch;
    base::NodeId node;
    uint64_t count = 0;
};

class EventQueue {
  public:
    // `wake` is called after a push into an empty queue, on the pushing thread.
    EventQueue(size_t capacity, std::function<void()> wake);

    void push(Event event);
    // Appends up to `limit` events to `events`, oldest first. False when nothing is left behind.
    bool take(std::vector<Event>& events, size_t limit);

  private:
    [[nodiscard]] bool full() const { return count_ == ring_.size(); }
    void store(Event event);

    std::function<void()> wake_;
    std::mutex mutex_;
    std::vector<Event> ring_;
    size_t first_ = 0;
    size_t count_ = 0;
    uint64_t dropped_ = 0;
};

}  // namespace engine
