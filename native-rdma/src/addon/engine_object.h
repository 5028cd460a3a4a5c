// The JavaScript object around one engine: verbs in, promises and events out.
//
// index.js is its only user and has checked every argument; here they are checked again. Calls are
// bounded; answers and events reach JavaScript in order through the outbox.
//
// Thread: the JS thread, but for answer(). Lifetime: the garbage collector's, and from open()
// until closed the object holds on to itself. When the environment ends first (a worker is
// terminated), its cleanup hook closes the engine and waits for that.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <node_api.h>
#include <optional>
#include <vector>

#include "addon/outbox.h"
#include "engine/engine.h"
#include "engine/events.h"

namespace addon {

class EngineObject final : private Outbox::Owner {
  public:
    // The class, for the exports.
    static napi_value define(napi_env env);

    ~EngineObject() override;

  private:
    using Verb = std::function<void(engine::Engine& engine, engine::Done done)>;
    struct Answer {
        napi_deferred deferred = nullptr;
        engine::Outcome outcome;
        bool closes = false;
    };

    EngineObject();
    static napi_value construct(napi_env env, napi_callback_info info);

    // The methods. Each finds its object and hands on its arguments.
    static napi_value open(napi_env env, napi_callback_info info);
    static napi_value listen(napi_env env, napi_callback_info info);
    static napi_value join_cell(napi_env env, napi_callback_info info);
    static napi_value set_peers(napi_env env, napi_callback_info info);
    static napi_value set_groups(napi_env env, napi_callback_info info);
    static napi_value attach_volume(napi_env env, napi_callback_info info);
    static napi_value attach_ram_volume(napi_env env, napi_callback_info info);
    static napi_value detach_volume(napi_env env, napi_callback_info info);
    static napi_value delete_volume(napi_env env, napi_callback_info info);
    static napi_value set_discovery(napi_env env, napi_callback_info info);
    static napi_value start_scrub(napi_env env, napi_callback_info info);
    static napi_value stop_scrub(napi_env env, napi_callback_info info);
    static napi_value close(napi_env env, napi_callback_info info);
    static napi_value devices(napi_env env, napi_callback_info info);
    static napi_value connections(napi_env env, napi_callback_info info);
    static napi_value features(napi_env env, napi_callback_info info);
    static napi_value groups(napi_env env, napi_callback_info info);
    static napi_value peers(napi_env env, napi_callback_info info);
    static napi_value read_counters(napi_env env, napi_callback_info info);

    template <typename Read, typename Start>
    static napi_value promise(napi_env env, napi_callback_info info, Read read, Start start);
    template <typename List>
    static napi_value list(napi_env env,
                           napi_callback_info info,
                           std::optional<List> (engine::Engine::*read)());
    static EngineObject* object_of(napi_env env, napi_value receiver);
    napi_value begin(napi_env env, const Verb& verb, bool closes = false);
    void answer(Answer answer);
    [[nodiscard]] bool start(napi_env env, napi_value self, napi_value on_event);
    void finish(napi_env env);
    static void environment_ends(void* object);

    void deliver(napi_env env) override;
    void gone(napi_env env) override;
    bool deliver_events(napi_env env);
    void deliver_answers(napi_env env, const std::vector<Answer>& answers);

    Outbox outbox_;
    engine::EventQueue events_;
    std::unique_ptr<engine::Engine> engine_;
    bool started_ = false;
    bool environment_ended_ = false;
    napi_ref self_ = nullptr;
    napi_ref on_event_ = nullptr;
    uint32_t calls_ = 0;  // Not answered yet.

    std::mutex mutex_;
    std::vector<Answer> answers_;
};

}  // namespace addon
