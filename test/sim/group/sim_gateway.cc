#include "sim_gateway.h"

#include <algorithm>
#include <utility>

#include "sim_control.h"

namespace test {

using base::Errc;
using Fate = HistoryOp::Fate;
using Kind = HistoryOp::Kind;

namespace {

constexpr uint64_t patience_ns_min = 3'000 * ms;
constexpr uint64_t patience_ns_max = 20'000 * ms;
constexpr uint64_t calm_patience_ns = 600'000 * ms;

}  // namespace

SimGateway::SimGateway(SimCell& cell, Place place)
    : cell_(cell), world_(cell.world), place_(place), depth_(1 + world_.random.below(5)) {
    for (uint64_t& connection : connections_) {
        connection = 1;
    }
}

void SimGateway::attach(uint64_t volume, base::Fence fence) {
    world_.note("attach", place_, volume, fence.value);
    std::erase_if(attached_, [volume](const Attached& each) { return each.volume == volume; });
    attached_.push_back({volume, fence});
}

// --- What hosts ask.

void SimGateway::work(uint32_t operations) {
    left_ += operations;
    next();
}

void SimGateway::next() {
    if (left_ == 0) {
        return;
    }
    if (!attached_.empty() && under_way_.size() < depth_) {
        begin_random();
    }
    --left_;
    world_.time.call(world_.between(ms / 10, world_.plan.think_ns_max), [this] { next(); });
}

void SimGateway::begin_random() {
    SimRandom& random = world_.random;
    const GroupShape& shape = world_.shape;
    const Attached& chosen = attached_[random.below(static_cast<uint32_t>(attached_.size()))];
    HistoryOp op;
    op.volume = chosen.volume;
    op.fence = chosen.fence;
    op.extent = random.below(shape.extents);
    const uint32_t lot = random.below(100);
    op.kind = lot < 45 ? Kind::read : lot < 95 ? Kind::write : Kind::deallocate;
    const uint32_t from = random.below(GroupShape::cluster_blocks);
    op.first = random.below(shape.clusters) * GroupShape::cluster_blocks + from;
    op.count = 1 + random.below(GroupShape::cluster_blocks - from);
    if (op.kind == Kind::deallocate && random.percent(20)) {
        op.count = 1 + random.below(shape.extent_blocks() - op.first);
    }
    if (!crosses_write(op)) {
        begin(op);
    }
}

bool SimGateway::crosses_write(const HistoryOp& op) const {
    return world_.plan.retries && op.kind != Kind::read &&
           std::ranges::any_of(under_way_, [&op](const auto& each) {
               const ClientRequest& other = each.second.request;
               return other.kind != Kind::read && other.volume == op.volume &&
                      other.extent == op.extent && other.first < op.first + op.count &&
                      op.first < other.first + other.count;
           });
}

void SimGateway::poke(uint64_t volume, uint32_t extent, Kind kind) {
    HistoryOp op;
    op.volume = volume;
    op.extent = extent;
    op.kind = kind;
    op.count = 1 + world_.random.below(GroupShape::cluster_blocks);
    for (const Attached& each : attached_) {
        if (each.volume == volume && !crosses_write(op)) {
            op.fence = each.fence;
            begin(op);
        }
    }
}

void SimGateway::read_extent(uint64_t volume, uint32_t extent) {
    for (uint32_t cluster = 0; cluster < world_.shape.clusters; ++cluster) {
        HistoryOp op;
        op.volume = volume;
        op.extent = extent;
        op.first = cluster * GroupShape::cluster_blocks;
        op.count = GroupShape::cluster_blocks;
        for (const Attached& each : attached_) {
            if (each.volume == volume) {
                op.fence = each.fence;
                begin(op);
            }
        }
    }
}

void SimGateway::begin(const HistoryOp& op) {
    ++world_.counts.operations;
    const uint64_t number = cell_.history.begin(HistoryOp(op));
    Op& own = under_way_[number];
    ClientRequest& request = own.request;
    request.gateway = place_;
    request.operation = number;
    request.kind = op.kind;
    request.pg = SimCell::group_of(op.extent, world_.plan.groups);
    request.fence = op.fence;
    request.volume = op.volume;
    request.extent = op.extent;
    request.first = op.first;
    request.count = op.count;
    request.first_block = world_.shape.address(op.first);
    request.block_count = world_.shape.address(op.first + op.count - 1) - request.first_block + 1;
    own.persists = world_.plan.retries || op.kind == Kind::read || world_.calm;
    own.give_up_ns =
        world_.now_ns() +
        (world_.calm ? calm_patience_ns : world_.between(patience_ns_min, patience_ns_max));
    world_.note(op.kind == Kind::read    ? "read"
                : op.kind == Kind::write ? "write"
                                         : "deallocate",
                number,
                place_ * 1000 + op.fence.value,
                (op.volume * 10 + op.extent) * 1'000'000 + op.first * 1000 + op.count);
    attempt(number);
}

// --- Attempts.

void SimGateway::attempt(uint64_t number) {
    const auto found = under_way_.find(number);
    if (found == under_way_.end()) {
        return;
    }
    Op& op = found->second;
    op.waiting = false;
    if (world_.now_ns() >= op.give_up_ns) {
        ++given_up_;
        finish(number, op.tried ? Fate::unknown : Fate::never);
        return;
    }
    const auto route = routes_.find(op.request.pg.value);
    if (route == routes_.end()) {
        ask_route(op.request.pg);
        again(number, world_.between(5 * ms, 50 * ms));
        return;
    }
    const Place to = place_of(route->second.primary);
    op.request.epoch = route->second.epoch;
    op.request.connection = connections_[to];
    const uint32_t attempt = ++op.request.attempt;
    world_.counts.retries += attempt > 1 ? 1 : 0;
    // A connection is to one run of a process, and ends with it.
    const uint64_t run = cell_.node(to).runs;
    cell_.net.send(place_, to, [&cell = cell_, to, run, request = op.request] {
        SimNode& node = cell.node(to);
        if (node.process != nullptr && node.process->open() && node.runs == run) {
            node.process->request(request);
        }
    });
    // Ever more patient: what is slow does not get quicker by being asked again.
    const uint64_t timeout_ns = world_.between(150 * ms, 1'500 * ms) << std::min(attempt, 6u);
    world_.time.call(timeout_ns, [this, number, attempt] { timed_out(number, attempt); });
}

// The connection is given up: what was asked by it and not answered may have happened, but will
// not, once another is used.
void SimGateway::timed_out(uint64_t number, uint32_t attempt) {
    const auto found = under_way_.find(number);
    if (found == under_way_.end() || found->second.request.attempt != attempt ||
        found->second.waiting) {
        return;
    }
    for (uint64_t& connection : connections_) {
        ++connection;
    }
    failed_attempt(number, world_.between(0, 20 * ms));
}

void SimGateway::failed_attempt(uint64_t number, uint64_t delay_ns) {
    Op& op = under_way_.at(number);
    op.tried = true;
    ask_route(op.request.pg);
    if (op.persists) {
        again(number, delay_ns);
    } else {
        finish(number, Fate::unknown);
    }
}

void SimGateway::again(uint64_t number, uint64_t delay_ns) {
    under_way_.at(number).waiting = true;
    world_.time.call(delay_ns, [this, number] { attempt(number); });
}

void SimGateway::replied(const ClientReply& reply) {
    learn(reply.config);
    const auto found = under_way_.find(reply.operation);
    if (found == under_way_.end() || found->second.request.attempt != reply.attempt ||
        found->second.waiting) {
        return;
    }
    const Op& op = found->second;
    switch (reply.code) {
        case Errc::ok:
            cell_.history.at(reply.operation).values = reply.values;
            finish(reply.operation, Fate::done);
            return;
        case Errc::stale_fence: {
            ++world_.counts.fenced;
            const Fate fate = op.tried ? Fate::unknown : Fate::never;
            const ClientRequest request = op.request;
            finish(reply.operation, fate);
            std::erase_if(attached_, [&request](const Attached& each) {
                return each.volume == request.volume && each.fence == request.fence;
            });
            return;
        }
        case Errc::no_space:
            ++world_.counts.no_space;
            if (world_.calm) {  // A member may not yet have told that it has room again.
                failed_attempt(reply.operation, 100 * ms);
                return;
            }
            finish(reply.operation, op.tried ? Fate::unknown : Fate::never);
            return;
        default:
            failed_attempt(reply.operation, world_.between(2 * ms, 60 * ms));
            return;
    }
}

void SimGateway::finish(uint64_t number, Fate fate) {
    world_.counts.answered += fate == Fate::done ? 1 : 0;
    world_.note(fate == Fate::done ? "done" : fate == Fate::never ? "refused" : "given up", number);
    if (fate == Fate::unknown) {
        cell_.history.at(number).fate = fate;
    } else {
        cell_.history.answer(number, fate);
    }
    under_way_.erase(number);
}

// --- Routes.

void SimGateway::learn(const replication::GroupConfig& config) {
    if (config.epoch.value == 0) {
        return;
    }
    replication::GroupConfig& known = routes_[config.pg.value];
    if (config.epoch > known.epoch) {
        known = config;
    }
}

void SimGateway::ask_route(base::PgId pg) {
    cell_.net.send(place_, control_place, [this, pg] {
        cell_.net.send(
            control_place, place_, [this, config = cell_.control->config(pg)] { learn(config); });
    });
}

}  // namespace test
