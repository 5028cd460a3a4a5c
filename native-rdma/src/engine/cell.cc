#include "engine/cell.h"

#include <map>
#include <utility>

namespace engine {
namespace {

Outcome not_joined() {
    return failure(base::Errc::invalid_argument, "the engine is in no cell yet: joinCell first");
}

}  // namespace

Cell::Cell(const Parts& parts) : parts_(parts) {}

Cell::~Cell() = default;

std::vector<router::Shard*> Cell::shards() const {
    if (parts_.router == nullptr) {
        return {};
    }
    return {parts_.router->shards().begin(), parts_.router->shards().end()};
}

void Cell::join(const Identity& identity, Done done) {
    if (Outcome wrong = check(identity); !wrong.ok()) {
        return done(std::move(wrong));
    }
    if (identity_.has_value()) {
        return done(*identity_ == identity
                        ? Outcome{}
                        : failure(base::Errc::already_exists,
                                  "the engine is node " + std::to_string(identity_->node.value) +
                                      " of its cell: it stays that until it is closed"));
    }
    identity_ = identity;
    open_network(identity);
    const std::vector<router::Shard*> all = shards();
    const auto joined = Join::create(parts_.control, all.size(), [done] { done({}); });
    for (router::Shard* shard : all) {
        run_on(*shard->reactor(), [this, shard, node = identity.node, joined] {
            peer::Lane& lane = network_->lane(shard->reactor()->index());
            shard->join(node, lane, &parts_.reports);
            joined->arrive();
        });
    }
}

void Cell::open_network(const Identity& identity) {
    peer::NetworkOptions options;
    options.cell = identity.cell;
    options.node = identity.node;
    options.incarnation = identity.incarnation;
    for (const auto& thread : parts_.reactors) {
        std::vector<router::Shard*> here;
        for (router::Shard* shard : shards()) {
            if (shard->reactor() == &thread->reactor()) {
                here.push_back(shard);
            }
        }
        inboxes_.push_back(std::make_unique<router::Inbox>(parts_.router, std::move(here)));
        options.reactors.push_back(&thread->reactor());
        options.pools.push_back(&thread->pool());
        options.sinks.push_back(inboxes_.back().get());
    }
    options.home_of = [router = parts_.router](base::PgId pg) {
        return router == nullptr ? 0 : router->shard_of(pg).reactor()->index();
    };
    auto network = std::make_unique<peer::Network>(std::move(options));
    const std::lock_guard lock(mutex_);
    network_ = std::move(network);
}

Outcome Cell::listen(const std::string& address, uint16_t port) {
    if (network_ == nullptr) {
        return not_joined();
    }
    const base::Result<uint16_t> bound = network_->listen(address, port);
    Outcome outcome;
    if (bound) {
        outcome.value = *bound;
    } else {
        outcome.status = bound.error();
    }
    return outcome;
}

Outcome Cell::set_peers(std::vector<peer::PeerAddress> peers) {
    if (network_ == nullptr) {
        return not_joined();
    }
    if (Outcome wrong = check(peers, identity_->node); !wrong.ok()) {
        return wrong;
    }
    network_->set_peers(std::move(peers));
    return {};
}

void Cell::set_groups(const std::vector<replication::GroupConfig>& groups, Done done) {
    if (network_ == nullptr) {
        return done(not_joined());
    }
    if (Outcome wrong = check(groups); !wrong.ok()) {
        return done(std::move(wrong));
    }
    std::map<router::Shard*, std::vector<replication::GroupConfig>> homes;
    for (const replication::GroupConfig& group : groups) {
        if (parts_.router != nullptr) {
            homes[&parts_.router->shard_of(group.pg)].push_back(group);
        }
    }
    const auto told = Join::create(parts_.control, homes.size(), [done] { done({}); });
    for (auto& [shard, list] : homes) {
        run_on(*shard->reactor(), [shard = shard, list = std::move(list), told] {
            for (const replication::GroupConfig& group : list) {
                shard->configure(group);
            }
            told->arrive();
        });
    }
}

void Cell::stop_waiting() {
    for (router::Shard* shard : shards()) {
        run_on(*shard->reactor(), [shard] { shard->stop_waiting(); });
    }
}

// Side by side: the network's calls end when their groups do, and groups' requests when it does.
void Cell::close(std::function<void()> done) {
    const std::vector<router::Shard*> all = shards();
    const size_t count = all.size() + (network_ == nullptr ? 0 : 1);
    const auto closed = Join::create(parts_.control, count, std::move(done));
    for (router::Shard* shard : all) {
        auto closing = std::make_unique<Closing>();
        closing->join = closed;
        closing->run = [](reactor::Task& task) { static_cast<Closing&>(task).join->arrive(); };
        run_on(*shard->reactor(), [shard, task = closing.get()] { shard->close(*task); });
        closing_.push_back(std::move(closing));
    }
    if (network_ != nullptr) {
        network_->close([closed] { closed->arrive(); });
    }
}

std::vector<peer::PeerStatus> Cell::peers() const {
    const std::lock_guard lock(mutex_);
    return network_ == nullptr ? std::vector<peer::PeerStatus>{} : network_->status().peers;
}

peer::NetworkCounters Cell::counters() const {
    const std::lock_guard lock(mutex_);
    return network_ == nullptr ? peer::NetworkCounters{} : network_->counters();
}

}  // namespace engine
