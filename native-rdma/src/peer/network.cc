#include "peer/network.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "peer/lane.h"
#include "peer/registry.h"
#include "reactor/listener.h"

namespace peer {

// Closing: the listeners, then the lanes; when all that lived on them is gone, a last round of the
// reactors, so that none of them is still inside when the network goes.
struct Network::Impl final : Surroundings, reactor::Listener::Owner {
    struct OnReactor : reactor::Task {
        Impl* network = nullptr;
        uint32_t index = 0;
    };
    struct NewPeers : OnReactor {
        std::vector<PeerAddress> peers;
    };

    explicit Impl(NetworkOptions&& chosen);
    void accepted(int socket, uint32_t lane) override;
    void listener_gone() override;
    void all_gone() override;
    void begin_close(std::function<void()> when_done);
    void on_each(std::vector<OnReactor>& tasks, reactor::Task::Run run);
    void last_round_over();

    std::mutex calls;  // Guards the next two.
    std::vector<std::unique_ptr<reactor::Listener>> listeners;
    bool closing = false;

    std::atomic<size_t> listeners_left = 0;
    std::atomic<size_t> reactors_left = 0;
    std::vector<OnReactor> close_tasks;
    std::vector<OnReactor> last_tasks;
    std::function<void()> done;
};

Network::Impl::Impl(NetworkOptions&& chosen) : Surroundings(std::move(chosen)) {
    const size_t count = options.reactors.size();
    CHECK(count > 0 && count == options.pools.size() && count == options.sinks.size(),
          "each reactor has its pool and its sink");
    CHECK(count <= base::limits::reactors_max, "more reactors than the protocol can name");
    CHECK(options.node != base::NodeId{} && options.incarnation != 0,
          "a node has a number, and each of its runs another one");
    for (uint32_t index = 0; index < count; ++index) {
        lanes.push_back(std::make_unique<ReactorLane>(*this, index));
    }
}

void Network::Impl::accepted(int socket, uint32_t lane) {
    lanes[lane]->accepted(socket);
}

void Network::Impl::on_each(std::vector<OnReactor>& tasks, reactor::Task::Run run) {
    tasks.resize(lanes.size());
    for (uint32_t index = 0; index < tasks.size(); ++index) {
        tasks[index].network = this;
        tasks[index].index = index;
        tasks[index].run = run;
    }
    // The network may be gone as soon as the last of them has run.
    const std::vector<reactor::Reactor*> reactors = options.reactors;
    OnReactor* task = tasks.data();
    for (reactor::Reactor* reactor : reactors) {
        reactor->post(*task++);
    }
}

void Network::Impl::begin_close(std::function<void()> when_done) {
    {
        const std::lock_guard lock(calls);
        CHECK(!closing, "a network is closed once");
        closing = true;
        done = std::move(when_done);
        registry.close();
        // One more than there are, so that none of them is the last before all are told.
        listeners_left = listeners.size() + 1;
        for (const auto& listener : listeners) {
            listener->stop();
        }
    }
    listener_gone();
}

void Network::Impl::listener_gone() {
    if (listeners_left.fetch_sub(1) != 1) {
        return;
    }
    // Each lane lets go of one when it has begun to close; one there was from the start.
    alive.fetch_add(lanes.size() - 1);
    on_each(close_tasks, [](reactor::Task& task) {
        auto& here = static_cast<OnReactor&>(task);
        here.network->lanes[here.index]->close();
    });
}

void Network::Impl::all_gone() {
    reactors_left = lanes.size();
    on_each(last_tasks,
            [](reactor::Task& task) { static_cast<OnReactor&>(task).network->last_round_over(); });
}

void Network::Impl::last_round_over() {
    if (reactors_left.fetch_sub(1) == 1) {
        // The network may be destroyed from inside.
        const std::function<void()> tell = std::move(done);
        tell();
    }
}

Network::Network(NetworkOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Network::~Network() {
    CHECK(impl_->alive == 0, "a network is closed before it is destroyed");
}

base::Result<uint16_t> Network::listen(const std::string& address, uint16_t port) {
    const std::lock_guard lock(impl_->calls);
    if (impl_->closing) {
        return base::Status(base::Errc::closed);
    }
    const auto lane = static_cast<uint32_t>(impl_->listeners.size() % impl_->lanes.size());
    auto opened =
        reactor::Listener::open(address, port, lane, *impl_->options.reactors[lane], *impl_);
    if (!opened) {
        return opened.error();
    }
    const uint16_t bound_port = (*opened)->port();
    (*opened)->start();
    impl_->listeners.push_back(std::move(*opened));
    return bound_port;
}

void Network::set_peers(std::vector<PeerAddress> peers) {
    const std::lock_guard lock(impl_->calls);
    if (impl_->closing) {
        return;
    }
    for (const PeerAddress& peer : peers) {
        CHECK(peer.node != base::NodeId{} && peer.node != impl_->options.node,
              "the others are named, each by its number");
    }
    impl_->registry.set_peers(peers);
    for (uint32_t index = 0; index < impl_->lanes.size(); ++index) {
        auto task = std::make_unique<Impl::NewPeers>();
        task->network = impl_.get();
        task->index = index;
        task->peers = peers;
        task->run = [](reactor::Task& posted) {
            const std::unique_ptr<Impl::NewPeers> here(&static_cast<Impl::NewPeers&>(posted));
            here->network->lanes[here->index]->set_peers(here->peers);
        };
        impl_->options.reactors[index]->post(*task.release());
    }
}

Lane& Network::lane(uint32_t reactor) {
    return *impl_->lanes.at(reactor);
}

NetworkStatus Network::status() const {
    return impl_->registry.status();
}

NetworkCounters Network::counters() const {
    NetworkCounters sum;
    for (const auto& lane : impl_->lanes) {
        const auto& counted = lane->counted;
        sum.connections += counted.connections;
        sum.frames_sent += counted.frames_sent.get();
        sum.frames_received += counted.frames_received.get();
        sum.bytes_sent += counted.bytes_sent.get();
        sum.bytes_received += counted.bytes_received.get();
        sum.messages_dropped += counted.messages_dropped.get();
        sum.requests_put_off += counted.requests_put_off.get();
    }
    return sum;
}

void Network::close(std::function<void()> done) {
    impl_->begin_close(std::move(done));
}

}  // namespace peer
