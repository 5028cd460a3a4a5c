// C++ values as JavaScript ones. One place knows what each looks like in index.d.ts.
//
// Thread: the JS thread. A call that cannot be made (the environment is ending) gives null, which
// Node-API takes as "undefined" or refuses: nothing here throws or aborts.
#pragma once

#include <node_api.h>
#include <string>
#include <string_view>
#include <vector>

#include "engine/device_preparing.h"
#include "engine/device_survey.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/outcome.h"

namespace addon {

[[nodiscard]] napi_value to_js(napi_env env, std::string_view text);
[[nodiscard]] napi_value to_js(napi_env env, double number);
[[nodiscard]] napi_value to_js(napi_env env, const std::vector<std::string>& list);
[[nodiscard]] napi_value to_js(napi_env env, const engine::Event& event);
[[nodiscard]] napi_value to_js(napi_env env, const std::vector<engine::DeviceStatus>& list);
[[nodiscard]] napi_value to_js(napi_env env,
                               const std::vector<target::Target::HostConnection>& list);
[[nodiscard]] napi_value to_js(napi_env env, const std::vector<router::GroupView>& list);
[[nodiscard]] napi_value to_js(napi_env env, const std::vector<peer::PeerStatus>& list);
[[nodiscard]] napi_value to_js(napi_env env, const engine::DeviceSurvey& survey);
[[nodiscard]] napi_value to_js(napi_env env, const engine::Prepared& prepared);
[[nodiscard]] napi_value to_js(napi_env env, const engine::Retired& retired);

// An EngineError (index.js) with the outcome's code, detail and sentence.
[[nodiscard]] napi_value to_error(napi_env env, const engine::Outcome& outcome);

}  // namespace addon
