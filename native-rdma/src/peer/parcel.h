// Something that came in, on its way to the home reactor of its group and back, with its memory.
//
//   connection's reactor: take, receive ──▶ home reactor: the sink ──▶ back: answered, recycled
//
// Thread: take() and put() the lane's reactor; between them whoever has the parcel. Lifetime: the
// lane's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "memory/buffer_pool.h"
#include "peer/frame_format.h"
#include "peer/port.h"
#include "reactor/executor.h"
#include "replication/message.h"

namespace peer {

class Connection;
class ReactorLane;

enum class ParcelKind : uint8_t { message, append, call };

// The list link is the connection's, of calls that it has to answer.
struct Parcel : base::ListLink {
    struct Hop : reactor::Task {
        Parcel* parcel = nullptr;
    };
    struct Stored : replication::Incoming {
        Parcel* parcel = nullptr;
    };
    struct Asked : Call {
        Parcel* parcel = nullptr;
    };

    ParcelKind kind = ParcelKind::message;
    ReactorLane* lane = nullptr;  // Whose it is.
    uint32_t home = 0;            // Place of the reactor that it goes to.
    base::NodeId from;
    uint64_t incarnation = 0;  // Of the sender.
    Hop hop;
    std::array<uint32_t, payload_blocks_max> crcs;
    memory::Buffer buffer;
    memory::BufferPool* pool = nullptr;  // The buffer's.

    replication::Message message;  // Of a message, and:
    std::vector<replication::Range> ranges;
    Stored stored;  // Of an append.
    Asked asked;    // Of a call, and:
    uint64_t id = 0;
    base::Status status;
    Connection* connection = nullptr;  // Null when it is gone.
};

// The parcels of one kind: made as they are needed, up to a limit.
class ParcelPool {
  public:
    ParcelPool(ParcelKind kind, uint32_t count_max, ReactorLane& lane)
        : kind_(kind), count_max_(count_max), lane_(lane) {}
    ~ParcelPool();
    ParcelPool(const ParcelPool&) = delete;
    ParcelPool& operator=(const ParcelPool&) = delete;

    // Null when every one is taken.
    [[nodiscard]] Parcel* take();
    void put(Parcel& parcel);
    [[nodiscard]] uint32_t taken() const {
        return static_cast<uint32_t>(made_.size()) - free_.count();
    }

  private:
    ParcelKind kind_;
    uint32_t count_max_;
    ReactorLane& lane_;
    std::vector<std::unique_ptr<Parcel>> made_;
    base::IntrusiveList<Parcel> free_;
};

}  // namespace peer
