#include "addon/outbox.h"

#include "addon/values.h"

namespace addon {

bool Outbox::open(napi_env env) {
    const auto finalize = [](napi_env ending, void*, void* context) {
        static_cast<Outbox*>(context)->owner_.gone(ending);
    };
    const std::lock_guard lock(mutex_);
    return napi_create_threadsafe_function(env,
                                           nullptr,
                                           nullptr,
                                           to_js(env, "ashlar"),
                                           0,  // Wakes are one at a time, so the queue is short.
                                           1,
                                           nullptr,
                                           finalize,
                                           this,
                                           called,
                                           &function_) == napi_ok;
}

void Outbox::wake() {
    const std::lock_guard lock(mutex_);
    if (function_ == nullptr || woken_) {
        return;
    }
    woken_ = napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void Outbox::shut() {
    const std::lock_guard lock(mutex_);
    if (function_ != nullptr) {
        napi_release_threadsafe_function(function_, napi_tsfn_release);
        function_ = nullptr;
    }
}

void Outbox::called(napi_env env, napi_value, void* context, void*) {
    Outbox& self = *static_cast<Outbox*>(context);
    {
        const std::lock_guard lock(self.mutex_);
        self.woken_ = false;
    }
    if (env != nullptr) {
        self.owner_.deliver(env);
    }
}

}  // namespace addon
