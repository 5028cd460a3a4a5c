#include "sim_node.h"

namespace test {

namespace {

constexpr uint64_t segment_bytes = uint64_t{1} << 19;
constexpr uint64_t device_bytes = (uint64_t{2} << 20) + 48 * segment_bytes;
constexpr uint32_t device_ns_max = 100'000;

}  // namespace

store::StoreOptions SimCell::store_options() {
    store::StoreOptions options;
    options.segment_bytes = segment_bytes;
    options.checkpoint_log_bytes = 4 * segment_bytes;
    return options;
}

void SimCell::replace_disk(SimNode& node) {
    node.disk = std::make_unique<SimDisk>();
    node.fates = std::make_unique<SimNodeFates>(*node.disk);
    node.next_life = std::make_unique<SimLife>();
    if (world.plan.log_store) {
        const bool cached = world.random.percent(50);
        node.next_life->device = std::make_unique<SimDevice>(
            node.next_life->executor, device_bytes, cached, world.random.next());
    }
}

void SimCell::kill(SimNode& node) {
    node.paused = false;
    if (node.process == nullptr) {
        return;
    }
    world.note("KILL", node.place, node.runs);
    node.next_life = std::make_unique<SimLife>();
    if (const SimDevice* device = node.process->life().device.get(); device != nullptr) {
        const uint64_t seed = world.random.next();
        SimExecutor& executor = node.next_life->executor;
        node.next_life->device = world.random.percent(50) ? device->after_kill(executor, seed)
                                                          : device->after_power_cut(executor, seed);
    }
    node.process->end();
    node.process.reset();
    world.counts.torn_logs += node.disk->crash(world.random) ? 1 : 0;
    for (const auto& other : nodes) {
        if (other->place != node.place && world.random.percent(60)) {
            tell_down(*other, node.place);
        }
    }
}

void SimCell::start(SimNode& node) {
    world.note("START", node.place, node.runs + 1, node.disk_number);
    node.disk->failed = false;
    if (node.next_life->device != nullptr) {
        node.next_life->device->fates = node.fates.get();
        node.next_life->device->latency_ns_max = device_ns_max;
    }
    node.process = std::make_unique<SimProcess>(*this, node, ++node.runs);
    // Whoever still has a connection to the earlier run finds it broken.
    for (const auto& other : nodes) {
        if (node.runs > 1 && other->place != node.place && world.random.percent(80)) {
            tell_down(*other, node.place);
        }
    }
}

void SimCell::tell_down(SimNode& whom, Place gone) {
    world.time.call(world.between(ms / 10, 50 * ms), [&whom, gone] {
        if (whom.process != nullptr) {
            whom.process->peer_down(node_at(gone));
        }
    });
}

void SimCell::break_connection(Place one, Place other) {
    ++world.counts.breaks;
    tell_down(node(one), other);
    tell_down(node(other), one);
}

}  // namespace test
