// A group of one, and what a restart finds: pieces of a replica that the simulator of whole groups
// (test/sim/group) reaches only by chance. All else of it is proved there.
#include "replication/replica.h"

#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "group/sim_log_store.h"

namespace {

using base::Epoch;
using base::Errc;
using base::Fence;
using base::NodeId;
using base::PgId;
using base::Status;
using base::Version;
using base::VolumeId;
using replication::GroupConfig;
using replication::Member;
using replication::MemberRole;
using replication::Message;
using replication::Prepare;
using replication::Prepared;
using replication::Range;
using replication::Replica;
using replication::SuspectReason;
using test::ms;

constexpr PgId pg{1};
constexpr NodeId self{1};
constexpr base::ExtentId extent{VolumeId{1}, 0, pg};

// What the others, and control, would hear.
struct Heard final : replication::Peers, replication::Reports {
    std::vector<std::pair<NodeId, Prepared>> answers;
    std::vector<Range> pending;
    uint32_t wanted = 0;
    uint32_t suspects_of_self = 0;
    Epoch suspected_in;

    void send(NodeId to, const Message& message) override {
        if (const auto* answer = std::get_if<Prepared>(&message)) {
            answers.emplace_back(to, *answer);
            pending.assign(answer->pending.begin(), answer->pending.end());
        }
    }
    void suspect(PgId, Epoch epoch, NodeId node, SuspectReason reason) override {
        suspects_of_self += node == self && reason == SuspectReason::store_failed ? 1 : 0;
        suspected_in = epoch;
    }
    void level(PgId, Epoch, NodeId) override {}
    void wants_epoch(PgId, Epoch) override { ++wanted; }
    void behind(PgId, Epoch) override {}
};

struct Closing : reactor::Task {
    bool over = false;
};

// A node whose process may be started again on the same disk.
struct Node {
    test::GroupWorld world{1};
    test::SimExecutor executor;
    test::SimDisk disk;
    Heard heard;
    replication::Settings settings;
    std::unique_ptr<test::SimLogStore> store;
    std::unique_ptr<Replica> replica;

    Node() { start(); }
    ~Node() { stop(); }

