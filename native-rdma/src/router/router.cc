#include "router/router.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace router {
namespace {

// The finalizer of SplitMix64: every bit of the input moves half of the output's.
uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

uint64_t seed_of(const base::Uuid& id) {
    uint64_t halves[2];
    static_assert(sizeof halves == sizeof id);
    std::memcpy(halves, id.data(), sizeof halves);
    return mix(halves[0] ^ mix(halves[1]));
}

}  // namespace

Router::Router(std::vector<Shard*> shards) : shards_(std::move(shards)) {
    CHECK(!shards_.empty(), "a gateway has a store");
    for (Shard* shard : shards_) {
        seeds_.push_back(seed_of(shard->store().id()));
    }
}

Shard& Router::shard_of(base::PgId pg) const {
    size_t best = 0;
    uint64_t best_weight = 0;
    for (size_t index = 0; index < shards_.size(); ++index) {
        const uint64_t weight = mix(seeds_[index] ^ mix(pg.value));
        // Equal weights are decided by the seed, not by the order of the stores.
        if (index == 0 || weight > best_weight ||
            (weight == best_weight && seeds_[index] > seeds_[best])) {
            best = index;
            best_weight = weight;
        }
    }
    return *shards_[best];
}

Places Router::places(std::span<const base::PgId> pgs) const {
    auto places = std::make_shared<std::vector<Place>>();
    places->reserve(pgs.size());
    for (const base::PgId pg : pgs) {
        places->push_back(Place{pg, &shard_of(pg)});
    }
    return places;
}

}  // namespace router
