// What the addon keeps for each JavaScript environment (the main thread, each worker).
//
// Thread: the environment's. Lifetime: Node frees it with the environment.
#pragma once

#include <node_api.h>

namespace addon {

// Requires: once, when the addon is loaded.
void make_environment(napi_env env);
// The class of the errors that the addon makes; index.js hands it in at load.
void set_error_class(napi_env env, napi_value error_class);
[[nodiscard]] napi_value error_class(napi_env env);

}  // namespace addon
