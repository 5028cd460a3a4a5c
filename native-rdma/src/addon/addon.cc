// What Node loads: the exports for index.js, made once for each environment.
#include <node_api.h>

#include "addon/device_methods.h"
#include "addon/engine_object.h"
#include "addon/environment.h"
#include "addon/values.h"
#include "base/status.h"
#include "engine/counters.h"

namespace {

std::vector<std::string> error_names() {
    std::vector<std::string> names;
    for (uint16_t code = 1; code < base::errc_count; ++code) {
        names.emplace_back(base::errc_name(static_cast<base::Errc>(code)));
    }
    return names;
}

napi_value take_error_class(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value error_class = nullptr;
    napi_get_cb_info(env, info, &count, &error_class, nullptr, nullptr);
    addon::set_error_class(env, error_class);
    return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
    addon::make_environment(env);
    napi_value set_error_class = nullptr;
    napi_create_function(
        env, "setErrorClass", NAPI_AUTO_LENGTH, take_error_class, nullptr, &set_error_class);
    napi_set_named_property(env, exports, "setErrorClass", set_error_class);
    napi_set_named_property(env, exports, "NativeEngine", addon::EngineObject::define(env));
    addon::define_device_methods(env, exports);
    napi_set_named_property(env, exports, "COUNTERS", addon::to_js(env, engine::counter_names()));
    napi_set_named_property(env, exports, "ERROR_CODES", addon::to_js(env, error_names()));
    return exports;
}
