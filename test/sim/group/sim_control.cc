#include "sim_control.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace test {

using replication::Member;
using replication::MemberRole;

namespace {

constexpr uint64_t decide_ns_max = 30 * ms;
constexpr uint64_t watch_ns = 250 * ms;
constexpr uint64_t joiner_patience_ns = 2'000 * ms;

void remove(replication::GroupConfig& config, base::NodeId node) {
    uint32_t kept = 0;
    for (uint32_t index = 0; index < config.member_count; ++index) {
        if (config.member_at[index].node != node) {
            config.member_at[kept++] = config.member_at[index];
        }
    }
    config.member_count = kept;
}

}  // namespace

SimControl::SimControl(SimCell& cell) : cell_(cell), world_(cell.world) {}

void SimControl::start() {
    const GroupPlan& plan = world_.plan;
    for (uint32_t each = 1; each <= plan.groups; ++each) {
        Group& made = groups_.emplace_back();
        Config& config = made.config;
        config.pg = base::PgId{each};
        config.epoch = base::Epoch{1};
        config.min_in_sync = plan.min_in_sync;
        const uint32_t first = world_.random.below(plan.nodes);
        for (uint32_t index = 0; index < plan.copies; ++index) {
            const base::NodeId node = node_at(first_node_place + (first + index) % plan.nodes);
            config.member_at[config.member_count++] = {node, MemberRole::in_sync};
        }
        config.primary = config.member_at[world_.random.below(plan.copies)].node;
        push(config);
    }
    watch();
}

bool SimControl::available() const {
    return world_.now_ns() >= outage_until_ns_;
}

void SimControl::outage(uint64_t ns) {
    world_.note("OUTAGE", ns);
    outage_until_ns_ = world_.now_ns() + ns;
}

// As far as control can tell: sometimes it is wrong.
bool SimControl::reachable(base::NodeId node) {
    const SimNode& there = cell_.node(place_of(node));
    const bool right = there.process != nullptr && !there.paused &&
                       cell_.net.both_ways(control_place, there.place);
    return !world_.calm && world_.random.percent(5) ? !right : right;
}

// --- Reports.

std::optional<base::NodeId> SimControl::choose_primary(const Config& config,
                                                       base::NodeId but,
                                                       base::NodeId by) {
    if (by != but && config.in_sync(by)) {
        return by;
    }
    std::vector<base::NodeId> able;
    for (const Member& member : config.members()) {
        if (member.role == MemberRole::in_sync && member.node != but && reachable(member.node)) {
            able.push_back(member.node);
        }
    }
    if (able.empty()) {
        return std::nullopt;
    }
    return able[world_.random.below(static_cast<uint32_t>(able.size()))];
}

void SimControl::suspected(base::PgId pg, base::Epoch epoch, base::NodeId node, base::NodeId by) {
    Config next = group(pg).config;
    if (epoch != next.epoch || next.find(node) == nullptr || next.find(by) == nullptr) {
        return;
    }
    if (next.in_sync(node) && next.in_sync_count() == 1) {
        return;  // The last copy is never given up.
    }
    if (next.primary == node) {
        const std::optional<base::NodeId> primary = choose_primary(next, node, by);
        if (!primary.has_value()) {
            return;
        }
        next.primary = *primary;
    }
    remove(next, node);
    ++world_.counts.removals;
    propose(next);
}

void SimControl::level(base::PgId pg, base::Epoch epoch, base::NodeId node, base::NodeId by) {
    Config next = group(pg).config;
    if (epoch != next.epoch || next.primary != by || next.find(node) == nullptr) {
        return;
    }
    for (uint32_t index = 0; index < next.member_count; ++index) {
        if (next.member_at[index].node == node) {
            next.member_at[index].role = MemberRole::in_sync;
        }
    }
    ++world_.counts.levels;
    propose(next);
}

void SimControl::wants_epoch(base::PgId pg, base::Epoch above, base::NodeId by) {
    Config next = group(pg).config;
    if (above != next.epoch || next.primary != by) {
        return;
    }
    if (next.member_count == 1) {
        world_.fail("a group of one asks control for an epoch, and may wait for it in vain");
    }
    if (world_.random.percent(30)) {
        next.primary = choose_primary(next, by, by).value_or(by);
    }
    propose(next);
}

void SimControl::behind(base::PgId pg, base::Epoch known, Place by) {
    if (group(pg).config.epoch >= known && available()) {
        push_to(group(pg).config, by);
    }
}

