// A target on real reactors with namespaces in memory, and a host that hands it commands through a
// transport that is only a pair of functions.
//
// The test's thread posts each step to the queue's reactor and waits for what comes of it.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "nvme/fabrics.h"
#include "nvme/identify.h"
#include "nvme/log_page.h"
#include "nvme/opcodes.h"
#include "nvme/properties.h"
#include "nvme/status.h"
#include "reactor/reactor.h"
#include "target/commands.h"
#include "target/target.h"
#include "volume/ram_backing.h"

namespace test {

inline constexpr const char* volume_nqn = "nqn.2024-01.org.ashlar:volume:one";
inline constexpr const char* other_host_nqn = "nqn.2014-08.org.nvmexpress:uuid:host-two";
inline constexpr uint64_t block_count_default = 2048;
inline constexpr auto patience = std::chrono::seconds(20);

// A namespace in memory whose size, failures and speed the test chooses.
class SizedBacking final : public volume::Backing {
  public:
    SizedBacking(volume::RamRegion& region, reactor::Executor& executor)
        : executor_(executor), memory_(region, executor) {}

    [[nodiscard]] uint64_t block_count() const override { return size; }
    [[nodiscard]] base::Status submit(volume::Op& op) override;
    // Gives what was held to the memory.
    void let_go();

    // The reactor's: set them inside ReactorThread::call().
    uint64_t size = block_count_default;
    bool hold = false;
    base::Status refusal;
    base::Status failure;
    uint64_t failed_block = 0;
    uint32_t submitted = 0;

  private:
    base::Status pass(volume::Op& op);
    reactor::Executor& executor_;
    volume::RamBacking memory_;
    std::vector<volume::Op*> held_;
};

// A reactor on a thread of its own.
class ReactorThread {
  public:
    explicit ReactorThread(uint32_t index) {
        reactor::Options options;
        options.index = index;
        reactor_ = std::move(reactor::Reactor::create(options).value());
        thread_ = std::thread([this] { reactor_->run(); });
    }
    ~ReactorThread() {
        reactor_->stop();
        thread_.join();
    }
    reactor::Reactor& reactor() { return *reactor_; }

    // Runs `body` there and waits for its end.
    void call(std::function<void()> body) {
        struct Call : reactor::Task {
            std::function<void()> body;
            std::mutex mutex;
            std::condition_variable changed;
            bool done = false;
        } call;
        call.body = std::move(body);
        call.run = [](reactor::Task& task) {
            auto& self = static_cast<Call&>(task);
            self.body();
            const std::lock_guard lock(self.mutex);
            self.done = true;
            self.changed.notify_all();
        };
        reactor_->post(call);
        std::unique_lock lock(call.mutex);
        call.changed.wait(lock, [&call] { return call.done; });
    }

  private:
    std::unique_ptr<reactor::Reactor> reactor_;
    std::thread thread_;
};

// What came back for a command.
struct Reply {
    uint16_t status = 0;
    uint64_t result = 0;
    uint16_t sq_head = 0;
    uint16_t command_id = 0;
    std::vector<uint8_t> data;

    template <typename T>
    [[nodiscard]] T as() const {
        T value{};
        std::memcpy(&value, data.data(), std::min(sizeof value, data.size()));
        return value;
    }
};

// One connection: a queue and the commands on it.
class Wire {
  public:
    Wire(target::Target& target, ReactorThread& thread, bool discovery_port = false)
        : thread_(thread) {
        queue_.wire = this;
        queue_.ops = &ops;
        queue_.target = &target;
        queue_.reactor = &thread.reactor();
        queue_.discovery_port = discovery_port;
    }
    ~Wire() { close(); }
    Wire(const Wire&) = delete;

    // A command sent and not necessarily answered yet.
    using Ticket = std::shared_ptr<struct Sent>;

    Ticket send(const nvme::Command& command, std::vector<uint8_t> data = {});
    Reply wait(const Ticket& ticket);
    bool answered(const Ticket& ticket);
    Reply run(const nvme::Command& command, std::vector<uint8_t> data = {}) {
        return wait(send(command, std::move(data)));
    }
    // Whether the target asks for this connection's end, waiting for that.
    bool wait_disconnect();
    bool disconnected() {
        const std::lock_guard lock(mutex_);
        return disconnected_;
    }
    // The connection ends: from the host, or because the target asked.
    void close();

    target::Queue& queue() { return queue_; }
    ReactorThread& thread() { return thread_; }

  private:
    struct WireQueue : target::Queue {
        Wire* wire = nullptr;
    };
    static const target::TransportOps ops;
    void start(const Ticket& ticket);
    void on_response(target::Request& request);

    ReactorThread& thread_;
    WireQueue queue_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<target::Request*, Ticket> busy_;  // The reactor's.
    bool disconnected_ = false;
    bool closed_ = false;
};

struct Sent {
    target::Request request;
    std::vector<uint8_t> data;
    std::unique_ptr<uint8_t, decltype(&std::free)> memory{nullptr, &std::free};
    Reply reply;
    bool done = false;
};

// What most tests begin with: a target with one volume of `block_count_default` blocks in memory,
// served by `reactors` threads.
class Fixture {
  public:
    explicit Fixture(uint32_t reactors = 1, target::TargetOptions options = {});
    ~Fixture();

    [[nodiscard]] target::SubsystemConfig volume_config() const;
    void put(const target::SubsystemConfig& config);
    // The volume has `blocks` blocks from now on, and hosts are told.
    void resize(uint64_t blocks);

    // An admin queue of the volume, its controller enabled.
    std::unique_ptr<Wire> connect_volume(uint32_t keep_alive_ms = 0,
                                         const std::string& host = host_nqn);
    // I/O queue `queue_id` of the same controller, on reactor `reactor`.
    std::unique_ptr<Wire> connect_queue(Wire& admin, uint16_t queue_id = 1, uint32_t reactor = 0);
    std::unique_ptr<Wire> connect_discovery(const std::string& host = host_nqn,
                                            uint32_t keep_alive_ms = 0);
    [[nodiscard]] static uint16_t controller_id(Wire& admin);

    // Counts its hosts; the target's observer.
    struct Observer final : target::HostObserver {
        void host_connected(const std::string&, const std::string&, uint16_t) override {
            const std::lock_guard lock(mutex);
            ++connected;
        }
        void host_disconnected(const std::string&,
                               const std::string&,
                               uint16_t,
                               const char* why) override {
            const std::lock_guard lock(mutex);
            ++disconnected;
            reason = why;
        }
        std::mutex mutex;
        uint32_t connected = 0;
        uint32_t disconnected = 0;
        std::string reason;
    };

    Observer observer;
    std::vector<std::unique_ptr<ReactorThread>> threads;
    std::vector<std::unique_ptr<SizedBacking>> backings;
    std::unique_ptr<target::Target> target;

  private:
    std::unique_ptr<volume::RamRegion> region_;
};

// A promise that `done` keeps, to wait for.
class Signal {
  public:
    std::function<void()> callback() {
        return [this] {
            const std::lock_guard lock(mutex_);
            ++count_;
            changed_.notify_all();
        };
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [this] { return count_ > 0; });
    }
    bool given() {
        const std::lock_guard lock(mutex_);
        return count_ > 0;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    uint32_t count_ = 0;
};

}  // namespace test
