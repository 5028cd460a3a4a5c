#include "addon/requests.h"

#include <cstring>

#include "base/wire.h"

namespace addon {
namespace {

// In the order of index.js.
constexpr uint32_t durability_last = static_cast<uint32_t>(store::Durability::none);

// As 1 and 2, also by index.js.
constexpr uint32_t role_last = static_cast<uint32_t>(replication::MemberRole::joining);

// A map that is not whole entries is cut short, and then places too few extents to be taken.
std::vector<base::PgId> read_map(std::span<const uint8_t> bytes) {
    std::vector<base::PgId> map(bytes.size() / sizeof(base::le32));
    for (size_t index = 0; index < map.size(); ++index) {
        base::le32 entry{};
        std::memcpy(&entry, bytes.data() + index * sizeof entry, sizeof entry);
        map[index] = base::PgId(entry);
    }
    return map;
}

}  // namespace

engine::Options read_options(const Arguments& given) {
    engine::Options options;
    given.each("devices", [&options](const Arguments& device) {
        options.devices.push_back(
            {device.text("path"),
             device.big("bytes"),
             static_cast<store::Durability>(device.number("durability", durability_last))});
    });
    options.reactor_count = given.number("reactors");
    options.cpus = given.numbers("cpus");
    options.poll_us = given.number("pollUs");
    options.buffer_bytes = given.big("bufferBytes");
    options.extent_bytes = given.big("extentBytes");
    options.segment_bytes = given.big("segmentBytes");
    options.checkpoint_log_bytes = given.big("checkpointLogBytes");
    options.index_bytes_max = given.big("indexBytesMax");
    options.controller_id_first =
        static_cast<uint16_t>(given.number("controllerIdFirst", UINT16_MAX));
    options.controller_id_last =
        static_cast<uint16_t>(given.number("controllerIdLast", UINT16_MAX));
    options.io_queues = static_cast<uint16_t>(given.number("ioQueues", UINT16_MAX));
    options.io_wait_ms = given.number("ioWaitMs");
    options.firmware_revision = given.text("firmwareRevision");
    return options;
}

engine::Shown read_shown(const Arguments& given) {
    engine::Shown shown;
    shown.id = base::VolumeId(given.big("volumeId"));
    shown.uuid = given.uuid("uuid");
    shown.subsystem_nqn = given.text("subsystemNqn");
    shown.serial = given.text("serial");
    shown.model = given.text("model");
    shown.block_count = given.big("blockCount");
    shown.allowed_hosts = given.texts("allowedHosts");
    return shown;
}

engine::VolumeConfig read_volume(const Arguments& given) {
    return {read_shown(given), read_map(given.bytes("extentMap")), base::Fence(given.big("fence"))};
}

engine::Identity read_identity(const Arguments& given) {
    return {given.uuid("cellId"), base::NodeId(given.number("nodeId")), given.big("incarnation")};
}

std::vector<peer::PeerAddress> read_peers(const Arguments& given) {
    std::vector<peer::PeerAddress> peers;
    given.each("peers", [&peers](const Arguments& peer) {
        peers.push_back({base::NodeId(peer.number("nodeId")),
                         peer.text("address"),
                         static_cast<uint16_t>(peer.number("port", UINT16_MAX))});
    });
    return peers;
}

// One member too many is counted, so that the group is refused.
std::vector<replication::GroupConfig> read_groups(const Arguments& given) {
    std::vector<replication::GroupConfig> groups;
    given.each("groups", [&groups](const Arguments& each) {
        replication::GroupConfig group;
        group.pg = base::PgId(each.number("pg"));
        group.epoch = base::Epoch(each.number("epoch"));
        group.primary = base::NodeId(each.number("primary"));
        group.min_in_sync = each.number("minInSync");
        each.each("members", [&group](const Arguments& member) {
            if (group.member_count < replication::members_max) {
                group.member_at[group.member_count] = {
                    base::NodeId(member.number("nodeId")),
                    static_cast<replication::MemberRole>(member.number("role", role_last))};
            }
            ++group.member_count;
        });
        groups.push_back(group);
    });
    return groups;
}

std::vector<target::DiscoveryEntry> read_discovery(const Arguments& given) {
    std::vector<target::DiscoveryEntry> entries;
    given.each("entries", [&entries](const Arguments& entry) {
        entries.push_back({entry.text("hostNqn"),
                           entry.text("subsystemNqn"),
                           entry.text("address"),
                           static_cast<uint16_t>(entry.number("port", UINT16_MAX))});
    });
    return entries;
}

}  // namespace addon
