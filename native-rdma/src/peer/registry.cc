#include "peer/registry.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace peer {

Registry::Registry(std::span<reactor::Reactor* const> reactors,
                   reactor::Task::Run change,
                   void* owner)
    : reactors_(reactors.begin(), reactors.end()), change_(change), owner_(owner) {}

Registry::Node& Registry::node_at(base::NodeId id) {
    Node& node = nodes_[id];
    if (node.changes.empty()) {
        node.changes.resize(reactors_.size());
        node.connected.resize(reactors_.size());
        for (uint32_t index = 0; index < reactors_.size(); ++index) {
            node.changes[index].run = change_;
            node.changes[index].reactor = index;
            node.changes[index].owner = owner_;
            node.changes[index].node = id;
        }
    }
    return node;
}

void Registry::set_peers(std::span<const PeerAddress> peers) {
    const std::lock_guard lock(mutex_);
    for (auto& [id, node] : nodes_) {
        node.allowed = false;
    }
    for (const PeerAddress& peer : peers) {
        node_at(peer.node).allowed = true;
    }
}

void Registry::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
}

const char* Registry::objection(const Node& node, uint64_t incarnation) {
    const auto ended = std::span(node.ended).first(std::min(node.ended_count, ended_max));
    if (std::ranges::find(ended, incarnation) != ended.end()) {
        return "it belongs to a run of the node that is over";
    }
    if (node.changing && node.incarnation != incarnation) {
        return "another run of the node is being taken in";
    }
    return nullptr;
}

// Posted with the lock held, so that nobody's last step is to let go of it.
void Registry::answer(Admission& admission, const char* refusal) {
    admission.refusal = refusal;
    admission.answer.admission = &admission;
    admission.answer.run = [](reactor::Task& task) {
        Admission& answered = *static_cast<Admission::Answer&>(task).admission;
        answered.done(answered);
    };
    admission.reactor->post(admission.answer);
}

void Registry::admit(Admission& admission) {
    const std::lock_guard lock(mutex_);
    const auto found = nodes_.find(admission.node);
    if (closed_) {
        return answer(admission, "this node is closing");
    }
    if (found == nodes_.end() || !found->second.allowed) {
        return answer(admission, "it is none of the nodes that this one knows of");
    }
    Node& node = found->second;
    if (const char* refusal = objection(node, admission.incarnation); refusal != nullptr) {
        return answer(admission, refusal);
    }
    if (node.incarnation == admission.incarnation && !node.changing) {
        return answer(admission, nullptr);
    }
    node.waiting.push_back(admission);
    if (!node.changing) {
        begin_change(admission.node, node, admission.incarnation);
    }
}

void Registry::begin_change(base::NodeId id, Node& node, uint64_t incarnation) {
    const bool had_earlier = node.incarnation != 0;
    if (had_earlier) {
        node.ended[node.ended_count++ % ended_max] = node.incarnation;
    }
    node.incarnation = incarnation;
    node.changing = true;
    node.left = static_cast<uint32_t>(reactors_.size());
    for (uint32_t index = 0; index < reactors_.size(); ++index) {
        RunChange& change = node.changes[index];
        change.node = id;
        change.incarnation = incarnation;
        change.had_earlier = had_earlier;
        reactors_[index]->post(change);
    }
}

void Registry::changed(base::NodeId id) {
    const std::lock_guard lock(mutex_);
    Node& node = nodes_.at(id);
    CHECK(node.changing && node.left > 0, "each reactor says so once");
    if (--node.left > 0) {
        return;
    }
    node.changing = false;
    while (Admission* admission = node.waiting.pop_front()) {
        answer(*admission, node.allowed ? nullptr : "it is not one of the nodes any more");
    }
}

void Registry::connected(base::NodeId id, uint32_t reactor) {
    const std::lock_guard lock(mutex_);
    node_at(id).connected[reactor] = true;
}

void Registry::disconnected(base::NodeId id, uint32_t reactor, std::string reason) {
    const std::lock_guard lock(mutex_);
    Node& node = node_at(id);
    node.connected[reactor] = false;
    node.reason = std::move(reason);
}

void Registry::refused(base::NodeId id, std::string reason) {
    const std::lock_guard lock(mutex_);
    const auto found = nodes_.find(id);
    if (found != nodes_.end() && found->second.allowed) {
        found->second.reason = "its connection was closed: " + std::move(reason);
        return;
    }
    ++strangers_;
    stranger_reason_ = std::move(reason);
}

NetworkStatus Registry::status() const {
    const std::lock_guard lock(mutex_);
    NetworkStatus status;
    status.strangers = strangers_;
    status.stranger_reason = stranger_reason_;
    for (const auto& [id, node] : nodes_) {
        if (!node.allowed) {
            continue;
        }
        const bool all = std::ranges::all_of(node.connected, [](bool one) { return one; });
        status.peers.push_back(
            {id, all ? PeerState::connected : PeerState::connecting, node.reason});
    }
    return status;
}

}  // namespace peer
