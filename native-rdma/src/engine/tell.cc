#include "engine/tell.h"

#include <utility>

namespace engine {

void Tell::name_store(const base::Uuid& id,
                      const std::string& path,
                      const store::FileDevice* file) {
    stores_.push_back({id, path, file});
}

void Tell::block_damaged(base::VolumeId volume, uint64_t block) {
    Event event;
    event.kind = EventKind::checksum_error;
    event.volume = volume;
    event.block = block;
    events_.push(std::move(event));
}

// Hosts count a volume's blocks, stores those of an extent.
void Tell::block_damaged(const base::ExtentId& extent, uint32_t block) {
    block_damaged(extent.volume, extent.index * extent_blocks_ + block);
}

void Tell::store_failed(router::Shard& shard, uint32_t error) {
    Event event;
    event.kind = EventKind::device_failed;
    event.error = error;
    for (const Named& named : stores_) {
        if (named.id == shard.store().id()) {
            event.device = named.path;
            if (event.error == 0 && named.file != nullptr) {
                event.error = named.file->first_error();
            }
        }
    }
    events_.push(std::move(event));
}

void Tell::host_connected(const std::string& subsystem_nqn,
                          const std::string& host_nqn,
                          uint16_t controller_id) {
    Event event;
    event.kind = EventKind::host_connected;
    event.subsystem_nqn = subsystem_nqn;
    event.host_nqn = host_nqn;
    event.controller_id = controller_id;
    events_.push(std::move(event));
}

void Tell::host_disconnected(const std::string& subsystem_nqn,
                             const std::string& host_nqn,
                             uint16_t controller_id,
                             const char* reason) {
    Event event;
    event.kind = EventKind::host_disconnected;
    event.subsystem_nqn = subsystem_nqn;
    event.host_nqn = host_nqn;
    event.controller_id = controller_id;
    event.reason = reason;
    events_.push(std::move(event));
}

}  // namespace engine
