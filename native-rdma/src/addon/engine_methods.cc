// The methods of the JavaScript object: arguments in, promise or value out. Each takes at most one
// argument, an object whose properties index.js has made complete.
#include <iterator>
#include <optional>
#include <utility>

#include "addon/arguments.h"
#include "addon/engine_object.h"
#include "addon/requests.h"
#include "addon/values.h"
#include "engine/counters.h"

namespace addon {
namespace {

struct Call {
    napi_value receiver = nullptr;
    napi_value argument = nullptr;
};

Call read_call(napi_env env, napi_callback_info info) {
    Call call;
    size_t count = 1;
    napi_get_cb_info(env, info, &count, &call.argument, &call.receiver, nullptr);
    return call;
}

napi_value throw_outcome(napi_env env, const engine::Outcome& outcome) {
    napi_throw(env, to_error(env, outcome));
    return nullptr;
}

napi_value throw_wrong(napi_env env, std::string sentence) {
    return throw_outcome(env, engine::failure(base::Errc::invalid_argument, std::move(sentence)));
}

napi_value throw_closed(napi_env env) {
    return throw_outcome(env, engine::failure(base::Errc::closed, "the engine is closed"));
}

// What `read` makes of the argument; nothing, and an error thrown, when it is not what it should
// be.
template <typename Read>
auto read_argument(napi_env env, const Call& call, Read read)
    -> std::optional<decltype(read(std::declval<const Arguments&>()))> {
    std::string wrong;
    auto value = read(Arguments(env, call.argument, "", wrong));
    if (!wrong.empty()) {
        throw_wrong(env, wrong);
        return std::nullopt;
    }
    return value;
}

base::VolumeId read_volume_id(const Arguments& given) {
    return base::VolumeId(given.big("volumeId"));
}

struct Endpoint {
    std::string service;
    std::string address;
    uint16_t port;
};

Endpoint read_endpoint(const Arguments& given) {
    return {given.text("service"),
            given.text("address"),
            static_cast<uint16_t>(given.number("port", UINT16_MAX))};
}

struct Scrub {
    std::string device_path;
    uint64_t bytes_per_second;
};

Scrub read_scrub(const Arguments& given) {
    return {given.text("devicePath"), given.big("bytesPerSecond")};
}

napi_property_descriptor method(const char* name, napi_callback callback) {
    return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

napi_value EngineObject::define(napi_env env) {
    const napi_property_descriptor methods[] = {method("open", open),
                                                method("listen", listen),
                                                method("joinCell", join_cell),
                                                method("setPeers", set_peers),
                                                method("setGroups", set_groups),
                                                method("attachVolume", attach_volume),
                                                method("attachRamVolume", attach_ram_volume),
                                                method("detachVolume", detach_volume),
                                                method("deleteVolume", delete_volume),
                                                method("setDiscovery", set_discovery),
                                                method("startScrub", start_scrub),
                                                method("stopScrub", stop_scrub),
                                                method("close", close),
                                                method("devices", devices),
                                                method("connections", connections),
                                                method("features", features),
                                                method("groups", groups),
                                                method("peers", peers),
                                                method("readCounters", read_counters)};
    napi_value constructor = nullptr;
    napi_define_class(env,
                      "NativeEngine",
                      NAPI_AUTO_LENGTH,
                      construct,
                      nullptr,
                      std::size(methods),
                      methods,
                      &constructor);
    return constructor;
}

napi_value EngineObject::construct(napi_env env, napi_callback_info info) {
    napi_value self = read_call(env, info).receiver;
    const auto finalize = [](napi_env, void* object, void*) {
        delete static_cast<EngineObject*>(object);
    };
    napi_value new_target = nullptr;
    auto* object = new EngineObject;
    if (napi_get_new_target(env, info, &new_target) != napi_ok || new_target == nullptr ||
        napi_wrap(env, self, object, finalize, nullptr, nullptr) != napi_ok) {
        delete object;
        return throw_wrong(env, "an engine is made with new");
    }
    return self;
}

// V8 lets a method be called on an object of its class only; one without an engine gives null, and
// an error is thrown.
EngineObject* EngineObject::object_of(napi_env env, napi_value receiver) {
    void* object = nullptr;
    if (napi_unwrap(env, receiver, &object) != napi_ok) {
        throw_wrong(env, "the receiver must be an engine");
        return nullptr;
    }
    return static_cast<EngineObject*>(object);
}

napi_value EngineObject::open(napi_env env, napi_callback_info info) {
    const Call call = read_call(env, info);
    EngineObject* self = object_of(env, call.receiver);
    if (self == nullptr) {
        return nullptr;
    }
    const auto options = read_argument(env, call, read_options);
    if (!options) {
        return nullptr;
    }
    napi_value on_event = nullptr;
    napi_valuetype type = napi_undefined;
    if (napi_get_named_property(env, call.argument, "onEvent", &on_event) != napi_ok ||
        napi_typeof(env, on_event, &type) != napi_ok || type != napi_function) {
        return throw_wrong(env, "onEvent must be a function");
    }
    if (!self->start(env, call.receiver, on_event)) {
        return throw_wrong(env, "an engine is opened once");
    }
    return self->begin(env, [&](engine::Engine& engine, engine::Done done) {
        engine.open(*options, std::move(done));
    });
}

// A method that answers with a promise: `read` makes its argument, `start` hands it to the engine.
template <typename Read, typename Start>
napi_value EngineObject::promise(napi_env env, napi_callback_info info, Read read, Start start) {
    const Call call = read_call(env, info);
    EngineObject* self = object_of(env, call.receiver);
    if (self == nullptr) {
        return nullptr;
    }
    auto argument = read_argument(env, call, read);
    if (!argument) {
        return nullptr;
    }
    return self->begin(env, [&](engine::Engine& engine, engine::Done done) {
        start(engine, std::move(*argument), std::move(done));
    });
}

napi_value EngineObject::listen(napi_env env, napi_callback_info info) {
    return promise(
        env, info, read_endpoint, [](engine::Engine& engine, Endpoint endpoint, engine::Done done) {
            if (endpoint.service == "peer") {
                engine.listen_to_peers(std::move(endpoint.address), endpoint.port, std::move(done));
                return;
            }
            const auto service = endpoint.service == "discovery"
                                     ? transport::tcp::Service::discovery
                                     : transport::tcp::Service::io;
            engine.listen(service, std::move(endpoint.address), endpoint.port, std::move(done));
        });
}

napi_value EngineObject::join_cell(napi_env env, napi_callback_info info) {
    return promise(env,
                   info,
                   read_identity,
                   [](engine::Engine& engine, engine::Identity identity, engine::Done done) {
                       engine.join_cell(identity, std::move(done));
                   });
}

napi_value EngineObject::set_peers(napi_env env, napi_callback_info info) {
    using Peers = std::vector<peer::PeerAddress>;
    return promise(
        env, info, read_peers, [](engine::Engine& engine, Peers peers, engine::Done done) {
            engine.set_peers(std::move(peers), std::move(done));
        });
}

napi_value EngineObject::set_groups(napi_env env, napi_callback_info info) {
    using Groups = std::vector<replication::GroupConfig>;
    return promise(
        env, info, read_groups, [](engine::Engine& engine, Groups groups, engine::Done done) {
            engine.set_groups(std::move(groups), std::move(done));
        });
}

napi_value EngineObject::attach_volume(napi_env env, napi_callback_info info) {
    return promise(env,
                   info,
                   read_volume,
                   [](engine::Engine& engine, engine::VolumeConfig config, engine::Done done) {
                       engine.attach_volume(std::move(config), std::move(done));
                   });
}

napi_value EngineObject::attach_ram_volume(napi_env env, napi_callback_info info) {
    return promise(
        env, info, read_shown, [](engine::Engine& engine, engine::Shown shown, engine::Done done) {
            engine.attach_ram_volume(std::move(shown), std::move(done));
        });
}

napi_value EngineObject::detach_volume(napi_env env, napi_callback_info info) {
    return promise(env,
                   info,
                   read_volume_id,
                   [](engine::Engine& engine, base::VolumeId id, engine::Done done) {
                       engine.detach_volume(id, std::move(done));
                   });
}

napi_value EngineObject::delete_volume(napi_env env, napi_callback_info info) {
    return promise(env,
                   info,
                   read_volume_id,
                   [](engine::Engine& engine, base::VolumeId id, engine::Done done) {
                       engine.delete_volume(id, std::move(done));
                   });
}

napi_value EngineObject::set_discovery(napi_env env, napi_callback_info info) {
    using Entries = std::vector<target::DiscoveryEntry>;
    return promise(
        env, info, read_discovery, [](engine::Engine& engine, Entries entries, engine::Done done) {
            engine.set_discovery(std::move(entries), std::move(done));
        });
}

napi_value EngineObject::start_scrub(napi_env env, napi_callback_info info) {
    return promise(
        env, info, read_scrub, [](engine::Engine& engine, Scrub scrub, engine::Done done) {
            engine.start_scrub(
                std::move(scrub.device_path), scrub.bytes_per_second, std::move(done));
        });
}

napi_value EngineObject::stop_scrub(napi_env env, napi_callback_info info) {
    return promise(
        env,
        info,
        [](const Arguments& given) { return given.text("devicePath"); },
        [](engine::Engine& engine, std::string device_path, engine::Done done) {
            engine.stop_scrub(std::move(device_path), std::move(done));
        });
}

napi_value EngineObject::close(napi_env env, napi_callback_info info) {
    EngineObject* self = object_of(env, read_call(env, info).receiver);
    if (self == nullptr) {
        return nullptr;
    }
    const auto close_engine = [](engine::Engine& engine, engine::Done done) {
        engine.close(std::move(done));
    };
    return self->begin(env, close_engine, true);
}

// A method that answers at once with the list that `read` gives.
template <typename List>
napi_value EngineObject::list(napi_env env,
                              napi_callback_info info,
                              std::optional<List> (engine::Engine::*read)()) {
    EngineObject* self = object_of(env, read_call(env, info).receiver);
    if (self == nullptr) {
        return nullptr;
    }
    const std::optional<List> found =
        self->engine_ == nullptr ? std::nullopt : (*self->engine_.*read)();
    if (!found) {
        return throw_closed(env);
    }
    return to_js(env, *found);
}

napi_value EngineObject::devices(napi_env env, napi_callback_info info) {
    return list(env, info, &engine::Engine::devices);
}

napi_value EngineObject::connections(napi_env env, napi_callback_info info) {
    return list(env, info, &engine::Engine::connections);
}

napi_value EngineObject::features(napi_env env, napi_callback_info info) {
    return list(env, info, &engine::Engine::features);
}

napi_value EngineObject::groups(napi_env env, napi_callback_info info) {
    return list(env, info, &engine::Engine::groups);
}

napi_value EngineObject::peers(napi_env env, napi_callback_info info) {
    return list(env, info, &engine::Engine::peers);
}

napi_value EngineObject::read_counters(napi_env env, napi_callback_info info) {
    const Call call = read_call(env, info);
    EngineObject* self = object_of(env, call.receiver);
    if (self == nullptr) {
        return nullptr;
    }
    napi_typedarray_type type = napi_int8_array;
    size_t count = 0;
    void* data = nullptr;
    const napi_status status =
        napi_get_typedarray_info(env, call.argument, &type, &count, &data, nullptr, nullptr);
    if (status != napi_ok || type != napi_biguint64_array ||
        count != engine::counter_names().size()) {
        return throw_wrong(env, "counters must be a BigUint64Array as long as COUNTERS");
    }
    if (self->engine_ == nullptr ||
        !self->engine_->read_counters({static_cast<uint64_t*>(data), count})) {
        return throw_closed(env);
    }
    return nullptr;
}

}  // namespace addon
