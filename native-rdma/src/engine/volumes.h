// The volumes this gateway shows to hosts.
//
//   (none) ──attach──▶ changing ──shown to hosts──▶ shown ──detach──▶ hiding ──▶ (none)
//                         ▲                           │
//                         └── size or hosts change ───┘
//
// One change of a volume at a time: another one meanwhile is refused as busy. A fence that was
// seen is remembered after the volume is detached: an older attachment never comes back.
//
// Thread: the control thread; `done` comes there too. Lifetime: outlives the target's close.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "engine/control_thread.h"
#include "engine/options.h"
#include "engine/outcome.h"
#include "engine/reactor_thread.h"
#include "router/router.h"
#include "target/target.h"
#include "volume/ram_backing.h"
#include "volume/volume.h"

namespace engine {

class Volumes {
  public:
    struct Parts {
        ControlThread& control;
        target::Target& target;
        const ReactorThreads& reactors;
        const router::Router* router;  // Null without devices.
        uint64_t extent_bytes;
        volume::DamageObserver& observer;
    };
    explicit Volumes(const Parts& parts);
    ~Volumes();

    void attach(VolumeConfig config, Done done);
    void attach_ram(Shown shown, Done done);
    // Fine when there is no such volume.
    void detach(base::VolumeId id, Done done);

    // Makes every store forget the volume's blocks. Refuses while it is attached.
    void erase(base::VolumeId id, Done done);

    // Any thread.
    [[nodiscard]] uint64_t count() const { return count_; }

  private:
    enum class State : uint8_t { changing, shown, hiding };
    enum class First : bool { no, yes };
    struct Served {
        State state = State::changing;
        VolumeConfig config;
        std::vector<std::unique_ptr<volume::Volume>> volumes;  // One for each reactor, or:
        std::unique_ptr<volume::RamRegion> region;             // memory, and
        std::vector<std::unique_ptr<volume::RamBacking>> ram;  // one for each reactor.
        [[nodiscard]] std::vector<volume::Backing*> backings() const;
    };
    [[nodiscard]] static Outcome check_change(const Served& served, const VolumeConfig& config);
    [[nodiscard]] static bool may_move(State from, State to);
    static void move(Served& served, State to);

    [[nodiscard]] bool holds(base::VolumeId id) const { return volumes_.contains(id); }
    [[nodiscard]] Outcome check_new(const Shown& shown) const;
    [[nodiscard]] Outcome check_fence(base::VolumeId id, base::Fence fence) const;
    void attach_new(VolumeConfig config, std::unique_ptr<Served> served, Done done);
    void change(VolumeConfig config, Done done);
    void show(VolumeConfig config, First first, Done done);
    void add(base::VolumeId id, std::unique_ptr<Served> served);
    void remove(base::VolumeId id);
    [[nodiscard]] std::unique_ptr<Served> serve_extents(const VolumeConfig& config) const;

    Parts parts_;
    std::unordered_map<base::VolumeId, std::unique_ptr<Served>> volumes_;
    std::unordered_map<base::VolumeId, base::Fence> fences_;
    std::unordered_set<base::VolumeId> erasing_;
    std::atomic<uint64_t> count_ = 0;
};

}  // namespace engine
