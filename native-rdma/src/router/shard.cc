#include "router/shard.h"

#include "base/check.h"

namespace router {
namespace {

// Until PGs have configurations of their own, every write is made under the first epoch.
constexpr base::Epoch first_epoch{1};

Part& part_of(reactor::Task& task) {
    return *static_cast<Part::Hop&>(task).part;
}

}  // namespace

Shard::Shard(reactor::Executor& executor,
             reactor::Reactor* reactor,
             store::Store& store,
             FailureObserver* observer)
    : executor_(executor),
      reactor_(reactor),
      store_(store),
      observer_(observer),
      last_version_(store.last_version()) {
    if (last_version_.epoch < first_epoch) {
        last_version_ = base::Version{first_epoch, 0};
    }
}

void Shard::run(Part& part, reactor::Executor& executor, reactor::Reactor* reactor) {
    part.shard = this;
    part.origin = &executor;
    part.hop.part = &part;
    if (reactor == reactor_) {
        part.origin_reactor = nullptr;
        start(part);
        return;
    }
    part.origin_reactor = reactor;
    part.hop.run = &Shard::arrived;
    reactor_->post(part.hop);
}

void Shard::arrived(reactor::Task& task) {
    Part& part = part_of(task);
    part.shard->start(part);
}

// Nobody overtakes those who wait.
void Shard::start(Part& part) {
    if (!waiting_.empty()) {
        waiting_.push_back(part);
        return;
    }
    const base::Status status = submit(part);
    if (status.code() == base::Errc::busy && in_flight_ > 0) {
        waiting_.push_back(part);
    } else if (!status.ok()) {
        answer(part, status);
    }
}

base::Status Shard::submit(Part& part) {
    base::Status status;
    if (part.verb == Part::Verb::read) {
        part.read.part = &part;
        part.read.done = &Shard::was_read;
        status = store_.submit_read(part.read);
    } else {
        part.write.part = &part;
        part.write.done = &Shard::wrote;
        part.write.version = base::Version{last_version_.epoch, last_version_.counter + 1};
        status = store_.submit_write(part.write);
        last_version_.counter += status.ok() ? 1 : 0;
    }
    in_flight_ += status.ok() ? 1 : 0;
    return status;
}

void Shard::wrote(store::WriteOp& op, base::Status status) {
    Part& part = *static_cast<Part::Write&>(op).part;
    part.shard->finish(part, status);
}

void Shard::was_read(store::ReadOp& op, base::Status status) {
    Part& part = *static_cast<Part::Read&>(op).part;
    part.shard->finish(part, status);
}

// In a completion the answer may go out at once; the shard must not touch the part afterwards.
void Shard::finish(Part& part, base::Status status) {
    CHECK(in_flight_ > 0, "the store answered a part twice");
    --in_flight_;
    look_for_failure(status);
    if (part.origin_reactor == nullptr) {
        part.done(part, status);
    } else {
        answer(part, status);
    }
    resume();
}

// From inside a submission an answer comes later, never within the call.
void Shard::answer(Part& part, base::Status status) {
    look_for_failure(status);
    part.status = status;
    part.hop.run = &Shard::answered;
    if (part.origin_reactor == nullptr) {
        part.origin->defer(part.hop);
    } else {
        part.origin_reactor->post(part.hop);
    }
}

void Shard::answered(reactor::Task& task) {
    Part& part = part_of(task);
    part.done(part, part.status);
}

// A read may be refused by a device that otherwise works; the store says whether it has given up.
void Shard::look_for_failure(base::Status status) {
    if (status.code() != base::Errc::device_failed || failure_told_ || observer_ == nullptr ||
        !store_.stats().failed) {
        return;
    }
    failure_told_ = true;
    observer_->store_failed(*this, status.detail());
}

void Shard::resume() {
    if (resuming_) {
        return;
    }
    resuming_ = true;
    while (Part* part = waiting_.front()) {
        const base::Status status = submit(*part);
        if (status.code() == base::Errc::busy && in_flight_ > 0) {
            break;
        }
        waiting_.remove(*part);
        if (!status.ok()) {
            answer(*part, status);
        }
    }
    resuming_ = false;
}

}  // namespace router
