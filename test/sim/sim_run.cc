#include "sim_run.h"

#include <algorithm>
#include <utility>

namespace test {

using base::Errc;

namespace {

constexpr uint64_t segment_bytes = uint64_t{1} << 19;
constexpr uint32_t segments_min = 16;
constexpr uint64_t segment_blocks = segment_bytes / SimDevice::block_bytes;
constexpr uint64_t head_bytes = uint64_t{2} << 20;
// No operation takes longer, in virtual time, even where some of the device's take a tenth of a
// second each.
constexpr uint64_t patience_ns = 300'000'000'000;
constexpr uint32_t lives_max = 12;

}  // namespace

SimRun::SimRun(uint64_t seed, bool aloud) : world_(seed), faults_(world_) {
    world_.trace.aloud = aloud;
    choose_store();
    choose_plan();
}

// Small devices, nearly as full as they can be, or fuller.
void SimRun::choose_store() {
    SimRandom& random = world_.random;
    SimShape& shape = world_.shape;
    const uint32_t segments =
        segments_min + (random.percent(70) ? random.below(6) : random.below(25));
    const uint32_t full_percent = random.percent(10) ? 130 : 30 + random.below(65);
    shape.volumes = 1 + random.below(4);
    shape.extents = 1 + random.below(3);
    const uint64_t blocks = (segments - 2) * segment_blocks * full_percent / 100;
    shape.extent_blocks =
        static_cast<uint32_t>(std::max<uint64_t>(16, blocks / shape.volumes / shape.extents));
    for (uint32_t& first : shape.first_block) {
        first = random.percent(30) ? 0 : random.below(200'000);
    }
    world_.model = StoreModel(shape);
    for (uint32_t slot = 0; slot < shape.volumes; ++slot) {
        world_.volumes.push_back(++world_.volumes_made);
    }
    store::StoreOptions& options = world_.options;
    options.segment_bytes = segment_bytes;
    options.batches_in_flight_max = 1 + random.below(6);
    options.read_pieces_max = random.percent(20) ? 64 : 1024;
    options.index_bytes_max =
        random.percent(40) ? 0 : (1 + random.below(8)) << (13 + random.below(4));
    options.observer = this;
    options.checkpoint_log_bytes = segment_bytes * (2 + random.below(6));
    depth_ = 1 + random.below(24);
    world_.uniform_blocks = random.percent(20) ? 1 + random.below(3) : 0;
    operations_left_ = 300 + random.below(600);
    life_ = std::make_unique<SimLife>();
    const bool cached = random.percent(50);
    life_->device = std::make_unique<SimDevice>(
        life_->executor, head_bytes + segments * segment_bytes, cached, random.next());
    world_.plan.volatile_cache = life_->device->geometry().volatile_cache;
    life_->device->latency_ns_max = 100'000;
}

// One seed in six without any fault, half of them with crashes and honest devices, the others with
// devices that lie.
void SimRun::choose_plan() {
    SimRandom& random = world_.random;
    SimPlan& plan = world_.plan;
    const uint32_t lot = random.below(12);
    if (lot < 2) {
        return;
    }
    plan.slow = random.percent(30) ? 1 + random.below(20) : 0;
    plan.kills = random.percent(60);
    plan.power_cuts = !plan.kills || random.percent(70);
    plan.room_short = random.percent(20);
    if (lot < 6) {
        return;
    }
    if (lot < 8) {
        plan.read_errors = random.percent(70) ? 1 + random.below(20) : 0;
        plan.write_errors = random.percent(70) ? 1 + random.below(5) : 0;
        return;
    }
    plan.room_short = false;
    switch (random.below(5)) {
        case 0:
            plan.flips = 4;
            break;
        case 1:
            plan.flips = 2;
            plan.flips_anywhere = true;
            break;
        case 2:
            plan.flips = 3;
            plan.unreadable = true;
            plan.flips_anywhere = random.percent(30);
            break;
        default:
            plan.lie = random.percent(50) ? SimLie::lost : SimLie::misdirected;
            plan.lie_about_part = random.percent(60);
            break;
    }
}

std::string SimRun::run() {
    format();
    while (world_.ok() && !over_ && world_.counts.lives < lives_max && operations_left_ > 0) {
        live();
    }
    if (world_.ok() && !over_) {
        check_full_circle();
    }
    if (world_.ok()) {
        end_life(nullptr);
    } else {
        // Whatever it waits for may never come.
        static_cast<void>(life_.release());
        static_cast<void>(host_.release());
    }
    return world_.problem;
}

void SimRun::format() {
    life_->begin_format(world_.options);
    while (!life_->opening.over && life_->executor.step()) {
    }
    if (!life_->opening.over || !life_->opening.status.ok()) {
        world_.fail("an empty device cannot be formatted");
    }
}

// Opens, checks, works, and ends by a crash or a clean close.
void SimRun::live() {
    ++world_.counts.lives;
    if (!open()) {
        return;
    }
    compare(read_all());
    if (!world_.ok() || over_) {
        return;
    }
    work();
    if (!world_.ok()) {
        return;
    }
    if (crashes() && world_.random.percent(60)) {
        return crash();
    }
    settle_down();
}

// False when there is no store to work with; then this life is over.
bool SimRun::open() {
    faults_.watch(*life_->device, life_->executor);
    faults_.calm = openings_failed_ > 2;
    uint32_t steps_left = crashes() && world_.random.percent(20) ? world_.random.below(300) : ~0u;
    world_.trace.add(0, "open", world_.counts.lives, 0, 0);
    life_->begin_open(world_.options);
    while (!life_->opening.over) {
        if (steps_left-- == 0) {
            ++world_.counts.cuts_while_opening;
            crash();
            return false;
        }
        if (!step("the opening")) {
            return false;
        }
    }
    life_->store = std::move(life_->opening.store);
    if (!life_->opening.status.ok()) {
        judge_refusal();
        return false;
    }
    openings_failed_ = 0;
    host_ = std::make_unique<SimHost>(world_, faults_, life_->executor, *life_->store);
    return true;
}

// A store may be refused when its device failed meanwhile, or has lied.
void SimRun::judge_refusal() {
    const Errc code = life_->opening.status.code();
    world_.trace.add(life_->executor.now_ns(), "refused", static_cast<uint64_t>(code), 0, 0);
    const bool failed = faults_.read_errors() + faults_.write_errors() > 0;
    if (code == Errc::device_failed && failed && ++openings_failed_ < 6) {
        auto next = std::make_unique<SimLife>();
        next->device = life_->device->after_kill(next->executor, world_.random.next());
        return end_life(std::move(next));
    }
    if (!faults_.lied()) {
        return world_.fail("it cannot be opened: " + life_->opening.problem);
    }
    if (code != Errc::corrupt && code != Errc::device_failed) {
        return world_.fail("a damaged store is refused as something else than corrupt: " +
                           life_->opening.problem);
    }
    ++world_.counts.refusals;
    over_ = true;
}

void SimRun::compare(const StoreModel::State& found) {
    if (!world_.ok()) {
        return;
    }
    if (world_.model.recovered(found, faults_.damaged(), faults_.metadata_damaged())) {
        faults_.all_right();
        return;
    }
    if (faults_.lied_recently() && world_.model.rolled_back(found)) {
        // What was lied about was the end of the log: nothing behind it tells.
        ++world_.counts.rollbacks;
        over_ = true;
        return;
    }
    world_.model.describe_difference(found, world_.trace);
    world_.fail("the store holds something else than was acknowledged");
}

// Does the next thing. False, and wrong, when that is nothing or somebody waits for too long.
bool SimRun::step(const char* waiting_for) {
    if (!life_->executor.step()) {
        world_.fail(std::string("nothing is left to do, but to wait for ") + waiting_for);
        return false;
    }
    const uint64_t now = life_->executor.now_ns();
    if (host_ != nullptr && host_->in_flight() > 0 && now > host_->oldest_ns() + patience_ns) {
        world_.fail("an operation is not answered");
        return false;
    }
    return world_.ok();
}

void SimRun::work() {
    SimRandom& random = world_.random;
    uint32_t left = std::min(operations_left_, 20 + random.below(250));
    operations_left_ -= left;
    uint32_t steps_left = ~0u;
    if (crashes() && random.percent(60)) {
        steps_left = random.below(random.percent(40) ? 60 : 2000);
    }
    if (world_.ok() && random.percent(20)) {
        // It may be cut short by anything.
        static_cast<void>(
            life_->store->start_scrub(random.percent(50) ? 0 : 1 + random.below(1u << 28)));
    }
    faults_.calm = false;
    if (world_.plan.room_short) {
        life_->device->room_blocks = random.below(800);
    }
    while (left > 0 && world_.ok() && !host_->latched() && steps_left-- > 0) {
        faults_.maybe_damage();
        if (host_->in_flight() < depth_ && random.percent(60)) {
            host_->begin();
            --left;
        } else if (!life_->executor.step() && host_->in_flight() > 0) {
            world_.fail("nothing is left to do, and operations are not answered");
        } else if (host_->in_flight() > 0 &&
                   life_->executor.now_ns() > host_->oldest_ns() + patience_ns) {
            world_.fail("an operation is not answered");
        }
    }
}

// Answers are awaited and what must be right at rest is looked at; then the end, mostly a clean
// one.
void SimRun::settle_down() {
    finish_operations();
    life_->device->room_blocks = SimDevice::unlimited;
    if (world_.ok() && !host_->latched() && world_.random.percent(70)) {
        wait_for_quiet();
        check_quiet();
    }
    if (!world_.ok()) {
        return;
    }
    if (crashes() && world_.random.percent(30)) {
        return crash();
    }
    end_cleanly();
}

void SimRun::finish_operations() {
    while (world_.ok() && host_->in_flight() > 0 && step("answers")) {
    }
}

// Work in the background comes to its end too.
void SimRun::wait_for_quiet() {
    const uint64_t since = life_->executor.now_ns();
    while (life_->executor.step()) {
        const uint64_t waited = life_->executor.now_ns() - since;
        const store::StoreStats& stats = life_->store->stats();
        // What is overwritten may be counted until its page of the index has been written.
        const bool settled = stats.erasing_bytes == 0 && stats.live_bytes == live_bytes();
        if (waited > patience_ns || (waited > patience_ns / 30 && settled)) {
            break;
        }
    }
    if (!life_->store->stats().failed && life_->store->stats().erasing_bytes > 0) {
        world_.fail("what was deleted never comes free");
    }
}

void SimRun::check_quiet() {
    const store::StoreStats& stats = life_->store->stats();
    if (world_.ok() && !faults_.metadata_damaged() && !stats.failed &&
        stats.live_bytes != live_bytes()) {
        world_.trace.add(life_->executor.now_ns(), "live bytes", stats.live_bytes, live_bytes(), 0);
        world_.fail("the store counts other live blocks than there are");
    }
    if (world_.ok() && !stats.failed) {
        scrub();
    }
}

void SimRun::end_cleanly() {
    life_->begin_close();
    while (!life_->closing.over && step("the close")) {
    }
    if (!world_.ok()) {
        return;
    }
    ++world_.counts.clean_closes;
    auto next = std::make_unique<SimLife>();
    next->device = life_->device->after_kill(next->executor, world_.random.next());
    end_life(std::move(next));
}

void SimRun::crash() {
    const SimPlan& plan = world_.plan;
    const bool kill = plan.kills && (!plan.power_cuts || world_.random.percent(50));
    ++(kill ? world_.counts.kills : world_.counts.power_cuts);
    world_.trace.add(life_->executor.now_ns(), kill ? "KILL" : "POWER CUT", 0, 0, 0);
    auto next = std::make_unique<SimLife>();
    const uint64_t seed = world_.random.next();
    next->device = kill ? life_->device->after_kill(next->executor, seed)
                        : life_->device->after_power_cut(next->executor, seed);
    end_life(std::move(next));
}

void SimRun::end_life(std::unique_ptr<SimLife> next) {
    if (life_->store != nullptr) {
        const store::StoreStats& stats = life_->store->stats();
        world_.counts.checkpoints += stats.checkpoints;
        world_.counts.moved_blocks += stats.moved_bytes_written / SimDevice::block_bytes;
        world_.counts.index_misses += stats.index_misses;
    }
    if (host_ != nullptr) {
        host_->forget();
    }
    if (!life_->end()) {
        world_.fail("a store does not come to its end on a device that fails");
        return;
    }
    host_.reset();
    life_ = std::move(next);
    if (life_ != nullptr) {
        life_->device->room_blocks = SimDevice::unlimited;
    }
}

}  // namespace test
