#include "group_run.h"

#include <algorithm>
#include <utility>

#include "replication/durable_state.h"
#include "sim_block_content.h"

namespace test {

namespace {

constexpr uint64_t calm_patience_ns = 600'000 * ms;
constexpr uint64_t clock_begin_ns_max = 1'000'000 * ms;

}  // namespace

GroupRun::GroupRun(uint64_t seed, bool aloud) : cell_(seed), world_(cell_.world), control_(cell_) {
    world_.trace.aloud = aloud;
    choose_plan();
    choose_shape();
    choose_network();
    build();
}

void GroupRun::choose_plan() {
    SimRandom& random = world_.random;
    GroupPlan& plan = world_.plan;
    plan.nodes = 3 + random.below(3);
    plan.groups = 1 + random.below(groups_max);
    plan.copies = random.percent(80) ? 3 : 1 + random.below(3);
    plan.min_in_sync = random.percent(30) ? std::min(2u, plan.copies) : 1;
    plan.drift = random.percent(60);
    plan.busy = random.percent(30) ? 1 + random.below(20) : 0;
    plan.chaos_ns = (2'000 + random.below(6'000)) * ms;
    plan.fault_gap_ns = (40 + random.below(random.percent(50) ? 300 : 1'500)) * ms;
    plan.operations = 100 + random.below(300);
    plan.think_ns_max = 2 * plan.chaos_ns / plan.operations;
    plan.log_store = random.below(8) == 0;
    plan.retries = random.percent(60);
    replication::Settings& settings = world_.settings;
    settings.report_ns = (200 + random.below(800)) * ms;
    settings.window_writes = 1 + random.below(random.percent(50) ? 4 : 64);
    settings.copies_in_flight = 1 + random.below(8);
}

void GroupRun::choose_shape() {
    SimRandom& random = world_.random;
    GroupShape& shape = world_.shape;
    shape.volumes = 1 + random.below(2);
    shape.extents = 1 + random.below(2);
    shape.clusters = random.percent(60) ? 1 + random.below(3) : 1 + random.below(40);
    shape.stride = random.percent(30) ? GroupShape::cluster_blocks : 64 * (1 + random.below(9));
    shape.first_block = random.percent(30) ? 0 : random.below(200'000);
}

void GroupRun::choose_network() {
    SimRandom& random = world_.random;
    GroupPlan& plan = world_.plan;
    plan.delay_ns_max = (1 + random.below(random.percent(70) ? 5 : 100)) * 100'000;
    plan.loss = random.percent(50) ? random.below(30) : 0;
    plan.duplicates = random.percent(50) ? random.below(50) : 0;
    plan.late = random.percent(50) ? random.below(10) : 0;
    plan.damage = random.percent(30) ? random.below(50) : 0;
}

void GroupRun::build() {
    SimRandom& random = world_.random;
    for (uint32_t index = 0; index < world_.plan.nodes; ++index) {
        auto node = std::make_unique<SimNode>();
        node->place = first_node_place + index;
        node->clock.begin_ns = world_.between(1'000 * ms, clock_begin_ns_max);
        node->clock.rate = world_.plan.drift ? 900 + random.below(230) : SimClock::per_mille;
        cell_.replace_disk(*node);
        cell_.nodes.push_back(std::move(node));
    }
    cell_.control = &control_;
    for (uint32_t index = 0; index < 3; ++index) {
        gateways_.push_back(std::make_unique<SimGateway>(cell_, first_gateway_place + index));
        cell_.gateways.push_back(gateways_.back().get());
    }
    world_.counts.log_stores += world_.plan.log_store ? 1 : 0;
    chaos_ = std::make_unique<SimChaos>(cell_, control_);
}

std::string GroupRun::run() {
    for (const auto& node : cell_.nodes) {
        cell_.start(*node);
    }
    control_.start();
    for (uint64_t volume = 1; volume <= world_.shape.volumes; ++volume) {
        gateways_[volume % gateways_.size()]->attach(volume, base::Fence{1});
    }
    for (const auto& gateway : gateways_) {
        gateway->work(world_.plan.operations);
    }
    chaos_->start();
    while (world_.ok() && world_.now_ns() < world_.plan.chaos_ns && step()) {
    }
    chaos_->end();
    wait("its members, and to serve again", calm_patience_ns, [this] {
        return control_.complete() && all_serve();
    });
    wait("answers", calm_patience_ns, [this] { return gateways_idle(); });
    look_at_all();
    // What was reported late may have changed a group once more.
    wait("its members", calm_patience_ns, [this] { return control_.complete(); });
    compare_copies();
    check_history();
    if (world_.ok()) {
        for (const auto& node : cell_.nodes) {
            cell_.kill(*node);
        }
    } else {
        for (const auto& node : cell_.nodes) {
            // Whatever it waits for may never come.
            [[maybe_unused]] const SimProcess* left = node->process.release();
        }
    }
    return world_.problem;
}

// The next thing that happens anywhere.
bool GroupRun::step() {
    uint64_t due_ns = world_.time.due_ns();
    SimNode* next = nullptr;
    for (const auto& node : cell_.nodes) {
        if (node->process == nullptr || node->paused) {
            continue;
        }
        const uint64_t local_ns = node->process->executor().due_ns();
        const uint64_t node_ns =
            std::max(world_.now_ns(),
                     local_ns == SimExecutor::never ? local_ns : node->clock.reached(local_ns));
        if (node_ns < due_ns) {
            due_ns = node_ns;
            next = node.get();
        }
    }
    if (due_ns == SimExecutor::never) {
        world_.fail("nothing is left to do");
        return false;
    }
    world_.time.advance(due_ns);
    if (next == nullptr) {
        world_.time.step();
        return world_.ok();
    }
    watch_serving(*next);
    next->process->executor().step();
    watch_serving(*next);
    return world_.ok();
}

bool GroupRun::serving(SimNode& node, base::PgId pg) {
    if (node.process == nullptr || node.paused || !node.process->open()) {
        return false;
    }
    node.process->executor().advance(node.clock.local(world_.now_ns()));
    return node.process->replica(pg).serving();
}

// Whoever begins to serve must be the only one. Serving begins in a step of the node's own.
void GroupRun::watch_serving(SimNode& node) {
    for (uint32_t group = 1; group <= world_.plan.groups; ++group) {
        const base::PgId pg{group};
        bool& before = served_[node.place - first_node_place][group - 1];
        const bool now = serving(node, pg);
        if (std::exchange(before, now) == now || !now) {
            continue;
        }
        world_.note("serves", node.place, group);
        for (const auto& other : cell_.nodes) {
            if (other.get() != &node && serving(*other, pg)) {
                world_.note("and so does", other->place, group);
                world_.fail("two primaries serve in one group");
            }
        }
    }
}

void GroupRun::wait(const char* what, uint64_t patience_ns, const std::function<bool()>& over) {
    const uint64_t since_ns = world_.now_ns();
    while (world_.ok() && !over() && step()) {
        if (world_.now_ns() > since_ns + patience_ns) {
            world_.fail(std::string("in vain the calm group waits for ") + what);
        }
    }
}

bool GroupRun::all_serve() {
    for (uint32_t group = 1; group <= world_.plan.groups; ++group) {
        const base::PgId pg{group};
        if (!serving(cell_.node(place_of(control_.config(pg).primary)), pg)) {
            return false;
        }
    }
    return true;
}

bool GroupRun::gateways_idle() const {
    return std::ranges::all_of(gateways_, [](const auto& gateway) { return gateway->idle(); });
}

// A newly attached gateway writes a little, then reads all.
void GroupRun::look_at_all() {
    SimGateway& last = *gateways_.front();
    uint64_t given_up = 0;
    for (const auto& gateway : gateways_) {
        given_up += gateway->given_up();
    }
    for (uint64_t volume = 1; world_.ok() && volume <= world_.shape.volumes; ++volume) {
        last.attach(volume, base::Fence{1'000'000});
        for (uint32_t extent = 0; extent < world_.shape.extents; ++extent) {
            last.poke(volume, extent, HistoryOp::Kind::write);
            wait("its last write", calm_patience_ns, [this] { return gateways_idle(); });
            last.read_extent(volume, extent);
            wait("its last reads", calm_patience_ns, [this] { return gateways_idle(); });
        }
    }
    for (const auto& gateway : gateways_) {
        given_up -= gateway->given_up();
    }
    if (given_up != 0) {
        world_.fail("an operation is not answered by a calm group");
    }
}

void GroupRun::compare_copies() {
    for (uint32_t group = 1; world_.ok() && group <= world_.plan.groups; ++group) {
        const replication::GroupConfig& config = control_.config(base::PgId{group});
        SimNode& right = cell_.node(place_of(config.primary));
        for (const replication::Member& member : config.members()) {
            if (world_.ok() && member.node != config.primary && config.in_sync(member.node)) {
                compare_copy(config.pg, right, cell_.node(place_of(member.node)));
            }
        }
    }
}

// Blocks of one extent, as the node's store has them.
std::unique_ptr<GroupRun::Content> GroupRun::read(SimNode& node, const replication::Range& range) {
    auto made = std::make_unique<Content>();
    Content& content = *made;
    content.pages = store::make_pages(range.block_count);
    content.op.content = &content;
    content.op.extent = range.extent;
    content.op.first_block = range.first_block;
    content.op.block_count = range.block_count;
    content.op.data = content.pages.get();
    content.op.done = [](store::ReadOp& op, base::Status status) {
        Content& read = *static_cast<Content::Op&>(op).content;
        read.over = true;
        read.ok = status.ok();
    };
    while (node.process->store().submit_read(content.op).code() == base::Errc::busy && step()) {
    }
    wait("a member's store", calm_patience_ns, [&content] { return content.over; });
    if (world_.ok() && !content.ok) {
        world_.fail("a member's store cannot be read");
    }
    return made;
}

void GroupRun::note_difference(const replication::Range& range,
                               const uint8_t* expected,
                               const uint8_t* found) {
    for (uint32_t each = 0; each < range.block_count; ++each) {
        const size_t at = size_t{each} * base::limits::block_bytes;
        if (std::memcmp(expected + at, found + at, base::limits::block_bytes) != 0) {
            world_.note("differs at",
                        range.first_block + each,
                        operation_of(read_mark(expected + at).value_or(0)),
                        operation_of(read_mark(found + at).value_or(0)));
        }
    }
}

// Block by block.
void GroupRun::compare_copy(base::PgId pg, SimNode& right, SimNode& node) {
    std::vector<replication::Range> ranges;
    ranges.push_back({replication::fence_extent(pg), 0, replication::Fences::blocks});
    for (uint64_t volume = 1; volume <= world_.shape.volumes; ++volume) {
        for (uint32_t extent = 0; extent < world_.shape.extents; ++extent) {
            const base::ExtentId id{base::VolumeId{volume}, extent, pg};
            if (SimCell::group_of(extent, world_.plan.groups) != pg) {
                continue;
            }
            for (uint32_t cluster = 0; cluster < world_.shape.clusters; ++cluster) {
                const uint32_t first = world_.shape.address(cluster * GroupShape::cluster_blocks);
                ranges.push_back({id, first, GroupShape::cluster_blocks});
            }
        }
    }
    for (const replication::Range& range : ranges) {
        const std::unique_ptr<Content> expected = read(right, range);
        const std::unique_ptr<Content> found = read(node, range);
        const size_t bytes = size_t{range.block_count} * base::limits::block_bytes;
        if (world_.ok() && std::memcmp(expected->pages.get(), found->pages.get(), bytes) != 0) {
            note_difference(range, expected->pages.get(), found->pages.get());
            world_.fail("a member that is in sync holds something else than the primary");
        }
        if (!world_.ok()) {
            return;
        }
    }
}

void GroupRun::check_history() {
    if (world_.ok()) {
        const std::string problem = cell_.history.check(world_.trace);
        if (!problem.empty()) {
            world_.fail(problem);
        }
    }
}

}  // namespace test
