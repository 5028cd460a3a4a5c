// What one reactor needs of a volume to serve it: bounds, checksums, and the way to its extents.
//
// A read or write touches two extents at most, so its parts are embedded; a deallocation may span
// many and reuses its two parts one extent after another. Rate limits and encryption will stand
// here, before the checksums.
//
// Thread: one reactor. Lifetime: outlives its operations: idle() first.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "router/router.h"
#include "volume/backing.h"
#include "volume/meter.h"

namespace volume {

// Told of damage found by reads, on the volume's reactor. Must not block or allocate.
class DamageObserver {
  public:
    virtual ~DamageObserver() = default;
    virtual void block_damaged(base::VolumeId volume, uint64_t block) = 0;
};

class Volume final : public Backing {
  public:
    // `reactor` is null in a simulation of one thread; `observer` and `meter` may be null.
    Volume(base::VolumeId id,
           uint64_t extent_bytes,
           reactor::Executor& executor,
           reactor::Reactor* reactor,
           DamageObserver* observer,
           Meter* meter = nullptr);
    ~Volume() override;

    // Takes a new size, map or fence; operations under way keep what they began with. Requires:
    // places cover block_count blocks.
    void configure(uint64_t block_count, router::Places places, base::Fence fence);
    [[nodiscard]] bool idle() const { return in_flight_ == 0; }

    [[nodiscard]] uint64_t block_count() const override { return block_count_; }
    [[nodiscard]] base::Status submit(Op& op) override;

  private:
    static void part_done(router::Part& part, base::Status status);
    static void finish(reactor::Task& task);

    void start(Op& op);
    void checksum(Op& op);
    bool next_part(Op& op, router::Part& part);
    void note_failure(Op& op, router::Part& part, base::Status status);
    void complete(Op& op);

    base::VolumeId id_;
    uint32_t extent_shift_;  // In blocks.
    reactor::Executor& executor_;
    reactor::Reactor* reactor_;
    DamageObserver* observer_;
    Meter* meter_;
    uint64_t block_count_ = 0;
    router::Places places_;
    base::Fence fence_;  // Of this attachment: older ones are refused wherever it has been seen.
    uint32_t in_flight_ = 0;
};

}  // namespace volume
