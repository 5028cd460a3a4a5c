#include "addon/values.h"

#include <memory>

#include "addon/environment.h"

namespace addon {
namespace {

napi_value big(napi_env env, uint64_t number) {
    napi_value value = nullptr;
    napi_create_bigint_uint64(env, number, &value);
    return value;
}

napi_value truth(napi_env env, bool flag) {
    napi_value value = nullptr;
    napi_get_boolean(env, flag, &value);
    return value;
}

// An object under construction.
class Object {
  public:
    explicit Object(napi_env env) : env_(env) { napi_create_object(env, &value_); }
    Object& set(const char* name, napi_value value) {
        napi_set_named_property(env_, value_, name, value);
        return *this;
    }
    Object& set(const char* name, std::string_view text) { return set(name, to_js(env_, text)); }
    Object& set(const char* name, double number) { return set(name, to_js(env_, number)); }
    [[nodiscard]] napi_value value() const { return value_; }

  private:
    napi_env env_;
    napi_value value_ = nullptr;
};

template <typename Element, typename Convert>
napi_value list_of(napi_env env, const std::vector<Element>& list, Convert convert) {
    napi_value array = nullptr;
    napi_create_array_with_length(env, list.size(), &array);
    for (uint32_t index = 0; index < list.size(); ++index) {
        napi_set_element(env, array, index, convert(list[index]));
    }
    return array;
}

napi_value scrub_of(napi_env env, const store::ScrubProgress& progress) {
    return Object(env)
        .set("running", truth(env, progress.running))
        .set("passes", big(env, progress.passes))
        .set("blocksRead", big(env, progress.blocks_read))
        .set("blocksTotal", big(env, progress.blocks_total))
        .set("blocksDamaged", big(env, progress.blocks_damaged))
        .value();
}

// As RFC 9562 writes it.
std::string uuid_text(const base::Uuid& uuid) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (size_t index = 0; index < uuid.size(); ++index) {
        if (index == 4 || index == 6 || index == 8 || index == 10) {
            text += '-';
        }
        text += digits[uuid[index] >> 4];
        text += digits[uuid[index] & 0xf];
    }
    return text;
}

}  // namespace

napi_value to_js(napi_env env, std::string_view text) {
    napi_value value = nullptr;
    napi_create_string_utf8(env, text.data(), text.size(), &value);
    return value;
}

napi_value to_js(napi_env env, double number) {
    napi_value value = nullptr;
    napi_create_double(env, number, &value);
    return value;
}

napi_value to_js(napi_env env, const std::vector<std::string>& list) {
    return list_of(env, list, [env](const std::string& text) { return to_js(env, text); });
}

napi_value to_js(napi_env env, const engine::Event& event) {
    Object object(env);
    const auto host = [&]() -> Object& {
        return object.set("subsystemNqn", event.subsystem_nqn)
            .set("hostNqn", event.host_nqn)
            .set("controllerId", event.controller_id);
    };
    const auto group = [&]() -> Object& {
        return object.set("pg", event.pg.value).set("epoch", event.epoch.value);
    };
    switch (event.kind) {
        case engine::EventKind::recovery:
            object.set("kind", "recovery")
                .set("device", event.device)
                .set("segmentsDone", static_cast<double>(event.segments_done))
                .set("segmentsTotal", static_cast<double>(event.segments_total))
                .set("batchesReplayed", static_cast<double>(event.batches_replayed))
                .set("blocksLive", static_cast<double>(event.blocks_live));
            break;
        case engine::EventKind::device_failed:
            object.set("kind", "device-failed")
                .set("device", event.device)
                .set("errno", event.error);
            break;
        case engine::EventKind::checksum_error:
            object.set("kind", "checksum-error")
                .set("volumeId", big(env, event.volume.value))
                .set("block", big(env, event.block));
            break;
        case engine::EventKind::host_connected:
            object.set("kind", "host-connected");
            host();
            break;
        case engine::EventKind::host_disconnected:
            object.set("kind", "host-disconnected");
            host().set("reason", event.reason);
            break;
        case engine::EventKind::group_suspect:
            object.set("kind", "group-suspect");
            group().set("nodeId", event.node.value).set("reason", event.reason);
            break;
        case engine::EventKind::group_level:
            object.set("kind", "group-level");
            group().set("nodeId", event.node.value);
            break;
        case engine::EventKind::group_wants_epoch:
            object.set("kind", "group-wants-epoch");
            group();
            break;
        case engine::EventKind::group_behind:
            object.set("kind", "group-behind");
            group();
            break;
        case engine::EventKind::events_dropped:
            object.set("kind", "events-dropped").set("count", static_cast<double>(event.count));
            break;
    }
    return object.value();
}

