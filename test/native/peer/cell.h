// Nodes of a cell in one process, for the network's tests: each with its reactors on threads, its
// pools and a sink for each reactor that notes what it is told.
#pragma once

#include <atomic>
#include <chrono>
#include <cstring>
#include <doctest/doctest.h>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/crc32c.h"
#include "base/limits.h"
#include "memory/buffer_pool.h"
#include "peer/network.h"
#include "reactor/reactor.h"

namespace cell {

using base::NodeId;
using base::PgId;
using base::limits::block_bytes;
using peer::Network;

inline bool until(const std::function<bool()>& condition, uint32_t timeout_ms = 20'000) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

// Runs `body` on the reactor's thread and waits for it.
inline void on(reactor::Reactor& reactor, const std::function<void()>& body) {
    struct Posted : reactor::Task {
        const std::function<void()>* body = nullptr;
        std::promise<void> done;
    } posted;
    posted.body = &body;
    posted.run = [](reactor::Task& task) {
        auto& here = static_cast<Posted&>(task);
        (*here.body)();
        here.done.set_value();
    };
    reactor.post(posted);
    posted.done.get_future().wait();
}

// Blocks to write, with their checksums.
struct Blocks {
    explicit Blocks(uint32_t count, uint8_t seed = 1)
        : bytes(static_cast<uint8_t*>(std::aligned_alloc(block_bytes, count * block_bytes))),
          crcs(count) {
        for (uint32_t index = 0; index < count * block_bytes; ++index) {
            bytes[index] = static_cast<uint8_t>(seed + index / 7 + index / block_bytes * 31);
        }
        for (uint32_t block = 0; block < count; ++block) {
            crcs[block] = base::crc32c(bytes.get() + size_t{block} * block_bytes, block_bytes);
        }
    }
    struct Free {
        void operator()(uint8_t* memory) const { std::free(memory); }
    };
    std::unique_ptr<uint8_t[], Free> bytes;
    std::vector<uint32_t> crcs;
};

// What a sink was told, in order.
struct Told {
    enum class What : uint8_t { message, append, call, peer_down };
    Told(What chosen, NodeId sender) : what(chosen), from(sender) {}
    What what;
    NodeId from;
    replication::Message message;
    std::vector<replication::Range> ranges;  // Of a Prepared.
    std::vector<uint8_t> bytes;              // Of an Append or a write.
    std::vector<uint32_t> crcs;
    uint64_t fence = 0;
    uint32_t epoch = 0;
    replication::Range range;
    peer::Verb verb = peer::Verb::read;
    std::thread::id thread;
};

class RecordingSink final : public peer::Sink {
  public:
    // Calls are answered at once, unless they are held; Appends likewise. A read is given
    // `content`.
    std::atomic<bool> hold = false;
    std::atomic<uint8_t> content = 0;
    reactor::Reactor* reactor = nullptr;

    void answer_with(base::Status status, uint32_t block) {
        on(*reactor, [&] {
            answer_ = status;
            failed_block_ = block;
        });
    }

    void message(NodeId from, const replication::Message& message) override {
        Told told(Told::What::message, from);
        told.message = message;
        if (const auto* prepared = std::get_if<replication::Prepared>(&message)) {
            told.ranges.assign(prepared->pending.begin(), prepared->pending.end());
        }
        note(std::move(told));
    }
    void append(NodeId from, replication::Incoming& incoming) override {
        const replication::Append& append = incoming.append;
        Told told(Told::What::append, from);
        told.message = append;
        copy(told, append.data, append.crcs, append.range.block_count);
        note(std::move(told));
        if (hold) {
            held_appends.push_back(&incoming);
        } else {
            incoming.release(incoming);
        }
    }
    void call(peer::Call& call) override {
        Told told(Told::What::call, call.from);
        told.verb = call.verb;
        told.epoch = call.epoch.value;
        if (call.verb == peer::Verb::write) {
            told.range = call.write.range;
            told.fence = call.write.fence.value;
            copy(told, call.write.data, call.write.crcs, call.write.range.block_count);
        } else {
            told.range = call.read.range;
            told.fence = call.read.fence.value;
            std::memset(call.read.data, content, call.read.range.block_count * block_bytes);
            call.read.failed_block = failed_block_;
        }
        note(std::move(told));
        if (hold) {
            held_calls.push_back(&call);
        } else {
            call.answer(call, answer_);
        }
    }
    void peer_down(NodeId node) override { note(Told(Told::What::peer_down, node)); }

    // Lets go of what was held; from any other thread.
    void let_go() {
        on(*reactor, [this] {
            hold = false;
            for (peer::Call* call : std::exchange(held_calls, {})) {
                call->answer(*call, answer_);
            }
            for (replication::Incoming* incoming : std::exchange(held_appends, {})) {
                incoming->release(*incoming);
            }
        });
    }
    [[nodiscard]] std::vector<Told> told() const {
        const std::lock_guard lock(mutex_);
        return told_;
    }
    [[nodiscard]] size_t count(Told::What what) const {
        const std::lock_guard lock(mutex_);
        size_t count = 0;
        for (const Told& each : told_) {
            count += each.what == what ? 1 : 0;
        }
        return count;
    }

  private:
    static void copy(Told& told, const uint8_t* data, const uint32_t* crcs, uint32_t blocks) {
        if (data != nullptr) {
            told.bytes.assign(data, data + blocks * block_bytes);
            told.crcs.assign(crcs, crcs + blocks);
        }
    }
    void note(Told told) {
        told.thread = std::this_thread::get_id();
        const std::lock_guard lock(mutex_);
        told_.push_back(std::move(told));
    }

    mutable std::mutex mutex_;
    std::vector<Told> told_;
    // The reactor's:
    base::Status answer_;
    uint32_t failed_block_ = 0;
    std::vector<peer::Call*> held_calls;
    std::vector<replication::Incoming*> held_appends;
};

struct Settings {
    uint32_t reactors = 1;
    size_t pool_bytes = size_t{8} << 20;
    uint64_t incarnation = 77;
    uint8_t cell = 1;
};

// Groups are at home on the reactor of their number, modulo.
class Node {
  public:
    explicit Node(uint32_t number, const Settings& settings = {}) : id(number) {
        peer::NetworkOptions options;
        options.cell.fill(settings.cell);
        options.node = id;
        options.incarnation = settings.incarnation;
        const uint32_t count = settings.reactors;
        options.home_of = [count](PgId pg) { return pg.value % count; };
        for (uint32_t index = 0; index < count; ++index) {
            reactors.push_back(std::move(*reactor::Reactor::create({.index = index})));
            pools.push_back(std::move(*memory::BufferPool::create(settings.pool_bytes)));
            sinks.push_back(std::make_unique<RecordingSink>());
            sinks.back()->reactor = reactors.back().get();
            options.reactors.push_back(reactors.back().get());
            options.pools.push_back(pools.back().get());
            options.sinks.push_back(sinks.back().get());
        }
        network = std::make_unique<Network>(std::move(options));
        for (const auto& reactor : reactors) {
            threads.emplace_back([&reactor] { reactor->run(); });
        }
    }
    ~Node() { stop(); }

    uint16_t listen(uint16_t wanted = 0) {
        const auto bound = network->listen("127.0.0.1", wanted);
        REQUIRE(bound.has_value());
        port = *bound;
        return port;
    }
    [[nodiscard]] peer::PeerAddress address() const { return {id, "127.0.0.1", port}; }
    void knows(const std::vector<const Node*>& others) const {
        std::vector<peer::PeerAddress> peers;
        for (const Node* other : others) {
            peers.push_back(other->address());
        }
        network->set_peers(peers);
    }
    [[nodiscard]] bool connected() const {
        const auto status = network->status();
        for (const auto& peer : status.peers) {
            if (peer.state != peer::PeerState::connected) {
                return false;
            }
        }
        return !status.peers.empty();
    }
    [[nodiscard]] bool pool_is_whole(size_t index) const {
        bool whole = false;
        on(*reactors[index], [&] { whole = pools[index]->free_bytes() == pools[index]->bytes(); });
        return whole;
    }
    [[nodiscard]] std::string reason() const {
        const auto status = network->status();
        return status.peers.empty() ? "" : status.peers.front().reason;
    }
    void send(NodeId to, const replication::Message& message, uint32_t lane = 0) {
        on(*reactors[lane], [&] { network->lane(lane).send(to, message); });
    }
    RecordingSink& sink(uint32_t index = 0) { return *sinks[index]; }

    void begin_close() {
        closing = closed.get_future();
        network->close([this] { closed.set_value(); });
    }
    // Everything comes home: the pools' destructors say so.
    void stop() {
        if (network == nullptr) {
            return;
        }
        if (!closing.valid()) {
            begin_close();
        }
        for (const auto& sink : sinks) {
            sink->let_go();
        }
        closing.wait();
        for (const auto& reactor : reactors) {
            reactor->stop();
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        network.reset();
    }

    NodeId id;
    uint16_t port = 0;
    std::vector<std::unique_ptr<reactor::Reactor>> reactors;
    std::vector<std::unique_ptr<memory::BufferPool>> pools;
    std::vector<std::unique_ptr<RecordingSink>> sinks;
    std::unique_ptr<Network> network;
    std::vector<std::thread> threads;
    std::promise<void> closed;
    std::future<void> closing;
};

// Two nodes that are connected, both ways.
struct Pair {
    explicit Pair(const Settings& settings = {}) : a(1, settings), b(2, other(settings)) {
        a.listen();
        b.listen();
        a.knows({&b});
        b.knows({&a});
        REQUIRE(until([this] { return a.connected() && b.connected(); }));
    }
    static Settings other(Settings settings) {
        ++settings.incarnation;
        return settings;
    }
    Node a;
    Node b;
};

// A request and what became of it.
struct Asked : peer::Request {
    Asked(peer::Verb asked_verb, uint32_t pg, uint32_t first, uint32_t count) {
        verb = asked_verb;
        range = {{base::VolumeId{5}, 3, PgId{pg}}, first, count};
        epoch = base::Epoch{9};
        fence = base::Fence{11};
        generation = base::Generation{2};
        done = [](peer::Request& request, base::Status status) {
            auto& here = static_cast<Asked&>(request);
            here.result = status;
            here.ended.fetch_add(1);
        };
    }
    void carry(const Blocks& blocks) {
        data = blocks.bytes.get();
        crcs = blocks.crcs.data();
    }
    void submit(Node& node, NodeId to, uint32_t lane = 0) {
        on(*node.reactors[lane], [&] {
            node.network->lane(lane).request(to, *this);
            CHECK(ended == 0);
        });
    }
    base::Status result;
    std::atomic<uint32_t> ended = 0;
};

inline replication::Append append_of(const Blocks& blocks, uint32_t pg, uint64_t sequence) {
    replication::Append append;
    append.pg = PgId{pg};
    append.epoch = base::Epoch{4};
    append.channel = 6;
    append.sequence = sequence;
    append.version = {base::Epoch{4}, sequence};
    append.commit = {base::Epoch{4}, sequence - 1};
    append.generation = base::Generation{1};
    append.range = {
        {base::VolumeId{8}, 2, PgId{pg}}, 100, static_cast<uint32_t>(blocks.crcs.size())};
    append.data = blocks.bytes.get();
    append.crcs = blocks.crcs.data();
    return append;
}

}  // namespace cell
