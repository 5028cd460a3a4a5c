#include "router/inbox.h"

#include <utility>

namespace router {

Inbox::Inbox(const Router* router, std::vector<Shard*> here)
    : router_(router), here_(std::move(here)) {}

Shard* Inbox::shard_of(base::PgId pg) const {
    return here_.empty() ? nullptr : &router_->shard_of(pg);
}

void Inbox::message(base::NodeId from, const replication::Message& message) {
    if (Shard* shard = shard_of(pg_of(message)); shard != nullptr) {
        shard->message(from, message);
    }
}

void Inbox::append(base::NodeId from, replication::Incoming& incoming) {
    Shard* shard = shard_of(incoming.append.pg);
    if (shard == nullptr) {
        incoming.release(incoming);
        return;
    }
    shard->append(from, incoming);
}

void Inbox::call(peer::Call& call) {
    const auto& range = call.verb == peer::Verb::read ? call.read.range : call.write.range;
    Shard* shard = shard_of(range.extent.pg);
    if (shard == nullptr) {
        call.answer(call, base::Status(base::Errc::not_primary));
        return;
    }
    shard->call(call);
}

void Inbox::peer_down(base::NodeId node) {
    for (Shard* shard : here_) {
        shard->peer_down(node);
    }
}

}  // namespace router