void SimControl::hand_over() {
    Config next = groups_[world_.random.below(static_cast<uint32_t>(groups_.size()))].config;
    const std::optional<base::NodeId> primary = choose_primary(next, next.primary, next.primary);
    if (primary.has_value()) {
        ++world_.counts.handovers;
        next.primary = *primary;
        propose(next);
    }
}

void SimControl::drain() {
    Config next = groups_[world_.random.below(static_cast<uint32_t>(groups_.size()))].config;
    const Member leaves = next.member_at[world_.random.below(next.member_count)];
    if (leaves.role == MemberRole::in_sync && next.in_sync_count() == 1) {
        return;
    }
    if (leaves.node == next.primary) {
        const auto primary = choose_primary(next, leaves.node, leaves.node);
        if (!primary.has_value()) {
            return;
        }
        next.primary = *primary;
    }
    remove(next, leaves.node);
    ++world_.counts.removals;
    propose(next);
}

// --- What is wanted.

void SimControl::watch() {
    for (Group& each : groups_) {
        if (available()) {
            reconcile(each);
            push(each.config);
        }
    }
    world_.time.call(world_.between(watch_ns / 2, watch_ns * 2), [this] { watch(); });
}

void SimControl::reconcile(Group& each) {
    replace_lost_joiner(each);
    if (each.config.member_count >= world_.plan.copies) {
        each.join_ns = 0;
    } else if (each.join_ns == 0) {
        each.join_ns = world_.now_ns() + world_.between(200 * ms, 3'000 * ms);
    } else if (world_.now_ns() >= each.join_ns) {
        add_member(each);
    }
}

void SimControl::replace_lost_joiner(Group& each) {
    for (const Member& member : each.config.members()) {
        uint64_t& since_ns = each.gone_since_ns[place_of(member.node)];
        if (member.role == MemberRole::in_sync || reachable(member.node)) {
            since_ns = 0;
        } else if (since_ns == 0) {
            since_ns = world_.now_ns();
        } else if (world_.now_ns() > since_ns + joiner_patience_ns) {
            Config next = each.config;
            remove(next, member.node);
            propose(next);
            return;
        }
    }
}

void SimControl::add_member(Group& each) {
    std::vector<base::NodeId> able;
    for (const auto& node : cell_.nodes) {
        const base::NodeId id = node_at(node->place);
        if (each.config.find(id) == nullptr && reachable(id) && !node->disk->failed) {
            able.push_back(id);
        }
    }
    if (able.empty()) {
        return;
    }
    Config next = each.config;
    const base::NodeId chosen = able[world_.random.below(static_cast<uint32_t>(able.size()))];
    next.member_at[next.member_count++] = {chosen, MemberRole::joining};
    ++world_.counts.joins;
    propose(next);
}

// --- Changes.

void SimControl::propose(const Config& next) {
    Config made = next;
    made.epoch = base::Epoch{made.epoch.value + 1};
    CHECK(made.invalid() == nullptr, "control makes configurations that can be");
    world_.time.call(world_.between(ms, decide_ns_max), [this, made] { compare_and_swap(made); });
}

void SimControl::compare_and_swap(const Config& next) {
    Config& config = group(next.pg).config;
    if (!available() || config.epoch.value + 1 != next.epoch.value) {
        world_.counts.conflicts += available() ? 1 : 0;
        return;
    }
    ++world_.counts.epochs;
    world_.counts.takeovers += config.primary != next.primary ? 1 : 0;
    uint64_t members = 0;
    for (const Member& member : next.members()) {
        const bool joins = member.role == MemberRole::joining;
        members = members * 100 + (joins ? 10 : 0) + member.node.value;
    }
    world_.note(
        "CONFIGURATION", next.pg.value * 1000 + next.epoch.value, next.primary.value, members);
    config = next;
    push(config);
}

void SimControl::push(const Config& config) {
    for (const auto& node : cell_.nodes) {
        push_to(config, node->place);
    }
}

void SimControl::push_to(const Config& config, Place place) {
    cell_.net.send(control_place, place, [this, config, place] {
        SimNode& node = cell_.node(place);
        if (node.process != nullptr && node.process->open()) {
            node.process->configure(config);
        }
    });
}

bool SimControl::is_member(base::NodeId node) const {
    return std::ranges::any_of(
        groups_, [node](const Group& each) { return each.config.find(node) != nullptr; });
}

bool SimControl::complete() const {
    return std::ranges::all_of(groups_, [this](const Group& each) {
        return each.config.in_sync_count() == world_.plan.copies;
    });
}

}  // namespace test
