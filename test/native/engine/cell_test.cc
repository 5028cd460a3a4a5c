#include "engine/cell.h"

#include <atomic>
#include <doctest/doctest.h>
#include <set>
#include <thread>

#include "engine/bench.h"

namespace {

using replication::GroupConfig;
using replication::MemberRole;

constexpr uint32_t extents = 4;

// Three engines as three nodes of a cell, talking over loopback.
struct Trio {
    test::Folder folder;
    std::unique_ptr<test::Bench> nodes[3];
    uint16_t ports[3] = {};
    uint32_t epoch = 0;

    Trio() {
        for (uint32_t index = 0; index < 3; ++index) {
            start(index);
        }
        acquaint();
    }
    static base::NodeId node(uint32_t index) { return base::NodeId(index + 1); }
    test::Bench& operator[](uint32_t index) { return *nodes[index]; }

    void start(uint32_t index) {
        auto options = test::options_for({folder.file(std::to_string(index))}, 2);
        options.io_wait_ms = 20'000;
        nodes[index] = std::make_unique<test::Bench>(options);
        test::Bench& bench = *nodes[index];
        REQUIRE(bench.opened.ok());
        const engine::Identity identity{{9}, node(index), bench.incarnation};
        REQUIRE(test::wait_for([&](engine::Done done) {
                    bench.engine.join_cell(identity, std::move(done));
                }).ok());
        const engine::Outcome bound = test::wait_for([&](engine::Done done) {
            bench.engine.listen_to_peers("127.0.0.1", 0, std::move(done));
        });
        REQUIRE(bound.ok());
        ports[index] = static_cast<uint16_t>(bound.value);
        REQUIRE(bench.listen().ok());
    }
    void acquaint() {
        for (uint32_t index = 0; index < 3; ++index) {
            REQUIRE(test::wait_for([&](engine::Done done) {
                        nodes[index]->engine.set_peers(others_of(index), std::move(done));
                    }).ok());
        }
    }
    [[nodiscard]] std::vector<peer::PeerAddress> others_of(uint32_t index) const {
        std::vector<peer::PeerAddress> peers;
        for (uint32_t other = 0; other < 3; ++other) {
            if (other != index) {
                peers.push_back({node(other), "127.0.0.1", ports[other]});
            }
        }
        return peers;
    }
    // All groups get the same members, under a new epoch.
    void configure(uint32_t primary,
                   const std::vector<uint32_t>& in_sync,
                   const std::vector<uint32_t>& joining = {}) {
        ++epoch;
        std::vector<GroupConfig> groups;
        for (uint32_t pg = 0; pg < extents; ++pg) {
            GroupConfig group;
            group.pg = base::PgId(pg);
            group.epoch = base::Epoch(epoch);
            group.primary = node(primary);
            for (const uint32_t index : in_sync) {
                group.member_at[group.member_count++] = {node(index), MemberRole::in_sync};
            }
            for (const uint32_t index : joining) {
                group.member_at[group.member_count++] = {node(index), MemberRole::joining};
            }
            groups.push_back(group);
        }
        for (const auto& bench : nodes) {
            if (bench != nullptr) {
                REQUIRE(bench->set_groups(groups).ok());
            }
        }
    }
    void stop(uint32_t index) { nodes[index].reset(); }
    bool all(uint32_t index, replication::Replica::State state, bool serving) {
        const auto groups = nodes[index]->engine.groups().value();
        return groups.size() == extents &&
               std::ranges::all_of(groups, [&](const router::GroupView& view) {
                   return view.state == state && view.serving == serving &&
                          view.epoch == base::Epoch(epoch);
               });
    }
    bool leads(uint32_t index) {
        return test::eventually(
            [&] { return all(index, replication::Replica::State::primary, true); });
    }
    // Whether control hears it of every group.
    bool told(uint32_t index, engine::EventKind kind, uint32_t about) {
        std::set<uint32_t> groups;
        return test::eventually([&] {
            for (const engine::Event& event : nodes[index]->take_events()) {
                if (event.kind == kind && event.node == node(about) &&
                    event.epoch == base::Epoch(epoch)) {
                    groups.insert(event.pg.value);
                }
            }
            return groups.size() == extents;
        });
    }
    std::unique_ptr<initiator::BlockingHost> attach(uint32_t index, uint64_t fence = 1) {
        REQUIRE(nodes[index]->attach_only(test::volume_config(1, extents, fence)).ok());
        auto host = nodes[index]->connect(1);
        REQUIRE(host != nullptr);
        return host;
    }
};

// Written to each extent: `seed` tells writes apart.
bool write_all(initiator::BlockingHost& host, uint64_t seed) {
    for (uint64_t extent = 0; extent < extents; ++extent) {
        if (!host.write(extent * test::extent_blocks + 3, test::pattern(seed + extent, 8)).ok()) {
            return false;
        }
    }
    return true;
}

bool holds_all(initiator::BlockingHost& host, uint64_t seed) {
    for (uint64_t extent = 0; extent < extents; ++extent) {
        std::vector<uint8_t> back(8 * size_t{4096});
        if (!host.read(extent * test::extent_blocks + 3, back).ok() ||
            back != test::pattern(seed + extent, 8)) {
            return false;
        }
    }
    return true;
}

}  // namespace

