#include "peer/lane.h"

#include <algorithm>
#include <unistd.h>
#include <utility>

#include "base/check.h"

namespace peer {
namespace {

// Connections that have not said HELLO; more are closed at once.
constexpr uint32_t greeting_max = 256;

}  // namespace

Surroundings::Surroundings(NetworkOptions&& chosen)
    : options(std::move(chosen)), registry(options.reactors, &ReactorLane::change_run, this) {}

Surroundings::~Surroundings() = default;

Hello ReactorLane::hello(base::NodeId to, uint32_t lane) const {
    Hello own;
    own.cell = surroundings_.options.cell;
    own.from = surroundings_.options.node;
    own.to = to;
    own.incarnation = surroundings_.options.incarnation;
    own.lane = lane;
    return own;
}

// Three quarters to five quarters of it, so that nodes do not dial in step.
uint64_t ReactorLane::jitter(uint64_t wait_ns) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return wait_ns - wait_ns / 4 + random_ % (wait_ns / 2 + 1);
}

void ReactorLane::send(base::NodeId to, const replication::Message& message) {
    const auto found = dialers_.find(to);
    Connection* connection = found == dialers_.end() ? nullptr : found->second->connection();
    if (connection == nullptr || !connection->send(message)) {
        counted.messages_dropped.add(1);
    }
}

void ReactorLane::request(base::NodeId to, Request& request) {
    CHECK(request.done != nullptr, "a request needs someone to tell");
    const auto found = dialers_.find(to);
    Connection* connection = found == dialers_.end() ? nullptr : found->second->connection();
    if (connection != nullptr) {
        connection->request(request);
        return;
    }
    if (orphans_.empty()) {
        surroundings_.hold();
        reactor_.defer(orphans_task_);
    }
    orphans_.push_back(request);
}

void ReactorLane::renew(base::NodeId to) {
    const auto found = dialers_.find(to);
    if (found != dialers_.end()) {
        found->second->renew();
    }
}

// Those that are made meanwhile wait for the next turn.
void ReactorLane::end_orphans() {
    for (uint32_t count = orphans_.count(); count > 0; --count) {
        Request& request = *orphans_.pop_front();
        request.done(request, base::Status(base::Errc::not_primary));
    }
    if (orphans_.empty()) {
        surroundings_.let_go();
    } else {
        reactor_.defer(orphans_task_);
    }
}

void ReactorLane::set_peers(std::span<const PeerAddress> peers) {
    if (closing_) {
        return;
    }
    const auto wanted = [peers](base::NodeId node) {
        return std::ranges::find(peers, node, &PeerAddress::node);
    };
    for (auto place = dialers_.begin(); place != dialers_.end();) {
        const auto next = std::next(place);
        const auto address = wanted(place->first);
        if (address == peers.end() || !(*address == place->second->address())) {
            retire(place);
        }
        place = next;
    }
    for (Connection* each = incoming_.front(); each != nullptr; each = incoming_.after(*each)) {
        if (wanted(each->node()) == peers.end()) {
            each->close("it is not one of the nodes any more");
        }
    }
    for (const PeerAddress& peer : peers) {
        auto& dialer = dialers_[peer.node];
        if (dialer == nullptr) {
            surroundings_.hold();
            dialer = std::make_unique<Dialer>(peer, *this);
            dialer->hurry();
        }
    }
}

void ReactorLane::retire(std::map<base::NodeId, std::unique_ptr<Dialer>>::iterator place) {
    retiring_.push_back(std::move(place->second));
    dialers_.erase(place);
    retiring_.back()->retire();
}

void ReactorLane::dialer_retired(Dialer& dialer) {
    std::erase_if(retiring_, [&dialer](const auto& each) { return each.get() == &dialer; });
    surroundings_.let_go();
}

// --- Connections that come in.

void ReactorLane::accepted(int socket) {
    if (closing_ || greeting_.count() >= greeting_max) {
        ::close(socket);
        return;
    }
    surroundings_.hold();
    auto handshake = std::make_unique<Handshake>(reactor_, *this, hello({}, 0));
    handshake->greet(socket);
    greeting_.push_back(*handshake.release());
}

