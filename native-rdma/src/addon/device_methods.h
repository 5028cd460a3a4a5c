// The functions for devices that no engine has open: inspect, prepare, retire. Each takes an object
// that index.js has made complete, and answers with a promise.
//
// Thread: the JS thread; the work itself blocks a thread of Node's pool.
#pragma once

#include <node_api.h>

namespace addon {

// Sets inspectDevice, prepareDevice and retireDevice on the exports.
void define_device_methods(napi_env env, napi_value exports);

}  // namespace addon
