#include "addon/environment.h"

namespace addon {
namespace {

struct Environment {
    napi_ref error_class = nullptr;
};

Environment* environment(napi_env env) {
    void* data = nullptr;
    napi_get_instance_data(env, &data);
    return static_cast<Environment*>(data);
}

}  // namespace

void make_environment(napi_env env) {
    const auto free = [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); };
    napi_set_instance_data(env, new Environment, free, nullptr);
}

void set_error_class(napi_env env, napi_value error_class) {
    napi_create_reference(env, error_class, 1, &environment(env)->error_class);
}

napi_value error_class(napi_env env) {
    napi_value value = nullptr;
    napi_get_reference_value(env, environment(env)->error_class, &value);
    return value;
}

}  // namespace addon
