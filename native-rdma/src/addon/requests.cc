#include "addon/requests.h"

#include <cstring>

#include "base/wire.h"

namespace addon {
namespace {

// In the order of index.js.
constexpr uint32_t durability_last = static_cast<uint32_t>(store::Durability::none);

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
