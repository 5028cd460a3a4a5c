// Calls back once everyone who holds it has let go: the end of something that many take part in.
//
// Thread: any. Lifetime: shared by its holders; the call comes later, on the reactor's thread.
#pragma once

#include <functional>
#include <utility>

#include "reactor/reactor.h"

namespace target {

class Barrier {
  public:
    Barrier(reactor::Reactor& reactor, std::function<void()> done)
        : reactor_(reactor), call_(new Call) {
        call_->done = std::move(done);
        call_->run = [](reactor::Task& task) {
            auto& call = static_cast<Call&>(task);
            call.done();
            delete &call;
        };
    }
    ~Barrier() { reactor_.post(*call_); }
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

  private:
    struct Call : reactor::Task {
        std::function<void()> done;
    };
    reactor::Reactor& reactor_;
    Call* call_;  // Deletes itself when it has run.
};

}  // namespace target
