#include "addon/engine_object.h"

#include <utility>

#include "addon/environment.h"
#include "addon/values.h"

namespace addon {
namespace {

constexpr size_t events_max = 1024;
constexpr size_t events_per_delivery = 256;
constexpr uint32_t calls_max = 4096;

}  // namespace

EngineObject::EngineObject() : outbox_(*this), events_(events_max, [this] { outbox_.wake(); }) {}

EngineObject::~EngineObject() = default;

bool EngineObject::start(napi_env env, napi_value self, napi_value on_event) {
    if (started_ || !outbox_.open(env)) {
        return false;
    }
    started_ = true;
    napi_create_reference(env, self, 1, &self_);
    napi_create_reference(env, on_event, 1, &on_event_);
    // After the outbox, so that this runs before the outbox's own hook: the last in, the first out.
    napi_add_env_cleanup_hook(env, environment_ends, this);
    engine_ = std::make_unique<engine::Engine>(events_);
    return true;
}

// The engine is closed.
void EngineObject::finish(napi_env env) {
    engine_.reset();
    napi_remove_env_cleanup_hook(env, environment_ends, this);
    outbox_.shut();
}

// JavaScript does not run any more. The engine's threads end here, before what they call does.
void EngineObject::environment_ends(void* object) {
    auto& self = *static_cast<EngineObject*>(object);
    self.environment_ended_ = true;
    self.outbox_.shut();
    self.engine_.reset();
}

void EngineObject::gone(napi_env env) {
    if (environment_ended_) {
        return;  // The references go with it.
    }
    napi_delete_reference(env, std::exchange(on_event_, nullptr));
    napi_delete_reference(env, std::exchange(self_, nullptr));
}

napi_value EngineObject::begin(napi_env env, const Verb& verb, bool closes) {
    napi_deferred deferred = nullptr;
    napi_value promise = nullptr;
    if (napi_create_promise(env, &deferred, &promise) != napi_ok) {
        return nullptr;
    }
    engine::Outcome refusal;
    if (engine_ == nullptr) {
        refusal = engine::failure(base::Errc::closed, "the engine is closed");
    } else if (calls_ == calls_max && !closes) {
        refusal =
            engine::failure(base::Errc::busy, "4096 calls are not answered yet: wait for some");
    }
    if (!refusal.ok()) {
        napi_reject_deferred(env, deferred, to_error(env, refusal));
        return promise;
    }
    ++calls_;
    verb(*engine_, [this, deferred, closes](engine::Outcome outcome) {
        answer({deferred, std::move(outcome), closes});
    });
    return promise;
}

// On the engine's control thread.
void EngineObject::answer(Answer answer) {
    {
        const std::lock_guard lock(mutex_);
        answers_.push_back(std::move(answer));
    }
    outbox_.wake();
}

// Answers are taken first and given last: an event that came before an answer is told before it.
void EngineObject::deliver(napi_env env) {
    std::vector<Answer> answers;
    {
        const std::lock_guard lock(mutex_);
        answers.swap(answers_);
    }
    if (deliver_events(env)) {
        outbox_.wake();
    }
    deliver_answers(env, answers);
}

// True when there are more.
bool EngineObject::deliver_events(napi_env env) {
    std::vector<engine::Event> events;
    const bool more = events_.take(events, events_per_delivery);
    napi_value on_event = nullptr;
    napi_value receiver = nullptr;
    if (napi_get_reference_value(env, on_event_, &on_event) != napi_ok ||
        napi_get_undefined(env, &receiver) != napi_ok) {
        return false;
    }
    for (const engine::Event& event : events) {
        napi_handle_scope scope = nullptr;
        if (napi_open_handle_scope(env, &scope) != napi_ok) {
            return false;
        }
        napi_value argument = to_js(env, event);
        // index.js lets nothing be thrown; what fails here is an environment that is ending.
        napi_call_function(env, receiver, on_event, 1, &argument, nullptr);
        napi_close_handle_scope(env, scope);
    }
    return more;
}

void EngineObject::deliver_answers(napi_env env, const std::vector<Answer>& answers) {
    for (const Answer& answer : answers) {
        --calls_;
        if (answer.closes && engine_ != nullptr) {
            while (deliver_events(env)) {
            }
            finish(env);
        }
        if (answer.outcome.ok()) {
            napi_resolve_deferred(
                env, answer.deferred, to_js(env, static_cast<double>(answer.outcome.value)));
        } else {
            napi_reject_deferred(env, answer.deferred, to_error(env, answer.outcome));
        }
    }
}

}  // namespace addon
