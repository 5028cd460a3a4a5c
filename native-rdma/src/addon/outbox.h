// The one way from the engine's threads to the JS thread: many wakes become one call there.
//
// Thread: open() and shut() the JS thread, wake() any. Lifetime: shut() first; then it lives until
// `gone`, or until the environment ends.
#pragma once

#include <mutex>
#include <node_api.h>

namespace addon {

class Outbox {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        // On the JS thread, soon after a wake. `env` may run JavaScript.
        virtual void deliver(napi_env env) = 0;
        // On the JS thread, after shut(): nothing comes any more.
        virtual void gone(napi_env env) = 0;
    };
    explicit Outbox(Owner& owner) : owner_(owner) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    // Keeps the process running until shut().
    [[nodiscard]] bool open(napi_env env);
    void wake();
    // No call comes from a wake after this.
    void shut();

  private:
    static void called(napi_env env, napi_value, void* context, void*);

    Owner& owner_;
    std::mutex mutex_;
    napi_threadsafe_function function_ = nullptr;  // Null unless open.
    bool woken_ = false;
};

}  // namespace addon
