#include "sim_chaos.h"

#include <utility>

namespace test {

namespace {

constexpr uint64_t moment_look_ns = 200'000;
constexpr uint32_t moment_looks_max = 5'000;
constexpr uint32_t level_looks_max = 20'000;

}  // namespace

SimChaos::SimChaos(SimCell& cell, SimControl& control)
    : cell_(cell), world_(cell.world), control_(control), fences_(world_.shape.volumes + 1, 1) {
    const Fault all[] = {&SimChaos::crash,
                         &SimChaos::crash_all,
                         &SimChaos::pause,
                         &SimChaos::cut,
                         &SimChaos::isolate,
                         &SimChaos::split,
                         &SimChaos::bad_network,
                         &SimChaos::break_connection,
                         &SimChaos::slow_disk,
                         &SimChaos::fail_disk,
                         &SimChaos::full_disk,
                         &SimChaos::outage,
                         &SimChaos::change,
                         &SimChaos::attach};
    // Some seeds have a few kinds of faults, and much of them.
    for (const Fault fault : all) {
        const uint32_t weight = world_.random.percent(50) ? world_.random.below(6) : 0;
        faults_.insert(faults_.end(), weight, fault);
    }
}

void SimChaos::start() {
    if (!faults_.empty()) {
        next();
    }
    if (world_.random.percent(40)) {
        level_moment();
    }
}

void SimChaos::next() {
    world_.time.call(world_.between(ms, 2 * world_.plan.fault_gap_ns), [this] {
        if (!world_.calm) {
            (this->*faults_[world_.random.below(static_cast<uint32_t>(faults_.size()))])();
            next();
        }
    });
}

void SimChaos::end() {
    world_.note("CALM");
    world_.calm = true;
    cell_.net.heal_all();
    cell_.net.slowness = 1;
    cell_.net.more_loss = 0;
    cell_.net.writes_lost_to = places_max;
    for (const auto& node : cell_.nodes) {
        node->paused = false;
        node->disk->slowness = 1;
        node->disk->others_blocks = 0;
        if (node->disk->failed) {
            cell_.kill(*node);
        }
        if (node->process == nullptr) {
            cell_.start(*node);
        }
    }
}

SimNode& SimChaos::any_node() {
    return *cell_.nodes[world_.random.below(static_cast<uint32_t>(cell_.nodes.size()))];
}

// --- Processes.

void SimChaos::crash() {
    ++world_.counts.crashes;
    SimNode& node = any_node();
    const uint32_t lot = world_.random.below(3);
    if (lot == 0) {
        crash_node(node);
        return;
    }
    const uint64_t epochs = world_.counts.epochs;
    crash_when(node, moment_looks_max, [this, &node, epochs, lot] {
        return lot == 1 ? node.disk->appending() : world_.counts.epochs != epochs;
    });
}

// At a bad moment: with writes on their way to the disk, or just as a configuration changes.
void SimChaos::crash_when(SimNode& node, uint32_t looks, const std::function<bool()>& moment) {
    if (world_.calm || looks == 0 || moment()) {
        if (!world_.calm) {
            crash_node(node);
        }
        return;
    }
    world_.time.call(moment_look_ns,
                     [this, &node, looks, moment] { crash_when(node, looks - 1, moment); });
}

void SimChaos::crash_all() {
    ++world_.counts.crashes_of_all;
    for (const auto& node : cell_.nodes) {
        crash_node(*node);
    }
}

void SimChaos::crash_node(SimNode& node) {
    if (node.process == nullptr) {
        return;
    }
    cell_.kill(node);
    const bool quick = world_.random.percent(50);
    const uint64_t away_ns = world_.between(ms, quick ? 300 * ms : 5'000 * ms);
    world_.time.call(away_ns, [this, &node] { restart(node); });
}

// Whether nobody counts on what the node holds. A member is known by its node: who still believed
// in a configuration with this one would take an empty disk for the old one.
bool SimChaos::may_replace_disk(const SimNode& node) const {
    const base::NodeId id = node_at(node.place);
    if (control_.is_member(id)) {
        return false;
    }
    for (const auto& other : cell_.nodes) {
        if (other->process == nullptr) {
            continue;
        }
        for (const auto& replica : other->process->replicas()) {
            if (replica->config().find(id) != nullptr) {
                return false;
            }
        }
    }
    return true;
}

void SimChaos::restart(SimNode& node) {
    if (node.process != nullptr) {
        return;
    }
    const uint32_t chance = node.disk->failed ? 80 : 15;
    if (may_replace_disk(node) && world_.random.percent(chance)) {
        ++world_.counts.new_disks;
        ++node.disk_number;
        cell_.replace_disk(node);
    }
    cell_.start(node);
}

void SimChaos::pause() {
    SimNode& node = any_node();
    if (node.process == nullptr || node.paused) {
        return;
    }
    ++world_.counts.pauses;
    node.paused = true;
    world_.note("PAUSE", node.place);
    world_.time.call(world_.between(50 * ms, 4'000 * ms), [this, &node, run = node.runs] {
        if (node.runs == run) {
            node.paused = false;
            world_.note("CONTINUE", node.place);
        }
    });
}

// --- The network.

void SimChaos::cut() {
    const Place one = any_node().place;
    const Place other = any_node().place;
    if (one != other) {
        cut_for({one}, {other});
    }
}

void SimChaos::isolate() {
    const Place one = any_node().place;
    std::vector<Place> others;
    for (Place place = 0; place < places_max; ++place) {
        const bool node = place >= first_node_place && place < first_gateway_place;
        if (place != one && (node || world_.random.percent(50))) {
            others.push_back(place);
        }
    }
    cut_for({one}, others);
}

void SimChaos::split() {
    std::vector<Place> sides[2];
    for (Place place = 0; place < places_max; ++place) {
        sides[world_.random.below(2)].push_back(place);
    }
    cut_for(sides[0], sides[1]);
}

void SimChaos::cut_for(const std::vector<Place>& some, const std::vector<Place>& others) {
    const bool there = world_.random.percent(75);
    const bool back = !there || world_.random.percent(60);
    ++(there && back ? world_.counts.cuts : world_.counts.one_way_cuts);
    world_.note("CUT", some.front(), others.size(), there * 2 + back);
    for (const Place one : some) {
        for (const Place other : others) {
            if (there) {
                cell_.net.cut(one, other);
            }
            if (back) {
                cell_.net.cut(other, one);
            }
        }
    }
    world_.time.call(world_.between(20 * ms, 4'000 * ms), [this, some, others] {
        world_.note("HEAL", some.front(), others.size());
        for (const Place one : some) {
            for (const Place other : others) {
                cell_.net.heal(one, other);
                cell_.net.heal(other, one);
            }
        }
    });
}

void SimChaos::bad_network() {
    ++world_.counts.bad_networks;
    cell_.net.more_loss = 20 + world_.random.below(400);
    cell_.net.slowness = 1 + world_.random.below(100);
    world_.note("BAD NETWORK", cell_.net.more_loss, cell_.net.slowness);
    world_.time.call(world_.between(50 * ms, 3'000 * ms), [this] {
        cell_.net.more_loss = 0;
        cell_.net.slowness = 1;
    });
}

void SimChaos::break_connection() {
    const Place one = any_node().place;
    const Place other = any_node().place;
    if (one != other) {
        cell_.break_connection(one, other);
    }
}

// --- Disks.

void SimChaos::slow_disk() {
    SimNode& node = any_node();
    ++world_.counts.slow_disks;
    node.disk->slowness = 2 + world_.random.below(300);
    world_.note("SLOW DISK", node.place, node.disk->slowness);
    world_.time.call(world_.between(50 * ms, 4'000 * ms), [&node] { node.disk->slowness = 1; });
}

void SimChaos::fail_disk() {
    SimNode& node = any_node();
    if (node.disk->failed || node.process == nullptr) {
        return;
    }
    ++world_.counts.failed_disks;
    node.disk->failed = true;
    world_.note("FAILED DISK", node.place);
    world_.time.call(world_.between(200 * ms, 5'000 * ms), [this, &node, run = node.runs] {
        if (node.runs == run && node.process != nullptr) {
            cell_.kill(node);
            restart(node);
        }
    });
}

void SimChaos::full_disk() {
    SimNode& node = any_node();
    ++world_.counts.full_disks;
    node.disk->others_blocks = SimDisk::capacity_blocks - SimDisk::capacity_blocks / 8;
    world_.note("FULL DISK", node.place);
    world_.time.call(world_.between(100 * ms, 4'000 * ms),
                     [&node] { node.disk->others_blocks = 0; });
}

// --- The moment in which a joining member is level.

// Writes to it are lost, but what is copied arrives; it is read slowly, so that writes overtake it;
// and the primary, mostly the others too, die as soon as control takes the member for an in-sync
// one. Then it has to have what it may be asked for.
void SimChaos::level_moment() {
    if (!world_.calm) {
        const base::PgId pg{1 + world_.random.below(world_.plan.groups)};
        watch_level(pg, level_looks_max);
    }
}

uint64_t SimChaos::blocks_to_copy(const replication::GroupConfig& config) {
    const SimNode& primary = cell_.node(place_of(config.primary));
    const bool open = primary.process != nullptr && primary.process->open();
    return open ? primary.process->replica(config.pg).blocks_to_copy() : 0;
}

bool SimChaos::begins_to_level(const replication::GroupConfig& config) {
    if (blocks_to_copy(config) == 0) {
        return false;
    }
    for (const replication::Member& member : config.members()) {
        if (member.role == replication::MemberRole::joining) {
            levelled_ = place_of(member.node);
        }
    }
    return levelled_ != places_max;
}

void SimChaos::watch_level(base::PgId pg, uint32_t looks) {
    const replication::GroupConfig& config = control_.config(pg);
    if (world_.calm || looks == 0) {
        end_level_moment();
        return;
    }
    if (levelled_ == places_max) {
        if (begins_to_level(config)) {
            ++world_.counts.level_moments;
            world_.note("LEVEL MOMENT", levelled_, pg.value);
            slowed_ = place_of(config.primary);
            cell_.node(slowed_).disk->slowness = 10 + world_.random.below(200);
            cell_.net.writes_lost_to = levelled_;
        } else if (config.member_count < world_.plan.copies && world_.random.percent(1)) {
            poke(pg);  // Who is away shall lack something.
        }
    } else if (config.find(node_at(levelled_)) == nullptr) {
        end_level_moment();
        return;
    } else if (config.in_sync(node_at(levelled_))) {
        const bool others = world_.random.percent(70);
        for (const replication::Member& member : config.members()) {
            if (member.node == config.primary || (others && place_of(member.node) != levelled_)) {
                crash_node(cell_.node(place_of(member.node)));
            }
        }
        end_level_moment();
        return;
    } else if (const uint64_t left = blocks_to_copy(config);
               left > 0 && left <= GroupShape::cluster_blocks + 1 && world_.random.percent(30)) {
        poke(pg);  // It overtakes all that is left.
    }
    world_.time.call(moment_look_ns, [this, pg, looks] { watch_level(pg, looks - 1); });
}

void SimChaos::poke(base::PgId pg) {
    const uint32_t extent = world_.random.below(world_.shape.extents);
    const uint64_t volume = 1 + world_.random.below(world_.shape.volumes);
    for (SimGateway* gateway : cell_.gateways) {
        if (SimCell::group_of(extent, world_.plan.groups) == pg && gateway->under_way() < 4) {
            gateway->poke(volume, extent, HistoryOp::Kind::write);
        }
    }
}

void SimChaos::end_level_moment() {
    if (levelled_ != places_max) {
        cell_.node(slowed_).disk->slowness = 1;
        levelled_ = places_max;
    }
    cell_.net.writes_lost_to = places_max;
    const uint64_t rest_ns = world_.between(100 * ms, 1'000 * ms);
    world_.time.call(rest_ns, [this] { level_moment(); });
}

// --- Control.

void SimChaos::outage() {
    ++world_.counts.outages;
    control_.outage(world_.between(100 * ms, 5'000 * ms));
}

void SimChaos::change() {
    if (world_.random.percent(60)) {
        control_.hand_over();
    } else {
        control_.drain();
    }
}

void SimChaos::attach() {
    const uint64_t volume = 1 + world_.random.below(world_.shape.volumes);
    ++world_.counts.attachments;
    const auto gateways = static_cast<uint32_t>(cell_.gateways.size());
    cell_.gateways[world_.random.below(gateways)]->attach(volume, base::Fence{++fences_[volume]});
}

}  // namespace test
