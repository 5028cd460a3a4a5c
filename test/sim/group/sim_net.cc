#include "sim_net.h"

namespace test {

namespace {

constexpr uint64_t delay_ns_min = 10'000;
constexpr uint64_t late_ns_max = 3'000 * ms;

}  // namespace

uint64_t SimNet::delay_ns() {
    if (world_.calm) {
        return delay_ns_min;  // Everything comes in its order.
    }
    if (world_.random.below(1000) < world_.plan.late) {
        return world_.between(ms, late_ns_max);
    }
    return world_.between(delay_ns_min, world_.plan.delay_ns_max) * slowness;
}

void SimNet::send(Place from, Place to, const std::function<void()>& arrive) {
    ++world_.counts.messages;
    const uint32_t loss = world_.calm ? 0 : world_.plan.loss + more_loss;
    if (cut_[from][to] || world_.random.below(1000) < loss) {
        ++world_.counts.lost;
        return;
    }
    // A cut that comes meanwhile catches it, too.
    world_.time.call(delay_ns(), [this, from, to, arrive] {
        if (cut_[from][to]) {
            ++world_.counts.lost;
        } else {
            arrive();
        }
    });
}

void SimNet::send_among_peers(Place from, Place to, const std::function<void()>& arrive) {
    send(from, to, arrive);
    if (!world_.calm && world_.random.below(1000) < world_.plan.duplicates) {
        ++world_.counts.doubled;
        send(from, to, arrive);
    }
}

}  // namespace test