TEST_CASE("what is written by a gateway that is not the primary is read back by the primary") {
    Trio trio;
    trio.configure(0, {0});
    auto host = trio.attach(1);
    REQUIRE(write_all(*host, 1));
    CHECK(holds_all(*host, 1));
    CHECK(trio[0].holds(extents * 8 * 4096u));
    CHECK_LT(trio[1].live_bytes(), extents * 8 * 4096u);
    host->disconnect();
    auto other = trio.attach(0);
    CHECK(holds_all(*other, 1));
    CHECK_GT(trio[1].counter("peer_sent_frames"), 0u);
}

TEST_CASE("an attachment that is newer somewhere shuts the older one out everywhere") {
    Trio trio;
    trio.configure(0, {0, 1, 2});
    auto old = trio.attach(1, 7);
    REQUIRE(write_all(*old, 1));
    auto newer = trio.attach(2, 8);
    REQUIRE(write_all(*newer, 2));
    CHECK_FALSE(write_all(*old, 3));
    CHECK(holds_all(*newer, 2));
}

TEST_CASE("a write waits until there is a configuration, and then goes on") {
    Trio trio;
    auto host = trio.attach(1);
    std::jthread late([&trio] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        trio.configure(0, {0});
    });
    CHECK(write_all(*host, 1));
    late.join();
    CHECK(holds_all(*host, 1));
}

TEST_CASE("a command that nobody serves does not hold up a close for long") {
    Trio trio;
    auto host = trio.attach(1);
    std::jthread waits([&host] { CHECK_FALSE(write_all(*host, 1)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const auto began = std::chrono::steady_clock::now();
    CHECK(trio[1].close().ok());
    CHECK_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
    waits.join();
}

TEST_CASE("a lost backup is told, dropped by a new configuration, and writes go on") {
    Trio trio;
    trio.configure(0, {0, 1, 2});
    auto host = trio.attach(0);
    REQUIRE(write_all(*host, 1));
    CHECK(trio[1].holds(extents * 8 * 4096u));
    CHECK(trio[2].holds(extents * 8 * 4096u));
    trio.stop(2);
    CHECK(trio.told(0, engine::EventKind::group_suspect, 2));
    std::jthread drop([&trio] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        trio.configure(0, {0, 1});
    });
    CHECK(write_all(*host, 2));
    drop.join();
    CHECK(holds_all(*host, 2));
}

TEST_CASE("a backup takes over from a lost primary with every acknowledged write") {
    Trio trio;
    trio.configure(0, {0, 1, 2});
    auto host = trio.attach(1);
    REQUIRE(write_all(*host, 1));
    trio.stop(0);
    CHECK(trio.told(1, engine::EventKind::group_suspect, 0));
    trio.configure(1, {1, 2});
    CHECK(holds_all(*host, 1));
    CHECK(write_all(*host, 2));
    CHECK(trio.leads(1));
    auto other = trio.attach(2, 2);
    CHECK(holds_all(*other, 2));
}

TEST_CASE("a node comes back, is brought level, and leads with everything") {
    Trio trio;
    trio.configure(0, {0, 1});
    auto host = trio.attach(1);
    REQUIRE(write_all(*host, 1));
    trio.configure(0, {0, 1}, {2});
    CHECK(trio.told(0, engine::EventKind::group_level, 2));
    trio.configure(0, {0, 1, 2});
    REQUIRE(write_all(*host, 2));
    trio.configure(2, {0, 1, 2});
    CHECK(trio.leads(2));
    trio.configure(2, {2});
    CHECK(holds_all(*host, 2));
    CHECK(trio[2].holds(extents * 8 * 4096u));
}

TEST_CASE("a primary that is moved while a host writes loses nothing") {
    Trio trio;
    trio.configure(0, {0, 1, 2});
    auto host = trio.attach(1);
    std::atomic<bool> over = false;
    std::jthread moves([&] {
        for (uint32_t turn = 1; turn < 7; ++turn) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            trio.configure(turn % 3, {0, 1, 2});
        }
        over = true;
    });
    uint64_t seed = 0;
    while (!over) {
        ++seed;
        REQUIRE(write_all(*host, seed));
        REQUIRE(holds_all(*host, seed));
    }
    moves.join();
    CHECK(holds_all(*host, seed));
}
