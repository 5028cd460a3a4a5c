#include "engine/cell_config.h"

#include <doctest/doctest.h>

namespace {

using replication::MemberRole;

replication::GroupConfig group() {
    replication::GroupConfig config;
    config.pg = base::PgId(4);
    config.epoch = base::Epoch(2);
    config.primary = base::NodeId(1);
    config.member_count = 2;
    config.member_at[0] = {base::NodeId(1), MemberRole::in_sync};
    config.member_at[1] = {base::NodeId(2), MemberRole::joining};
    return config;
}

// What the sentence begins with when `change` has been made to the second of two groups.
template <typename Change>
bool refuses(const char* field, Change change) {
    std::vector<replication::GroupConfig> groups = {group(), group()};
    change(groups[1]);
    const engine::Outcome outcome = engine::check(groups);
    return outcome.status.code() == base::Errc::invalid_argument &&
           outcome.sentence.starts_with(std::string("groups[1].") + field + " ");
}

}  // namespace

TEST_CASE("a group that cannot be is refused by the field that is wrong") {
    CHECK(engine::check(std::vector{group()}).ok());
    CHECK(refuses("epoch", [](auto& config) { config.epoch = {}; }));
    CHECK(refuses("members", [](auto& config) { config.member_count = 0; }));
    CHECK(refuses("members", [](auto& config) { config.member_count = 9; }));
    CHECK(refuses("members[1].nodeId", [](auto& config) { config.member_at[1].node = {}; }));
    CHECK(refuses("members[1].nodeId",
                  [](auto& config) { config.member_at[1].node = base::NodeId(1); }));
    CHECK(refuses("members[1].role",
                  [](auto& config) { config.member_at[1].role = static_cast<MemberRole>(3); }));
    CHECK(refuses("primary", [](auto& config) { config.primary = base::NodeId(2); }));
    CHECK(refuses("minInSync", [](auto& config) { config.min_in_sync = 0; }));
    CHECK(refuses("minInSync", [](auto& config) { config.min_in_sync = 9; }));
}

TEST_CASE("a node's place in its cell is complete") {
    engine::Identity identity{{1}, base::NodeId(3), 5};
    CHECK(engine::check(identity).ok());
    identity.incarnation = 0;
    CHECK(engine::check(identity).sentence.starts_with("incarnation"));
    identity.node = {};
    CHECK(engine::check(identity).sentence.starts_with("nodeId"));
    identity.cell = {};
    CHECK(engine::check(identity).sentence.starts_with("cellId"));
}

TEST_CASE("peers are other nodes, each once, under addresses") {
    const base::NodeId self(1);
    const auto sentence = [self](std::vector<peer::PeerAddress> peers) {
        return engine::check(peers, self).sentence;
    };
    const peer::PeerAddress good{base::NodeId(2), "::1", 7482};
    CHECK(engine::check(std::vector{good}, self).ok());
    CHECK(sentence({good, good}).starts_with("peers[1].nodeId"));
    CHECK(sentence({{self, "::1", 7482}}).starts_with("peers[0].nodeId"));
    CHECK(sentence({{base::NodeId(), "::1", 7482}}).starts_with("peers[0].nodeId"));
    CHECK(sentence({{base::NodeId(2), "gateway", 7482}}).starts_with("peers[0].address"));
    CHECK(sentence({{base::NodeId(2), "::1", 0}}).starts_with("peers[0].port"));
}
