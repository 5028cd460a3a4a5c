// Which configurations there can be.
#include "replication/group_config.h"

#include <string>

namespace {

using base::Epoch;
using base::NodeId;
using base::PgId;
using replication::GroupConfig;
using replication::MemberRole;

GroupConfig sound() {
    GroupConfig config;
    config.pg = PgId{1};
    config.epoch = Epoch{1};
    config.primary = NodeId{1};
    config.member_count = 2;
    config.member_at[0] = {NodeId{1}, MemberRole::in_sync};
    config.member_at[1] = {NodeId{2}, MemberRole::joining};
    return config;
}
std::string problem(const GroupConfig& config) {
    const char* what = config.invalid();
    return what == nullptr ? "" : what;
}

}  // namespace

TEST_CASE("a configuration says what is wrong with it") {
    CHECK(problem(sound()).empty());
    GroupConfig config = sound();
    config.epoch = Epoch{0};
    CHECK(problem(config) == "epoch: expected 1 or more");
    config = sound();
    config.member_count = 0;
    CHECK(problem(config) == "members: expected 1 to 8");
    config.member_count = replication::members_max + 1;
    CHECK(problem(config) == "members: expected 1 to 8");
    config = sound();
    config.member_at[1].role = MemberRole{3};
    CHECK(problem(config) == "role: expected in-sync or joining");
    config = sound();
    config.member_at[1].node = NodeId{1};
    CHECK(problem(config) == "members: each node once");
    config = sound();
    config.primary = NodeId{2};
    CHECK(problem(config) == "primary: expected an in-sync member");
    config.primary = NodeId{3};
    CHECK(problem(config) == "primary: expected an in-sync member");
    config = sound();
    config.min_in_sync = 0;
    CHECK(problem(config) == "min_in_sync: expected 1 to 8");
}

TEST_CASE("only in-sync members are counted as such") {
    const GroupConfig config = sound();
    CHECK(config.in_sync_count() == 1);
    CHECK(config.in_sync(NodeId{1}));
    CHECK(!config.in_sync(NodeId{2}));
    CHECK(config.find(NodeId{3}) == nullptr);
}
