#include "router/shard.h"

#include "base/check.h"

namespace router {
namespace {

Part& part_of(reactor::Task& task) {
    return *static_cast<Part::Hop&>(task).part;
}

}  // namespace

base::PgId pg_of(const replication::Message& message) {
    return std::visit(
        [](const auto& each) {
            if constexpr (requires { each.config; }) {
                return each.config.pg;
            } else {
                return each.pg;
            }
        },
        message);
}

Shard::Shard(reactor::Executor& executor,
             reactor::Reactor* reactor,
             store::Store& store,
             FailureObserver* observer,
             uint64_t wait_limit_ns)
    : executor_(executor),
      reactor_(reactor),
      store_(store),
      observer_(observer),
      around_{executor, store, *this, {}, wait_limit_ns} {
    turn_.shard = this;
    turn_.run = [](reactor::Task& task) { static_cast<Turn&>(task).shard->refuse_calls(); };
}

Shard::~Shard() = default;

void Shard::join(base::NodeId self, peer::Lane& lane, replication::Reports* reports) {
    CHECK(around_.lane == nullptr && self.value != 0, "a node is in one cell, under one number");
    around_.self = self;
    around_.lane = &lane;
    reports_ = reports;
}

Group& Shard::group_of(base::PgId pg) {
    std::unique_ptr<Group>& group = groups_[pg];
    if (group == nullptr) {
        group = std::make_unique<Group>(around_, *this, pg);
        if (stopping_) {
            group->stop_waiting();
        }
    }
    return *group;
}

void Shard::configure(const replication::GroupConfig& config) {
    CHECK(around_.lane != nullptr, "a node is in a cell before it hears of groups");
    group_of(config.pg).configure(config);
}

// --- Parts.

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

void Shard::start(Part& part) {
    group_of(part.range.extent.pg).submit(part);
}

void Shard::finish(Part& part, base::Status status) {
    look_for_failure(status);
    if (part.origin_reactor == nullptr) {
        part.done(part, status);
    } else {
        answer(part, status);
    }
}

void Shard::answer(Part& part, base::Status status) {
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

// --- From other nodes.

void Shard::message(base::NodeId from, const replication::Message& message) {
    const base::PgId pg = pg_of(message);
    // Only a Prepare can make a group known.
    if (groups_.contains(pg) || std::holds_alternative<replication::Prepare>(message)) {
        group_of(pg).message(from, message);
    }
}

void Shard::append(base::NodeId from, replication::Incoming& incoming) {
    const auto found = groups_.find(incoming.append.pg);
    if (found == groups_.end()) {
        incoming.release(incoming);
        return;
    }
    found->second->append(from, incoming);
}

void Shard::call(peer::Call& call) {
    const replication::Range& range =
        call.verb == peer::Verb::read ? call.read.range : call.write.range;
    const auto found = groups_.find(range.extent.pg);
    if (found == groups_.end() || !found->second->call(call)) {
        refused_.push_back(call);
        executor_.defer(turn_);
    }
}

void Shard::refuse_calls() {
    while (peer::Call* call = refused_.pop_front()) {
        call->answer(*call, base::Status(base::Errc::not_primary));
    }
}

void Shard::peer_down(base::NodeId node) {
    for (const auto& [pg, group] : groups_) {
        group->peer_down(node);
    }
}

// --- What replicas have to say.

void Shard::suspect(base::PgId pg,
                    base::Epoch epoch,
                    base::NodeId node,
                    replication::SuspectReason reason) {
    if (reason == replication::SuspectReason::store_failed && node == around_.self) {
        look_for_failure(base::Status(base::Errc::device_failed));
    }
    if (reports_ != nullptr) {
        reports_->suspect(pg, epoch, node, reason);
    }
}

void Shard::level(base::PgId pg, base::Epoch epoch, base::NodeId node) {
    if (reports_ != nullptr) {
        reports_->level(pg, epoch, node);
    }
}

void Shard::wants_epoch(base::PgId pg, base::Epoch above) {
    if (reports_ != nullptr) {
        reports_->wants_epoch(pg, above);
    }
}

// Each message of an old epoch is answered so: control hears of it once a second.
void Shard::behind(base::PgId pg, base::Epoch known) {
    Group& group = group_of(pg);
    const uint64_t now_ns = executor_.now_ns();
    const bool again = now_ns >= group.behind_told_ns + around_.settings.report_ns;
    if (reports_ != nullptr && (known > group.behind_told || again)) {
        group.behind_told = known;
        group.behind_told_ns = now_ns;
        reports_->behind(pg, known);
    }
}

void Shard::view(std::vector<GroupView>& views) const {
    for (const auto& [pg, group] : groups_) {
        const replication::Replica* replica = group->replica();
        GroupView view;
        view.pg = pg;
        view.epoch = group->epoch();
        view.waiting = group->waiting();
        if (replica != nullptr) {
            view.epoch = replica->config().epoch;
            view.state = replica->state();
            view.serving = replica->serving();
            view.blocks_to_copy = replica->blocks_to_copy();
        }
        if (replica != nullptr || view.waiting > 0) {
            views.push_back(view);
        }
    }
}

// --- The end.

void Shard::stop_waiting() {
    stopping_ = true;
    for (const auto& [pg, group] : groups_) {
        group->stop_waiting();
    }
}

void Shard::close(reactor::Task& task) {
    CHECK(stopping_ && closed_ == nullptr, "what waits is answered first");
    closed_ = &task;
    closing_left_ = 1;
    for (const auto& [pg, group] : groups_) {
        auto closing = std::make_unique<Closing>();
        closing->shard = this;
        closing->run = [](reactor::Task& done) {
            static_cast<Closing&>(done).shard->group_closed();
        };
        if (group->close(*closing)) {
            ++closing_left_;
            closing_.push_back(std::move(closing));
        }
    }
    group_closed();
}

void Shard::group_closed() {
    CHECK(closing_left_ > 0, "a group is closed once");
    if (--closing_left_ == 0) {
        executor_.defer(*closed_);
    }
}

}  // namespace router
