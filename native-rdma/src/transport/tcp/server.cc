#include "transport/tcp/server.h"

#include <atomic>
#include <mutex>
#include <unistd.h>

#include "base/check.h"
#include "reactor/listener.h"
#include "transport/tcp/connection.h"
#include "transport/tcp/shard.h"

namespace transport::tcp {
namespace {

constexpr uint64_t millisecond_ns = 1'000'000;
constexpr auto discovery = static_cast<uint32_t>(Service::discovery);

}  // namespace

// Closing: the listeners, then the connections of each shard; the last to go says so.
struct Server::Impl final : reactor::Listener::Owner {
    struct Member : Shard {
        Impl* server = nullptr;
        struct Close : reactor::Task {
            Member* member = nullptr;
        } close_task;
    };

    Impl(const ServerOptions& options,
         target::Target& target,
         const std::vector<reactor::Reactor*>& reactors,
         const std::vector<memory::BufferPool*>& pools);

    void accepted(int socket, uint32_t service) override;
    void listener_gone() override;
    void begin_close(std::function<void()> when_done);
    void close_members();
    static void close_connections(reactor::Task& task);
    static void connection_gone(Shard& shard);
    void member_gone();

    const ServerOptions options;
    std::vector<std::unique_ptr<Member>> members;
    std::atomic<uint32_t> next_member = 0;
    std::atomic<uint32_t> connections = 0;
    std::atomic<uint64_t> accepted_count = 0;
    std::atomic<uint64_t> refused = 0;

    std::mutex listening;  // Guards the next two.
    std::vector<std::unique_ptr<reactor::Listener>> listeners;
    bool closing = false;

    std::atomic<size_t> listeners_left = 0;
    std::atomic<size_t> members_left = 0;
    std::function<void()> done;
};

Server::Impl::Impl(const ServerOptions& chosen,
                   target::Target& target,
                   const std::vector<reactor::Reactor*>& reactors,
                   const std::vector<memory::BufferPool*>& pools)
    : options(chosen) {
    CHECK(!reactors.empty() && reactors.size() == pools.size(), "each reactor has its pool");
    for (size_t index = 0; index < reactors.size(); ++index) {
        auto member = std::make_unique<Member>();
        member->reactor = reactors[index];
        member->pool = pools[index];
        member->target = &target;
        member->connect_timeout_ns = chosen.connect_timeout_ms * millisecond_ns;
        member->transfer_timeout_ns = chosen.transfer_timeout_ms * millisecond_ns;
        member->connection_gone = &Impl::connection_gone;
        member->server = this;
        member->close_task.member = member.get();
        member->close_task.run = &Impl::close_connections;
        members.push_back(std::move(member));
    }
}

void Server::Impl::accepted(int socket, uint32_t service) {
    if (connections.fetch_add(1) >= options.connections_max) {
        connections.fetch_sub(1);
        refused.fetch_add(1);
        ::close(socket);
        return;
    }
    accepted_count.fetch_add(1);
    Member& member = *members[next_member.fetch_add(1) % members.size()];
    auto* connection = new Connection(socket, service == discovery, member);
    member.reactor->post(connection->start_task);
}

void Server::Impl::begin_close(std::function<void()> when_done) {
    {
        const std::lock_guard lock(listening);
        CHECK(!closing, "a server is closed once");
        closing = true;
        done = std::move(when_done);
        members_left = members.size();
        // One more than there are, so that none of them is the last before all are told.
        listeners_left = listeners.size() + 1;
        for (const auto& listener : listeners) {
            listener->stop();
        }
    }
    listener_gone();
}

void Server::Impl::listener_gone() {
    if (listeners_left.fetch_sub(1) == 1) {
        close_members();
    }
}

// Behind every connection's start_task in the reactors' mailboxes, as nothing is accepted any more.
void Server::Impl::close_members() {
    // The server may be gone as soon as the last of them is told.
    const size_t count = members.size();
    for (size_t index = 0; index < count; ++index) {
        Member& member = *members[index];
        member.reactor->post(member.close_task);
    }
}

void Server::Impl::close_connections(reactor::Task& task) {
    Member& member = *static_cast<Member::Close&>(task).member;
    member.closing = true;
    if (member.connections.empty()) {
        member.server->member_gone();
        return;
    }
    for (Connection* connection = member.connections.front(); connection != nullptr;
         connection = member.connections.after(*connection)) {
        connection->close();
    }
}

void Server::Impl::connection_gone(Shard& shard) {
    auto& member = static_cast<Member&>(shard);
    member.server->connections.fetch_sub(1);
    if (member.closing && member.connections.empty()) {
        member.server->member_gone();
    }
}

void Server::Impl::member_gone() {
    if (members_left.fetch_sub(1) == 1) {
        // The server may be destroyed from inside.
        const std::function<void()> tell = std::move(done);
        tell();
    }
}

Server::Server(const ServerOptions& options,
               target::Target& target,
               std::vector<reactor::Reactor*> reactors,
               std::vector<memory::BufferPool*> pools)
    : impl_(std::make_unique<Impl>(options, target, reactors, pools)) {}

Server::~Server() {
    CHECK(impl_->connections == 0, "a server is closed before it is destroyed");
}

base::Result<uint16_t> Server::listen(Service service, const std::string& address, uint16_t port) {
    const std::lock_guard lock(impl_->listening);
    if (impl_->closing) {
        return base::Status(base::Errc::closed);
    }
    reactor::Reactor& reactor =
        *impl_->members[impl_->listeners.size() % impl_->members.size()]->reactor;
    auto opened =
        reactor::Listener::open(address, port, static_cast<uint32_t>(service), reactor, *impl_);
    if (!opened) {
        return opened.error();
    }
    const uint16_t bound_port = (*opened)->port();
    (*opened)->start();
    impl_->listeners.push_back(std::move(*opened));
    return bound_port;
}

void Server::close(std::function<void()> done) {
    impl_->begin_close(std::move(done));
}

ServerCounters Server::counters() const {
    ServerCounters sum;
    sum.connections = impl_->connections;
    sum.accepted = impl_->accepted_count;
    sum.refused = impl_->refused;
    for (const auto& member : impl_->members) {
        const auto& counted = member->counted;
        sum.protocol_errors += counted.protocol_errors.get();
        sum.timeouts += counted.timeouts.get();
        sum.commands += counted.commands.get();
        sum.bytes_received += counted.bytes_received.get();
        sum.bytes_sent += counted.bytes_sent.get();
    }
    return sum;
}

}  // namespace transport::tcp
