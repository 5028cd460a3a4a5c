#include "sim_process.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sim_block_content.h"
#include "sim_control.h"
#include "sim_node.h"

namespace test {

using base::limits::block_bytes;

namespace {

// More than any end takes; a process that goes on for ever reaches it.
constexpr uint32_t steps_max = 1'000'000;
constexpr uint64_t opening_look_ns = 100'000;

}  // namespace

// A message on its way, with all that it refers to.
struct SimProcess::Carried {
    replication::Message message;
    std::vector<replication::Range> pending;
    store::Pages data;
    std::vector<uint32_t> crcs;
    Place from = 0;
    Place to = 0;
    uint64_t from_run = 0;
    uint64_t to_run = 0;
};

SimProcess::SimProcess(SimCell& cell, SimNode& node, uint64_t run)
    : cell_(cell), node_(node), run_(run), life_(std::move(node.next_life)) {
    executor().advance(node.clock.local(cell.world.now_ns()));
    if (cell.world.plan.log_store) {
        open_store();
    } else {
        auto store = std::make_unique<SimLogStore>(cell.world, executor(), *node.disk);
        log_store_ = store.get();
        life_->store = std::move(store);
        join_groups();
    }
}

SimProcess::~SimProcess() {
    CHECK(ended_ && served_ == 0 && incoming_ == 0, "a process gives everything back");
}

void SimProcess::open_store() {
    if (formats_) {
        life_->begin_format(cell_.store_options());
    } else {
        life_->begin_open(cell_.store_options());
    }
    look_at_opening();
}

void SimProcess::look_at_opening() {
    SimLife::Opening& opening = life_->opening;
    if (!opening.over) {
        executor().call(opening_look_ns, [this] {
            if (!ended_) {
                look_at_opening();
            }
        });
        return;
    }
    const base::Errc code = opening.status.code();
    if (formats_ || code == base::Errc::not_found) {
        formats_ = !formats_;
        executor().call(0, [this] {
            if (!ended_) {
                open_store();
            }
        });
    } else if (opening.status.ok()) {
        life_->store = std::move(opening.store);
        join_groups();
    } else if (code != base::Errc::device_failed) {
        cell_.world.fail("a store cannot be opened: " + opening.problem);
    }
}

void SimProcess::join_groups() {
    for (uint32_t group = 1; group <= cell_.world.plan.groups; ++group) {
        replicas_.push_back(std::make_unique<replication::Replica>(
            replication::Replica::Parts{base::PgId{group},
                                        node_at(node_.place),
                                        store(),
                                        executor(),
                                        *this,
                                        *this,
                                        cell_.world.settings}));
    }
}

void SimProcess::end() {
    ended_ = true;
    for (const auto& replica : replicas_) {
        auto closing = std::make_unique<Closing>();
        closing->run = [](reactor::Task& task) { static_cast<Closing&>(task).over = true; };
        replica->close(*closing);
        closings_.push_back(std::move(closing));
    }
    if (log_store_ != nullptr) {
        log_store_->end();
    }
    life_->break_down();
    const auto over = [this] {
        return std::ranges::all_of(closings_, [](const auto& closing) { return closing->over; });
    };
    for (uint32_t steps = 0; !over() && steps < steps_max && executor().step(); ++steps) {
    }
    CHECK(over(), "a group comes to its end when its store does");
    replicas_.clear();
    CHECK(life_->end(), "a store comes to its end when its device fails");
}

// --- Time.

void SimProcess::soon(std::function<void()> what) {
    const uint64_t local_ns = node_.clock.local(cell_.world.now_ns());
    const uint64_t now_ns = executor().now_ns();
    executor().call(local_ns > now_ns ? local_ns - now_ns : 0, [this, what = std::move(what)] {
        if (!ended_ && open()) {
            what();
        }
    });
}

void SimProcess::configure(const replication::GroupConfig& config) {
    soon([this, config] { replica(config.pg).configure(config); });
}

void SimProcess::peer_down(base::NodeId node) {
    soon([this, node] {
        cell_.world.note("peer down", node_.place, node.value);
        for (const auto& replica : replicas_) {
            replica->peer_down(node);
        }
    });
}

// --- To and from other nodes.

// To send is to find out that the other's process is another one than before: the connection
// breaks, and everybody is told before a new one is made.
bool SimProcess::connected(SimNode& other) {
    uint64_t& run = connected_runs_[other.place];
    if (run == 0) {
        run = other.runs;
    }
    if (run != other.runs && run != broken && cell_.net.both_ways(node_.place, other.place)) {
        run = broken;
        cell_.world.time.call(cell_.world.between(ms / 10, 50 * ms),
                              [this_node = &node_, mine = run_, gone = other.place] {
                                  if (this_node->runs == mine && this_node->process != nullptr) {
                                      this_node->process->reconnect(gone);
                                  }
                              });
    }
    return run == other.runs;
}

void SimProcess::reconnect(Place to) {
    peer_down(node_at(to));
    soon([this, to] { connected_runs_[to] = 0; });
}

void SimProcess::send(base::NodeId to, const replication::Message& message) {
    SimNode& other = cell_.node(place_of(to));
    if (ended_ || other.process == nullptr) {
        return;
    }
    if (!connected(other)) {
        return;
    }
    GroupWorld& world = cell_.world;
    const auto* sent = std::get_if<replication::Append>(&message);
    if (sent != nullptr && !sent->copy && other.place == cell_.net.writes_lost_to) {
        ++world.counts.lost;
        return;
    }
    auto carried = std::make_shared<Carried>();
    carried->message = message;
    carried->from = node_.place;
    carried->to = other.place;
    carried->from_run = run_;
    carried->to_run = other.runs;
    if (auto* answer = std::get_if<replication::Prepared>(&carried->message)) {
        carried->pending.assign(answer->pending.begin(), answer->pending.end());
        answer->pending = carried->pending;
    }
    auto* append = std::get_if<replication::Append>(&carried->message);
    if (append != nullptr && append->data != nullptr) {
        const uint32_t count = append->range.block_count;
        carried->data = store::make_pages(count);
        std::memcpy(carried->data.get(), append->data, size_t{count} * block_bytes);
        carried->crcs.assign(append->crcs, append->crcs + count);
        append->data = carried->data.get();
        append->crcs = carried->crcs.data();
        if (world.random.below(1000) < world.plan.damage && !world.calm) {
            // It was sent late, of memory that has got another use.
            ++world.counts.damaged;
            fill_block(carried->data.get(), mark_of(~0u, 0, 0));
        }
    }
    cell_.net.send_among_peers(node_.place, other.place, [&cell = cell_, carried] {
        SimNode& node = cell.node(carried->to);
        if (node.process != nullptr) {
            node.process->deliver(carried);
        }
    });
}

// Only what was sent to this run, and nothing of an earlier run of the sender once a later one was
// heard of.
void SimProcess::deliver(const std::shared_ptr<Carried>& carried) {
    uint64_t& seen = seen_runs_[carried->from];
    if (carried->to_run != run_ || carried->from_run < seen) {
        ++cell_.world.counts.of_earlier_runs;
        return;
    }
    seen = carried->from_run;
    soon([this, carried] { receive(carried); });
}

namespace {

struct CarriedIncoming : replication::Incoming {
    std::shared_ptr<void> memory;
    uint32_t* count = nullptr;
};

struct Naming {
    GroupWorld& world;
    uint64_t way;  // From, to, group.
    void operator()(const replication::Prepare& it) const {
        world.note("Prepare", way, it.config.epoch.value, it.channel * 10 + (it.wipe ? 1 : 0));
    }
    void operator()(const replication::Prepared& it) const {
        world.note("Prepared",
                   way,
                   it.epoch.value * 1'000'000 + it.commit.counter,
                   it.channel * 1000 + it.pending.size());
    }
    void operator()(const replication::Append& it) const {
        world.note(it.copy ? "Append copy" : "Append",
                   way,
                   it.version.epoch.value * 1'000'000 + it.version.counter,
                   it.sequence * 1000 + it.range.first_block);
    }
    void operator()(const replication::Ack& it) const {
        world.note("Ack", way, it.epoch.value, it.channel * 1'000'000 + it.sequence);
    }
    void operator()(const replication::Heartbeat& it) const {
        world.note("Heartbeat", way, it.epoch.value, it.commit.counter);
    }
    void operator()(const replication::Grant& it) const {
        world.note("Grant", way, it.epoch.value, it.sent_ns);
    }
    void operator()(const replication::Refused& it) const {
        world.note("Refused", way, it.epoch.value);
    }
};

base::PgId group_of(const replication::Message& message) {
    if (const auto* prepare = std::get_if<replication::Prepare>(&message)) {
        return prepare->config.pg;
    }
    return std::visit(
        [](const auto& it) {
            if constexpr (requires { it.pg; }) {
                return it.pg;
            } else {
                return base::PgId{};
            }
        },
        message);
}

}  // namespace

void SimProcess::receive(const std::shared_ptr<Carried>& carried) {
    const base::PgId pg = group_of(carried->message);
    std::visit(Naming{cell_.world, carried->from * 100 + carried->to * 10 + pg.value},
               carried->message);
    const auto* append = std::get_if<replication::Append>(&carried->message);
    if (append == nullptr) {
        replica(pg).receive(node_at(carried->from), carried->message);
        return;
    }
    auto* incoming = new CarriedIncoming;
    incoming->append = *append;
    incoming->memory = carried;
    incoming->count = &incoming_;
    incoming->release = [](replication::Incoming& done) {
        auto* self = static_cast<CarriedIncoming*>(&done);
        --*self->count;
        delete self;
    };
    ++incoming_;
    replica(pg).receive(node_at(carried->from), *incoming);
}

// --- To control.

void SimProcess::report(const std::function<void()>& what) {
    if (!ended_) {
        cell_.net.send(node_.place, control_place, what);
    }
}

void SimProcess::suspect(base::PgId pg,
                         base::Epoch epoch,
                         base::NodeId node,
                         replication::SuspectReason reason) {
    cell_.world.note("suspects",
                     node_.place * 10 + node.value,
                     pg.value * 1000 + epoch.value,
                     static_cast<uint64_t>(reason));
    report([control = cell_.control, pg, epoch, node, by = node_at(node_.place)] {
        control->suspected(pg, epoch, node, by);
    });
}

void SimProcess::level(base::PgId pg, base::Epoch epoch, base::NodeId node) {
    cell_.world.note("level", node_.place * 10 + node.value, pg.value, epoch.value);
    report([control = cell_.control, pg, epoch, node, by = node_at(node_.place)] {
        control->level(pg, epoch, node, by);
    });
}

void SimProcess::wants_epoch(base::PgId pg, base::Epoch above) {
    cell_.world.note("wants epoch", node_.place, pg.value, above.value);
    report([control = cell_.control, pg, above, by = node_at(node_.place)] {
        control->wants_epoch(pg, above, by);
    });
}

void SimProcess::behind(base::PgId pg, base::Epoch known) {
    report(
        [control = cell_.control, pg, known, by = node_.place] { control->behind(pg, known, by); });
}

}  // namespace test
