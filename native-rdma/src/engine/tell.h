// Turns what the layers below notice into events.
//
// Thread: any reactor's. Lifetime: outlives the layers below.
#pragma once

#include <string>
#include <vector>

#include "base/limits.h"
#include "engine/events.h"
#include "replication/ports.h"
#include "router/shard.h"
#include "store/file_device.h"
#include "target/target.h"
#include "volume/volume.h"

namespace engine {

class Tell final : public volume::DamageObserver,
                   public store::StoreObserver,
                   public router::FailureObserver,
                   public target::HostObserver,
                   public replication::Reports {
  public:
    Tell(EventQueue& events, uint64_t extent_bytes)
        : events_(events), extent_blocks_(extent_bytes / base::limits::block_bytes) {}

    // Before the store is used: the path that its failure is told under, and the device that knows
    // why (may be null).
    void name_store(const base::Uuid& id, const std::string& path, const store::FileDevice* file);

    void block_damaged(base::VolumeId volume, uint64_t block) override;
    void block_damaged(const base::ExtentId& extent, uint32_t block) override;
    void store_failed(router::Shard& shard, uint32_t error) override;
    void host_connected(const std::string& subsystem_nqn,
                        const std::string& host_nqn,
                        uint16_t controller_id) override;
    void host_disconnected(const std::string& subsystem_nqn,
                           const std::string& host_nqn,
                           uint16_t controller_id,
                           const char* reason) override;
    void suspect(base::PgId pg,
                 base::Epoch epoch,
                 base::NodeId node,
                 replication::SuspectReason reason) override;
    void level(base::PgId pg, base::Epoch epoch, base::NodeId node) override;
    void wants_epoch(base::PgId pg, base::Epoch above) override;
    void behind(base::PgId pg, base::Epoch known) override;

  private:
    struct Named {
        base::Uuid id;
        std::string path;
        const store::FileDevice* file;
    };
    EventQueue& events_;
    uint64_t extent_blocks_;
    std::vector<Named> stores_;
};

}  // namespace engine
