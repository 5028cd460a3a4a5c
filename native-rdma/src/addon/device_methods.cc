#include "addon/device_methods.h"

#include <memory>
#include <string>
#include <utility>

#include "addon/arguments.h"
#include "addon/values.h"
#include "engine/device_preparing.h"

namespace addon {
namespace {

// One call: what it was given, what it found, and the promise it is answered with.
template <typename Given, typename Found>
struct DeviceCall {
    using Run = engine::Outcome (*)(const Given& given, Found& found);
    Given given;
    Found found;
    Run run = nullptr;
    engine::Outcome outcome;
    napi_deferred deferred = nullptr;
    napi_async_work work = nullptr;
};

template <typename Given, typename Found>
void execute(napi_env, void* data) {
    auto& call = *static_cast<DeviceCall<Given, Found>*>(data);
    call.outcome = call.run(call.given, call.found);
}

template <typename Given, typename Found>
void complete(napi_env env, napi_status, void* data) {
    const std::unique_ptr<DeviceCall<Given, Found>> call(
        static_cast<DeviceCall<Given, Found>*>(data));
    if (call->outcome.ok()) {
        napi_resolve_deferred(env, call->deferred, to_js(env, call->found));
    } else {
        napi_reject_deferred(env, call->deferred, to_error(env, call->outcome));
    }
    napi_delete_async_work(env, call->work);
}

// `read` makes of the argument what `run` is given; a wrong one throws.
template <typename Found, typename Given>
napi_value start(napi_env env,
                 napi_callback_info info,
                 Given (*read)(const Arguments&),
                 engine::Outcome (*run)(const Given&, Found&)) {
    size_t count = 1;
    napi_value argument = nullptr;
    napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
    std::string wrong;
    auto call = std::make_unique<DeviceCall<Given, Found>>();
    call->given = read(Arguments(env, argument, "", wrong));
    call->run = run;
    if (!wrong.empty()) {
        napi_throw(env, to_error(env, engine::failure(base::Errc::invalid_argument, wrong)));
        return nullptr;
    }
    napi_value promise = nullptr;
    if (napi_create_promise(env, &call->deferred, &promise) != napi_ok ||
        napi_create_async_work(env,
                               nullptr,
                               to_js(env, "ashlar-device"),
                               execute<Given, Found>,
                               complete<Given, Found>,
                               call.get(),
                               &call->work) != napi_ok) {
        return nullptr;
    }
    if (napi_queue_async_work(env, call->work) == napi_ok) {
        // It is complete()'s from here on.
        static_cast<void>(call.release());
    }
    return promise;
}

struct Retirement {
    std::string path;
    bool force = false;
};

napi_value inspect_device(napi_env env, napi_callback_info info) {
    return start<engine::DeviceSurvey, std::string>(
        env,
        info,
        [](const Arguments& given) { return given.text("path"); },
        engine::survey_device);
}

napi_value prepare_device(napi_env env, napi_callback_info info) {
    return start<engine::Prepared, engine::PrepareOptions>(
        env,
        info,
        [](const Arguments& given) {
            return engine::PrepareOptions{given.text("path"),
                                          given.big("bytes"),
                                          given.big("segmentBytes"),
                                          given.number("force", 1) == 1};
        },
        engine::prepare_device);
}

napi_value retire_device(napi_env env, napi_callback_info info) {
    return start<engine::Retired, Retirement>(
        env,
        info,
        [](const Arguments& given) {
            return Retirement{given.text("path"), given.number("force", 1) == 1};
        },
        [](const Retirement& given, engine::Retired& retired) {
            return engine::retire_device(given.path, given.force, retired);
        });
}

}  // namespace

void define_device_methods(napi_env env, napi_value exports) {
    const auto set = [env, exports](const char* name, napi_callback callback) {
        napi_value function = nullptr;
        napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
        napi_set_named_property(env, exports, name, function);
    };
    set("inspectDevice", inspect_device);
    set("prepareDevice", prepare_device);
    set("retireDevice", retire_device);
}

}  // namespace addon