    void start() {
        store = std::make_unique<test::SimLogStore>(world, executor, disk);
        replica = std::make_unique<Replica>(
            Replica::Parts{pg, self, *store, executor, heard, heard, settings});
    }
    void stop() {
        Closing closing;
        closing.run = [](reactor::Task& task) { static_cast<Closing&>(task).over = true; };
        replica->close(closing);
        store->end();
        while (!closing.over && executor.step()) {
        }
        REQUIRE(closing.over);
        replica.reset();
        store.reset();
    }
    void restart() {
        stop();
        disk.crash(world.random);
        heard = {};
        start();
    }
    void pass(uint64_t ns) {
        const uint64_t until_ns = executor.now_ns() + ns;
        while (executor.due_ns() <= until_ns) {
            executor.step();
        }
        executor.advance(until_ns);
    }
};

GroupConfig configuration(uint32_t epoch, std::vector<Member> members, NodeId primary = self) {
    GroupConfig config;
    config.pg = pg;
    config.epoch = Epoch{epoch};
    config.primary = primary;
    for (const Member& member : members) {
        config.member_at[config.member_count++] = member;
    }
    return config;
}
const Member alone{self, MemberRole::in_sync};
const Member other{NodeId{2}, MemberRole::in_sync};

struct Block {
    store::Pages page = store::make_pages(1);
    uint32_t crc = 0;
    explicit Block(uint8_t content = 0) {
        std::memset(page.get(), content, base::limits::block_bytes);
        crc = base::crc32c(page.get(), base::limits::block_bytes);
    }
};

template <typename Op>
struct Call : Op {
    std::optional<Status> status;
    Call() {
        this->done = [](Op& op, Status ended) { static_cast<Call&>(op).status = ended; };
    }
};

Status write(Node& node, uint32_t at, const Block* block, Fence fence = Fence{1}) {
    Call<replication::Write> op;
    op.range = {extent, at, 1};
    op.data = block == nullptr ? nullptr : block->page.get();
    op.crcs = block == nullptr ? nullptr : &block->crc;
    op.fence = fence;
    node.replica->submit(op);
    node.pass(50 * ms);
    REQUIRE(op.status.has_value());
    return *op.status;
}

int read(Node& node, uint32_t at) {
    Call<replication::Read> op;
    const Block into;
    op.range = {extent, at, 1};
    op.data = into.page.get();
    op.fence = Fence{1};
    node.replica->submit(op);
    node.pass(50 * ms);
    REQUIRE(op.status.has_value());
    return op.status->ok() ? into.page.get()[100] : -1;
}

// Another node becomes primary, and asks what this one holds.
Prepared asked(Node& node, uint32_t epoch) {
    const GroupConfig config = configuration(epoch, {alone, other}, other.node);
    node.replica->receive(other.node, Prepare{config, 1, false});
    node.pass(50 * ms);
    REQUIRE(!node.heard.answers.empty());
    return node.heard.answers.back().second;
}
bool holds(const Node& node, uint32_t block) {
    for (const Range& range : node.heard.pending) {
        if (range.overlaps({extent, block, 1})) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("a group of one serves again after a restart, without a new epoch") {
    Node node;
    const GroupConfig config = configuration(4, {alone});
    node.replica->configure(config);
    node.pass(100 * ms);
    CHECK(write(node, 1, std::make_unique<Block>(7).get()).ok());
    CHECK(write(node, 2, std::make_unique<Block>(8).get()).ok());
    node.restart();
    node.replica->configure(config);
    node.pass(node.settings.grace_ns + 200 * ms);
    CHECK(node.replica->serving());
    CHECK(node.heard.wanted == 0);
    CHECK(read(node, 1) == 7);
    CHECK(read(node, 2) == 8);
}

TEST_CASE("a group of one goes on with its versions where the earlier run has ended") {
    Node node;
    const GroupConfig config = configuration(4, {alone});
    node.replica->configure(config);
    node.pass(100 * ms);
    for (uint32_t each = 0; each < 5; ++each) {
        CHECK(write(node, each, std::make_unique<Block>(7).get()).ok());
    }
    CHECK(write(node, 4, nullptr).ok());
    const Version before = node.replica->commit();
    node.restart();
    node.replica->configure(config);
    node.pass(node.settings.grace_ns + 200 * ms);
    CHECK(write(node, 1, std::make_unique<Block>(9).get()).ok());
    CHECK(node.replica->commit().epoch == before.epoch);
    CHECK(node.replica->commit().counter > before.counter);
}

TEST_CASE("a restarted primary of several asks for a new epoch") {
    Node node;
    const GroupConfig config = configuration(4, {alone, {NodeId{2}, MemberRole::joining}});
    node.replica->configure(config);
    node.pass(100 * ms);
    node.restart();
    node.replica->configure(config);
    node.pass(node.settings.report_ns + 200 * ms);
    CHECK(!node.replica->serving());
    CHECK(node.heard.wanted > 0);
}

TEST_CASE("a fence is kept over a restart, and an older one refused") {
    Node node;
    const GroupConfig config = configuration(4, {alone});
    node.replica->configure(config);
    node.pass(100 * ms);
    CHECK(write(node, 1, std::make_unique<Block>(7).get(), Fence{5}).ok());
    node.restart();
    node.replica->configure(config);
    node.pass(node.settings.grace_ns + 200 * ms);
    const Block block(8);
    CHECK(write(node, 1, &block, Fence{4}).code() == Errc::stale_fence);
    CHECK(write(node, 1, &block, Fence{5}).ok());
}

TEST_CASE("only the first operation under a fence writes it") {
    Node node;
    node.replica->configure(configuration(4, {alone}));
    node.pass(100 * ms);
    const Block block(7);
    CHECK(write(node, 1, &block, Fence{5}).ok());
    const Version first = node.replica->commit();
    CHECK(write(node, 1, &block, Fence{5}).ok());
    CHECK(node.replica->commit().counter == first.counter + 1);
}

TEST_CASE("a deallocation above the commit point is told after a restart") {
    Node node;
    node.replica->configure(configuration(4, {alone}));
    node.pass(100 * ms);
    CHECK(write(node, 1, std::make_unique<Block>(7).get()).ok());
    node.pass(2'000 * ms);  // The commit point is durable.
    CHECK(write(node, 1, nullptr).ok());
    CHECK(write(node, 3, nullptr).ok());
    node.restart();
    node.pass(100 * ms);
    const Prepared answer = asked(node, 5);
    CHECK(!answer.unknown);
    CHECK(holds(node, 1));
    CHECK(holds(node, 3));
    CHECK(!holds(node, 2));
}

TEST_CASE("a member whose notes of deallocations are gone says that it does not know") {
    Node node;
    node.replica->configure(configuration(4, {alone}));
    node.pass(100 * ms);
    CHECK(write(node, 1, nullptr).ok());
    node.stop();
    auto junk = std::make_shared<test::SimBlock>();
    junk->bytes.fill(0x55);
    node.disk.append({replication::promise_extent(pg), replication::trim_ring_block, 1, {junk}});
    node.disk.land();
    node.heard = {};
    node.start();
    node.pass(100 * ms);
    CHECK(asked(node, 5).unknown);

    SUBCASE("does not lead others, and asks control to choose another one") {
        node.replica->configure(configuration(6, {alone, other}));
        node.pass(node.settings.report_ns + 200 * ms);
        CHECK(node.replica->state() == Replica::State::follower);
        CHECK(node.heard.suspects_of_self > 0);
        CHECK(node.heard.wanted == 0);
        CHECK(node.heard.suspected_in == Epoch{6});
    }
    SUBCASE("leads when no other copy is left") {
        node.replica->configure(configuration(6, {alone}));
        node.pass(node.settings.grace_ns + 200 * ms);
        CHECK(node.replica->serving());
    }
    SUBCASE("begins with nothing when it joins") {
        const Member joining{self, MemberRole::joining};
        const GroupConfig config = configuration(6, {joining, other}, other.node);
        node.replica->receive(other.node, Prepare{config, 1, true});
        node.pass(100 * ms);
        const Prepared answer = node.heard.answers.back().second;
        CHECK(answer.epoch == Epoch{6});
        CHECK(answer.commit == Version{});
        CHECK(!answer.unknown);
        CHECK(node.heard.pending.empty());
        node.restart();
        node.pass(100 * ms);
        CHECK(!asked(node, 7).unknown);
    }
}

TEST_CASE("a store that fails while it is opened is told under the epoch that control knows") {
    Node node;
    node.restart();
    node.disk.failed = true;
    node.replica->configure(configuration(4, {alone}));
    node.pass(node.settings.report_ns + 200 * ms);
    CHECK(!node.replica->serving());
    CHECK(node.heard.suspects_of_self > 0);
    CHECK(node.heard.suspected_in == Epoch{4});
    node.disk.failed = false;
}
