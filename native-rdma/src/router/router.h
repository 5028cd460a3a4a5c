// Where an extent's blocks live: extent → placement group → shard.
//
// A gateway's PGs are spread over its stores by rendezvous hashing of the PG's number with each
// store's id: the same stores give the same map whatever order the configuration names them in. A
// store more or less would move PGs, so a gateway keeps the set it began with (gateway/state.ts
// refuses another).
//
// The shard is also where the way to a primary on another gateway begins: each node has the same
// groups at home somewhere, whether or not it is a member.
//
// Thread: built before reactors use it, constant afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "router/shard.h"

namespace router {

struct Place {
    base::PgId pg;
    Shard* shard = nullptr;
};

// The places of a volume's extents, in order. Shared by the reactors that serve the volume.
using Places = std::shared_ptr<const std::vector<Place>>;

class Router {
  public:
    explicit Router(std::vector<Shard*> shards);

    [[nodiscard]] Shard& shard_of(base::PgId pg) const;
    // `pgs` is a volume's map: the PG of each extent.
    [[nodiscard]] Places places(std::span<const base::PgId> pgs) const;
    [[nodiscard]] std::span<Shard* const> shards() const { return shards_; }

  private:
    std::vector<Shard*> shards_;
    std::vector<uint64_t> seeds_;  // One of each shard, from its store's id.
};

}  // namespace router
