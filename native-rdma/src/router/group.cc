#include "router/group.h"

#include <algorithm>

#include "base/check.h"
#include "router/shard.h"

namespace router {

using base::Errc;
using base::Status;

namespace {

constexpr uint64_t back_off_first_ns = 10'000'000;
constexpr uint64_t back_off_last_ns = 500'000'000;
constexpr uint64_t never = UINT64_MAX;

}  // namespace

Group::Group(Surroundings& surroundings, Shard& shard, base::PgId pg)
    : around_(surroundings), shard_(shard), pg_(pg), back_off_ns_(back_off_first_ns) {
    turn_.group = this;
    turn_.run = [](reactor::Task& task) { static_cast<Turn&>(task).group->resume(); };
    tick_.group = this;
    tick_.fire = [](reactor::Timer& timer) { static_cast<Tick&>(timer).group->tick(); };
}

Group::~Group() {
    CHECK(queue_.empty(), "parts outlive their group");
}

bool Group::may_move(State from, State to) {
    return from != to;
}

void Group::advance(State to) {
    CHECK(may_move(state_, to), "a group moves only along its picture");
    state_ = to;
}

// --- Configurations.

void Group::make_replica() {
    replica_ =
        std::make_unique<replication::Replica>(replication::Replica::Parts{pg_,
                                                                           around_.self,
                                                                           around_.store,
                                                                           around_.executor,
                                                                           *around_.lane,
                                                                           around_.reports,
                                                                           around_.settings});
}

void Group::configure(const replication::GroupConfig& config) {
    if (stopping_) {
        return;
    }
    if (replica_ == nullptr && config.find(around_.self) != nullptr) {
        make_replica();
    }
    if (replica_ != nullptr) {
        replica_->configure(config);
    }
    learn(config);
}

// What is under way was sent by the old one: it ends first, as the new primary must not overtake
// the old one.
void Group::learn(const replication::GroupConfig& config) {
    if (config.epoch <= config_.epoch) {
        return;
    }
    if (in_flight_ > 0 && late_ns_ == never && config.primary != asked_) {
        late_ns_ = around_.executor.now_ns() + around_.settings.grace_ns;
    }
    config_ = config;
    back_off_ns_ = back_off_first_ns;
    if (state_ == State::open) {
        advance(State::waiting);
    }
    go_on_ = true;
    around_.executor.defer(turn_);
    arm();
}

// --- Parts.

void Group::submit(Part& part) {
    part.group = this;
    part.sent = false;
    part.deadline_ns = around_.executor.now_ns() + around_.wait_limit_ns;
    if (stopping_ && state_ == State::waiting) {
        shard_.answer(part, Status(Errc::closed));
        return;
    }
    queue_.push_back(part);
    ++around_.waiting;
    if (state_ == State::open) {
        send(part);
    } else if (waiting() == 1) {
        arm();
    }
}

void Group::send(Part& part) {
    part.sent = true;
    ++in_flight_;
    ++around_.in_flight;
    --around_.waiting;
    asked_ = config_.primary;
    if (asked_ == around_.self) {
        send_here(part);
    } else {
        send_away(part);
    }
}

void Group::send_here(Part& part) {
    if (part.verb == Part::Verb::read) {
        Part::Read& read = part.read;
        read.part = &part;
        read.range = part.range;
        read.fence = part.fence;
        read.data = part.target;
        read.registered_index = part.registered_index;
        read.done = [](replication::Read& done, Status status) {
            Part& ended = *static_cast<Part::Read&>(done).part;
            ended.failed_block = done.failed_block;
            ended.group->ended(ended, status);
        };
        replica_->submit(read);
        return;
    }
    Part::Write& write = part.write;
    write.part = &part;
    write.range = part.range;
    write.fence = part.fence;
    write.data = part.data;
    write.crcs = part.crcs;
    write.done = [](replication::Write& done, Status status) {
        Part& ended = *static_cast<Part::Write&>(done).part;
        ended.group->ended(ended, status);
    };
    replica_->submit(write);
}

void Group::send_away(Part& part) {
    Part::Request& request = part.request;
    const bool is_read = part.verb == Part::Verb::read;
    request.part = &part;
    request.verb = is_read ? peer::Verb::read : peer::Verb::write;
    request.range = part.range;
    request.epoch = config_.epoch;
    request.fence = part.fence;
    // A part that wrote before still has what it wrote.
    request.data = is_read ? nullptr : part.data;
    request.crcs = is_read ? nullptr : part.crcs;
    request.target = is_read ? part.target : nullptr;
    request.done = [](peer::Request& done, Status status) {
        Part& ended = *static_cast<Part::Request&>(done).part;
        ended.failed_block = done.failed_block;
        ended.group->ended(ended, status);
    };
    around_.lane->request(config_.primary, request);
    if (!tick_.armed()) {
        around_.executor.arm(tick_, part.deadline_ns);
    }
}

// The answer goes out last: whoever gets it may submit again.
void Group::ended(Part& part, Status status) {
    CHECK(part.sent && in_flight_ > 0, "a part ends once");
    part.sent = false;
    --in_flight_;
    --around_.in_flight;
    ++around_.waiting;
    const bool lost = status.code() == Errc::not_primary;
    if (lost && config_.member_count == 1 && config_.primary == around_.self &&
        around_.store.stats().failed) {
        status = Status(Errc::device_failed);  // Nobody else has it: waiting does not help.
    } else if (lost && !stopping_) {
        ++around_.retried;
        begin_waiting();
        return;
    } else if (lost) {
        status = Status(Errc::closed);
    }
    drop(part);
    if (status.ok()) {
        back_off_ns_ = back_off_first_ns;
    }
    if (state_ == State::waiting && in_flight_ == 0) {
        around_.executor.defer(turn_);
    }
    shard_.finish(part, status);
}

void Group::drop(Part& part) {
    queue_.remove(part);
    --around_.waiting;
}

// --- Waiting.

void Group::begin_waiting() {
    if (state_ == State::open) {
        advance(State::waiting);
        go_on_ = false;
        retry_ns_ = around_.executor.now_ns() + back_off_ns_;
        back_off_ns_ = std::min(back_off_ns_ * 2, back_off_last_ns);
    }
    if (in_flight_ == 0) {
        around_.executor.defer(turn_);
    }
    arm();
}

void Group::resume() {
    if (state_ != State::waiting || in_flight_ > 0 || !go_on_ || stopping_) {
        return;
    }
    advance(State::open);
    go_on_ = false;
    late_ns_ = never;
    around_.executor.disarm(tick_);
    for (Part* part = queue_.front(); part != nullptr; part = queue_.after(*part)) {
        send(*part);
    }
}

Part* Group::first(bool sent) {
    Part* part = queue_.front();
    while (part != nullptr && part->sent != sent) {
        part = queue_.after(*part);
    }
    return part;
}

// A node that is stopped keeps its connections, and answers nothing: what is under way has a
// deadline, and once another node is primary there is no reason to wait so long.
uint64_t Group::renew_ns() {
    const Part* asked = asked_ == around_.self ? nullptr : first(true);
    return asked == nullptr ? never : std::min(asked->deadline_ns, late_ns_);
}

// When the first has waited for too long, or it is time to try again.
uint64_t Group::next_ns() {
    uint64_t next_ns = renew_ns();
    if (const Part* waits = first(false); waits != nullptr) {
        const bool retries = !go_on_ && config_.epoch.value != 0;
        next_ns = std::min({next_ns, waits->deadline_ns, retries ? retry_ns_ : never});
    }
    return next_ns;
}

void Group::arm() {
    const uint64_t at_ns = next_ns();
    if (at_ns == never) {
        around_.executor.disarm(tick_);
    } else {
        around_.executor.arm(tick_, at_ns);
    }
}

void Group::tick() {
    const uint64_t now_ns = around_.executor.now_ns();
    if (state_ == State::waiting) {
        give_up_waiting(now_ns);
        if (config_.epoch.value != 0 && retry_ns_ <= now_ns) {
            go_on_ = true;
            around_.executor.defer(turn_);
        }
    }
    if (renew_ns() <= now_ns) {
        around_.lane->renew(asked_);
        return;  // They end with not_primary, and one of them arms anew.
    }
    arm();
}

void Group::give_up_waiting(uint64_t now_ns) {
    for (Part* part = queue_.front(); part != nullptr && part->deadline_ns <= now_ns;) {
        Part& each = *part;
        part = queue_.after(each);
        if (!each.sent) {
            drop(each);
            shard_.answer(each, Status(Errc::not_primary));
        }
    }
}

// --- From other nodes.

void Group::message(base::NodeId from, const replication::Message& message) {
    const auto* prepare = std::get_if<replication::Prepare>(&message);
    if (prepare != nullptr && replica_ == nullptr && !stopping_ &&
        prepare->config.invalid() == nullptr && prepare->config.primary == from &&
        from != around_.self && prepare->config.find(around_.self) != nullptr) {
        // The primary may hear of a configuration before its members do.
        make_replica();
        replica_->configure(prepare->config);
    }
    if (replica_ == nullptr) {
        return;
    }
    replica_->receive(from, message);
    if (prepare != nullptr && replica_->config().epoch > config_.epoch) {
        learn(replica_->config());
    }
}

void Group::append(base::NodeId from, replication::Incoming& incoming) {
    if (replica_ == nullptr) {
        incoming.release(incoming);
        return;
    }
    replica_->receive(from, incoming);
}

bool Group::call(peer::Call& call) {
    if (replica_ == nullptr || stopping_ || replica_->config().epoch != call.epoch) {
        return false;
    }
    if (call.verb == peer::Verb::read) {
        call.read.call = &call;
        call.read.done = [](replication::Read& read, Status status) {
            peer::Call& done = *static_cast<peer::Call::Read&>(read).call;
            done.answer(done, status);
        };
        replica_->submit(call.read);
    } else {
        call.write.call = &call;
        call.write.done = [](replication::Write& write, Status status) {
            peer::Call& done = *static_cast<peer::Call::Write&>(write).call;
            done.answer(done, status);
        };
        replica_->submit(call.write);
    }
    return true;
}

void Group::peer_down(base::NodeId node) {
    if (replica_ != nullptr) {
        replica_->peer_down(node);
    }
}

// --- The end.

void Group::stop_waiting() {
    stopping_ = true;
    around_.executor.disarm(tick_);
    for (Part* part = queue_.front(); part != nullptr;) {
        Part& each = *part;
        part = queue_.after(each);
        if (!each.sent) {
            drop(each);
            shard_.answer(each, Status(Errc::closed));
        }
    }
}

bool Group::close(reactor::Task& task) {
    CHECK(stopping_, "what waits is answered first");
    if (state_ == State::open) {
        advance(State::waiting);
    }
    if (replica_ == nullptr) {
        return false;
    }
    replica_->close(task);
    return true;
}

}  // namespace router
