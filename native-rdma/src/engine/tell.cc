#include "engine/tell.h"

#include <utility>

#include "replication/durable_state.h"

namespace engine {
namespace {

Event group_event(EventKind kind, base::PgId pg, base::Epoch epoch) {
    Event event;
    event.kind = kind;
    event.pg = pg;
    event.epoch = epoch;
    return event;
}

const char* reason_of(replication::SuspectReason reason) {
    switch (reason) {
        case replication::SuspectReason::silent:
            return "silent";
        case replication::SuspectReason::unreachable:
            return "unreachable";
        case replication::SuspectReason::store_failed:
            return "store-failed";
    }
    return "";
}

}  // namespace

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
    if (extent.volume == replication::group_volume) {
        return;  // No user's: its group finds out when it reads it, and says so.
    }
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

void Tell::suspect(base::PgId pg,
                   base::Epoch epoch,
                   base::NodeId node,
                   replication::SuspectReason reason) {
    Event event = group_event(EventKind::group_suspect, pg, epoch);
    event.node = node;
    event.reason = reason_of(reason);
    events_.push(std::move(event));
}

void Tell::level(base::PgId pg, base::Epoch epoch, base::NodeId node) {
    Event event = group_event(EventKind::group_level, pg, epoch);
    event.node = node;
    events_.push(std::move(event));
}

void Tell::wants_epoch(base::PgId pg, base::Epoch above) {
    events_.push(group_event(EventKind::group_wants_epoch, pg, above));
}

void Tell::behind(base::PgId pg, base::Epoch known) {
    events_.push(group_event(EventKind::group_behind, pg, known));
}

}  // namespace engine
