#include "router/router.h"

#include <doctest/doctest.h>
#include <map>
#include <vector>

#include "router/fake_store.h"

namespace {

struct Stores {
    test::ManualExecutor executor;
    test::FakeStore stores[3] = {test::FakeStore(1), test::FakeStore(2), test::FakeStore(3)};
    router::Shard shards[3] = {{executor, nullptr, stores[0]},
                               {executor, nullptr, stores[1]},
                               {executor, nullptr, stores[2]}};
};

}  // namespace

TEST_CASE("the order in which stores are named does not move a PG") {
    Stores stores;
    auto* shards = stores.shards;
    const router::Router forward({&shards[0], &shards[1], &shards[2]});
    const router::Router backward({&shards[2], &shards[1], &shards[0]});
    for (uint32_t pg = 0; pg < 1000; ++pg) {
        CHECK_EQ(&forward.shard_of(base::PgId(pg)), &backward.shard_of(base::PgId(pg)));
    }
}

TEST_CASE("PGs spread evenly over the stores") {
    Stores stores;
    auto* shards = stores.shards;
    const router::Router router({&shards[0], &shards[1], &shards[2]});
    std::map<router::Shard*, int> counts;
    for (uint32_t pg = 0; pg < 3000; ++pg) {
        ++counts[&router.shard_of(base::PgId(pg))];
    }
    for (const auto& [shard, count] : counts) {
        CHECK_GT(count, 850);
        CHECK_LT(count, 1150);
    }
}

TEST_CASE("the places of a volume follow its map") {
    Stores stores;
    auto* shards = stores.shards;
    const router::Router router({&shards[0], &shards[1], &shards[2]});
    const std::vector<base::PgId> pgs = {base::PgId(9), base::PgId(4), base::PgId(9)};
    const router::Places places = router.places(pgs);
    REQUIRE_EQ(places->size(), 3u);
    CHECK((*places)[1].pg == base::PgId(4));
    CHECK_EQ((*places)[0].shard, (*places)[2].shard);
    CHECK_EQ((*places)[0].shard, &router.shard_of(base::PgId(9)));
}