void ReactorLane::handshake_over(Handshake& handshake, const std::string& reason) {
    const std::unique_ptr<Handshake> over(&handshake);
    greeting_.remove(handshake);
    if (!reason.empty()) {
        registry().refused(over->theirs().from, reason);
        surroundings_.let_go();
        return;
    }
    auto arrival = std::make_unique<Arrival>();
    arrival->theirs = over->theirs();
    arrival->socket = over->take_socket();
    // All connections of one of their reactors come to the same of ours, so that a newer one finds
    // the older.
    const auto& lanes = surroundings_.lanes;
    arrival->lane = lanes[arrival->theirs.lane % lanes.size()].get();
    arrival->node = arrival->theirs.from;
    arrival->incarnation = arrival->theirs.incarnation;
    arrival->Admission::reactor = &arrival->lane->reactor();
    arrival->run = [](reactor::Task& task) {
        auto& here = static_cast<Arrival&>(task);
        here.lane->arrived(here);
    };
    arrival->done = [](Admission& admission) {
        auto& here = static_cast<Arrival&>(admission);
        here.lane->admitted(here);
    };
    ReactorLane& lane = *arrival->lane;
    lane.reactor().post(*arrival.release());
}

// In this order: whoever asks first is the older.
void ReactorLane::arrived(Arrival& arrival) {
    registry().admit(arrival);
}

void ReactorLane::admitted(Arrival& answered) {
    const std::unique_ptr<Arrival> arrival(&answered);
    if (arrival->refusal != nullptr || closing_) {
        if (arrival->refusal != nullptr) {
            registry().refused(arrival->node, arrival->refusal);
        }
        ::close(arrival->socket);
        surroundings_.let_go();
        return;
    }
    for (Connection* each = incoming_.front(); each != nullptr; each = incoming_.after(*each)) {
        if (each->node() == arrival->node && each->their_lane() == arrival->theirs.lane) {
            each->close("a newer connection took its place");
        }
    }
    auto connection = std::make_unique<Connection>(
        arrival->socket, Connection::Direction::incoming, arrival->theirs, *this, *this);
    const Hello own = hello(arrival->node, arrival->theirs.lane);
    connection->start(&own);
    incoming_.push_back(*connection.release());
}

void ReactorLane::connection_over(Connection&, const std::string&) {}

void ReactorLane::connection_gone(Connection& connection) {
    const std::unique_ptr<Connection> gone(&connection);
    incoming_.remove(connection);
    surroundings_.let_go();
}

// --- Runs.

void ReactorLane::change_run(reactor::Task& task) {
    const auto& change = static_cast<RunChange&>(task);
    auto& surroundings = *static_cast<Surroundings*>(change.owner);
    surroundings.lanes[change.reactor]->run_changed(change);
}

void ReactorLane::run_changed(const RunChange& change) {
    runs_[change.node] = change.incarnation;
    for (Connection* each = incoming_.front(); each != nullptr; each = incoming_.after(*each)) {
        if (each->node() == change.node && each->incarnation() != change.incarnation) {
            each->close("the node runs anew");
        }
    }
    const auto dialer = dialers_.find(change.node);
    if (dialer != dialers_.end()) {
        dialer->second->run_changed(change.incarnation);
    }
    if (change.had_earlier) {
        sink_.peer_down(change.node);
    }
    if (dialer != dialers_.end()) {
        dialer->second->hurry();
    }
    registry().changed(change.node);
}

// --- The end.

void ReactorLane::close() {
    closing_ = true;
    while (!dialers_.empty()) {
        retire(dialers_.begin());
    }
    for (Connection* each = incoming_.front(); each != nullptr; each = incoming_.after(*each)) {
        each->close("this node is closing");
    }
    for (Handshake* each = greeting_.front(); each != nullptr; each = greeting_.after(*each)) {
        each->cancel();
    }
    if (taken() > 0) {
        held_for_parcels_ = true;
        surroundings_.hold();
    }
    surroundings_.let_go();
}

}  // namespace peer
