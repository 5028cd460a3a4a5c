// What other nodes send to the groups at home on one reactor, given to their shards.
//
// Thread: the reactor's. Lifetime: outlives the network that calls it.
#pragma once

#include <vector>

#include "peer/port.h"
#include "router/router.h"

namespace router {

class Inbox final : public peer::Sink {
  public:
    // `here`: the shards on this reactor, some of the router's. Without any the router may be null.
    Inbox(const Router* router, std::vector<Shard*> here);

    void message(base::NodeId from, const replication::Message& message) override;
    void append(base::NodeId from, replication::Incoming& incoming) override;
    void call(peer::Call& call) override;
    void peer_down(base::NodeId node) override;

  private:
    // Null in a gateway that has no store: then the network has nothing to give to anybody.
    [[nodiscard]] Shard* shard_of(base::PgId pg) const;

    const Router* router_;
    std::vector<Shard*> here_;
};

}  // namespace router
