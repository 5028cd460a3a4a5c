// A whole gateway in memory for the server's tests: reactors on threads, a target with one
// namespace, a server on loopback. It checks at its end that nothing is left behind.
#pragma once

#include <atomic>
#include <cstdint>
#include <doctest/doctest.h>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "initiator/blocking_host.h"
#include "initiator/commands.h"
#include "initiator/raw_connection.h"
#include "memory/buffer_pool.h"
#include "reactor/reactor.h"
#include "target/target.h"
#include "transport/tcp/host_pdus.h"
#include "transport/tcp/server.h"
#include "transport/tcp/slow_backing.h"
#include "volume/ram_backing.h"

namespace test_gateway {

inline const std::string subsystem_nqn = "nqn.2026-01.org.ashlar:volume:1";
inline const std::string host_nqn = "nqn.2026-01.org.ashlar:host:1";
constexpr uint32_t block = base::limits::block_bytes;
constexpr uint64_t block_count = 16384;  // 64 MiB.

struct Settings {
    uint32_t reactors = 1;
    size_t pool_bytes = size_t{4} << 20;  // Of each reactor.
    transport::tcp::ServerOptions server = {};
    uint16_t io_queues = 4;
};

class Gateway {
  public:
    explicit Gateway(const Settings& settings = {}) : region_(make_region()) {
        for (uint32_t index = 0; index < settings.reactors; ++index) {
            auto reactor = reactor::Reactor::create({.index = index});
            REQUIRE(reactor.has_value());
            auto pool = memory::BufferPool::create(settings.pool_bytes);
            REQUIRE(pool.has_value());
            backings_.push_back(std::make_unique<SlowBacking>(*region_, **reactor, slowness_));
            reactors_.push_back(std::move(*reactor));
            pools_.push_back(std::move(*pool));
        }
        target::TargetOptions options;
        options.io_queues_max = settings.io_queues;
        options.firmware_revision = "test";
        target_ = std::make_unique<target::Target>(options, reactor_pointers());
        std::vector<memory::BufferPool*> pools;
        for (const auto& pool : pools_) {
            pools.push_back(pool.get());
        }
        server_ = std::make_unique<transport::tcp::Server>(
            settings.server, *target_, reactor_pointers(), std::move(pools));
        for (const auto& reactor : reactors_) {
            threads_.emplace_back([&reactor] { reactor->run(); });
        }
        add_subsystem();
        auto port = server_->listen(transport::tcp::Service::io, "127.0.0.1", 0);
        REQUIRE(port.has_value());
        port_ = *port;
    }

    ~Gateway() {
        close_server();
        wait([this](auto done) { target_->close(std::move(done)); });
        for (const auto& reactor : reactors_) {
            reactor->stop();
        }
        for (std::thread& thread : threads_) {
            thread.join();
        }
        CHECK(server_->counters().connections == 0);
        for (const auto& pool : pools_) {
            CHECK(pool->free_bytes() == pool->bytes());
            CHECK(pool->waiting() == 0);
        }
    }
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    void close_server() {
        if (!server_closed_) {
            server_closed_ = true;
            wait([this](auto done) { server_->close(std::move(done)); });
        }
    }

    [[nodiscard]] uint16_t port() const { return port_; }
    [[nodiscard]] transport::tcp::Server& server() { return *server_; }
    [[nodiscard]] transport::tcp::ServerCounters counters() const { return server_->counters(); }
    // How long each operation of the namespace takes from now on.
    void set_delay_ms(uint32_t delay_ms) { slowness_.delay_ms = delay_ms; }

    [[nodiscard]] std::unique_ptr<initiator::RawConnection> dial() const {
        auto opened = initiator::RawConnection::open("127.0.0.1", port_);
        REQUIRE(opened.has_value());
        return std::move(*opened);
    }

    [[nodiscard]] initiator::HostOptions host_options() const {
        initiator::HostOptions options;
        options.address = "127.0.0.1";
        options.port = port_;
        options.subsystem_nqn = subsystem_nqn;
        options.host_nqn = host_nqn;
        options.timeout_ms = 20'000;
        return options;
    }

    // A good host connects, writes, reads back and leaves. With another seed, other blocks.
    void check_serves(uint32_t seed = 1) const {
        auto host = initiator::BlockingHost::create();
        REQUIRE(host.has_value());
        const bool connected = (*host)->connect(host_options());
        CHECK_MESSAGE(connected, (*host)->failure().sentence());
        if (!connected) {
            return;
        }
        for (const uint32_t blocks : {1u, 2u, 16u, 64u}) {
            const auto sent = host_pdus::pattern(blocks * block, seed + blocks);
            host_pdus::Bytes back(sent.size());
            CHECK((*host)->write(seed * 64 % (block_count - 64), sent).ok());
            CHECK((*host)->read(seed * 64 % (block_count - 64), back).ok());
            CHECK((sent == back));
        }
    }

    // Until `condition` holds; false when it does not within some seconds.
    template <typename Condition>
    [[nodiscard]] static bool eventually(Condition condition) {
        for (int tries = 0; tries < 2000; ++tries) {
            if (condition()) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return false;
    }

  private:
    static std::unique_ptr<volume::RamRegion> make_region() {
        auto region = volume::RamRegion::create(block_count);
        REQUIRE(region.has_value());
        return std::move(*region);
    }

    template <typename Start>
    static void wait(Start start) {
        std::promise<void> ended;
        start([&ended] { ended.set_value(); });
        ended.get_future().wait();
    }

    [[nodiscard]] std::vector<reactor::Reactor*> reactor_pointers() const {
        std::vector<reactor::Reactor*> pointers;
        for (const auto& reactor : reactors_) {
            pointers.push_back(reactor.get());
        }
        return pointers;
    }

    void add_subsystem() {
        target::SubsystemConfig config;
        config.nqn = subsystem_nqn;
        config.serial = "1";
        config.model = "Ashlar";
        config.uuid[15] = 1;
        config.allowed_hosts = {host_nqn};
        config.block_count = block_count;
        for (const auto& backing : backings_) {
            config.backings.push_back(backing.get());
        }
        wait([&](auto done) { REQUIRE(target_->put_subsystem(config, std::move(done)).ok()); });
    }

    Slowness slowness_;
    std::unique_ptr<volume::RamRegion> region_;
    std::vector<std::unique_ptr<reactor::Reactor>> reactors_;
    std::vector<std::unique_ptr<memory::BufferPool>> pools_;
    std::vector<std::unique_ptr<SlowBacking>> backings_;
    std::unique_ptr<target::Target> target_;
    std::unique_ptr<transport::tcp::Server> server_;
    std::vector<std::thread> threads_;
    uint16_t port_ = 0;
    bool server_closed_ = false;
};

}  // namespace test_gateway