napi_value to_js(napi_env env, const std::vector<engine::DeviceStatus>& list) {
    return list_of(env, list, [env](const engine::DeviceStatus& status) {
        const store::StoreStats& stats = status.stats;
        return Object(env)
            .set("path", status.path)
            .set("storeId", uuid_text(status.store_id))
            .set("capacityBytes", big(env, stats.capacity_bytes))
            .set("usedBytes", big(env, stats.used_bytes))
            .set("liveBytes", big(env, stats.live_bytes))
            .set("erasingBytes", big(env, stats.erasing_bytes))
            .set("hostWrittenBytes", big(env, stats.host_bytes_written))
            .set("deviceWrittenBytes", big(env, stats.device_bytes_written))
            .set("movedWrittenBytes", big(env, stats.moved_bytes_written))
            .set("indexWrittenBytes", big(env, stats.index_bytes_written))
            .set("checkpoints", big(env, stats.checkpoints))
            .set("logTailBytes", big(env, stats.log_tail_bytes))
            .set("indexBytes", big(env, stats.index_bytes))
            .set("indexHits", big(env, stats.index_hits))
            .set("indexMisses", big(env, stats.index_misses))
            .set("checksumErrors", big(env, stats.checksum_errors))
            .set("scrub", scrub_of(env, stats.scrub))
            .set("durability", status.flushes ? "flush" : "none")
            .set("failed", truth(env, stats.failed))
            .value();
    });
}

napi_value to_js(napi_env env, const std::vector<target::Target::HostConnection>& list) {
    return list_of(env, list, [env](const target::Target::HostConnection& connection) {
        return Object(env)
            .set("subsystemNqn", connection.subsystem_nqn)
            .set("hostNqn", connection.host_nqn)
            .set("controllerId", connection.controller_id)
            .set("ioQueues", connection.io_queues)
            .value();
    });
}

napi_value to_js(napi_env env, const std::vector<router::GroupView>& list) {
    // In the order of the enumeration.
    constexpr const char* states[] = {
        "opening", "idle", "adopting", "follower", "primary", "closed"};
    return list_of(env, list, [env, &states](const router::GroupView& group) {
        return Object(env)
            .set("pg", group.pg.value)
            .set("epoch", group.epoch.value)
            .set("state", states[static_cast<size_t>(group.state)])
            .set("serving", truth(env, group.serving))
            .set("blocksToCopy", big(env, group.blocks_to_copy))
            .set("waiting", group.waiting)
            .value();
    });
}

napi_value to_js(napi_env env, const std::vector<peer::PeerStatus>& list) {
    return list_of(env, list, [env](const peer::PeerStatus& peer) {
        const bool connected = peer.state == peer::PeerState::connected;
        return Object(env)
            .set("nodeId", peer.node.value)
            .set("state", connected ? "connected" : "connecting")
            .set("reason", connected ? std::string_view() : std::string_view(peer.reason))
            .value();
    });
}

napi_value to_js(napi_env env, const engine::DeviceSurvey& survey) {
    // In the order of the enumerations.
    constexpr const char* uses[] = {"free", "gateway", "system"};
    constexpr const char* contents[] = {"nothing", "store", "damaged-store", "other"};
    const engine::DeviceContents& found = survey.contents;
    Object object(env);
    object.set("path", survey.path)
        .set("kind", survey.is_block_device ? "block-device" : "file")
        .set("bytes", big(env, survey.bytes))
        .set("logicalBlockBytes", survey.logical_block_bytes)
        .set("use", uses[static_cast<size_t>(survey.use)])
        .set("holds", contents[static_cast<size_t>(found.holds)])
        .set("description", found.description);
    if (found.holds == engine::DeviceHolds::store) {
        object.set("store",
                   Object(env)
                       .set("id", uuid_text(found.store_id))
                       .set("segmentBytes", big(env, found.segment_bytes))
                       .set("segmentCount", found.segment_count)
                       .set("features", found.features)
                       .value());
    }
    return object.value();
}

napi_value to_js(napi_env env, const engine::Prepared& prepared) {
    return Object(env)
        .set("device", to_js(env, prepared.device))
        .set("made", truth(env, prepared.made))
        .set("erased", prepared.erased)
        .value();
}

napi_value to_js(napi_env env, const engine::Retired& retired) {
    return Object(env)
        .set("path", retired.path)
        .set("storeId", retired.damaged ? "" : uuid_text(retired.store_id))
        .value();
}

napi_value to_error(napi_env env, const engine::Outcome& outcome) {
    napi_value arguments[] = {to_js(env, base::errc_name(outcome.status.code())),
                              to_js(env, static_cast<double>(outcome.status.detail())),
                              to_js(env, outcome.sentence)};
    napi_value error = nullptr;
    napi_new_instance(env, error_class(env), std::size(arguments), arguments, &error);
    return error;
}

}  // namespace addon
