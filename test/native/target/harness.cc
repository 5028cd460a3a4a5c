#include "target/harness.h"

#include <utility>

namespace test {

const target::TransportOps Wire::ops = {
    .respond =
        [](target::Request& request) {
            static_cast<WireQueue*>(request.queue)->wire->on_response(request);
        },
    .disconnect =
        [](target::Queue& queue) {
            Wire& wire = *static_cast<WireQueue&>(queue).wire;
            const std::lock_guard lock(wire.mutex_);
            wire.disconnected_ = true;
            wire.changed_.notify_all();
        },
};

Wire::Ticket Wire::send(const nvme::Command& command, std::vector<uint8_t> data) {
    auto ticket = std::make_shared<Sent>();
    ticket->request.command = command;
    ticket->request.queue = &queue_;
    ticket->data = std::move(data);
    thread_.call([&] { start(ticket); });
    return ticket;
}

// As a transport does it: dispatch, a buffer, the host's data, execute.
void Wire::start(const Ticket& ticket) {
    target::Request& request = ticket->request;
    busy_[&request] = ticket;
    if (!queue_.target->dispatch(request)) {
        return;
    }
    if (request.direction != target::DataDirection::none) {
        const size_t capacity = (request.transfer_bytes + 4095u) / 4096 * 4096;
        ticket->memory.reset(static_cast<uint8_t*>(std::aligned_alloc(4096, capacity)));
        std::memset(ticket->memory.get(), 0xee, capacity);
        request.buffer = {ticket->memory.get(), static_cast<uint32_t>(capacity)};
    }
    if (request.direction == target::DataDirection::to_controller) {
        if (ticket->data.size() < request.transfer_bytes) {
            queue_.target->fail(request, nvme::sgl_length_invalid);
            return;
        }
        std::memcpy(request.buffer.data, ticket->data.data(), request.transfer_bytes);
    }
    request.execute(request);
}

void Wire::on_response(target::Request& request) {
    const auto found = busy_.find(&request);
    const Ticket ticket = found->second;
    busy_.erase(found);
    const std::lock_guard lock(mutex_);
    ticket->reply.status = static_cast<uint16_t>(request.completion.status >> 1);
    ticket->reply.result = request.completion.result;
    ticket->reply.sq_head = request.completion.sq_head;
    ticket->reply.command_id = request.completion.command_id;
    if (request.response_bytes > 0) {
        ticket->reply.data.assign(request.buffer.data,
                                  request.buffer.data + request.response_bytes);
    }
    ticket->done = true;
    changed_.notify_all();
}

Reply Wire::wait(const Ticket& ticket) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, patience, [&] { return ticket->done; }));
    return ticket->reply;
}

bool Wire::answered(const Ticket& ticket) {
    const std::lock_guard lock(mutex_);
    return ticket->done;
}

bool Wire::wait_disconnect() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return disconnected_; });
}

void Wire::close() {
    if (closed_) {
        return;
    }
    closed_ = true;
    thread_.call([&] { queue_.target->queue_closing(queue_); });
    bool idle = false;
    while (!idle) {
        thread_.call([&] { idle = queue_.outstanding == 0; });
    }
    thread_.call([&] { queue_.target->queue_closed(queue_); });
}

base::Status SizedBacking::submit(volume::Op& op) {
    if (!refusal.ok()) {
        return refusal;
    }
    ++submitted;
    if (hold) {
        held_.push_back(&op);
        return base::Status();
    }
    return pass(op);
}

base::Status SizedBacking::pass(volume::Op& op) {
    if (failure.ok()) {
        return memory_.submit(op);
    }
    op.status = failure;
    op.failed_block = failed_block;
    op.task.op = &op;
    op.task.run = [](reactor::Task& task) {
        volume::Op& failed = *static_cast<volume::Op::Later&>(task).op;
        failed.done(failed, failed.status);
    };
    executor_.defer(op.task);
    return base::Status();
}

void SizedBacking::let_go() {
    hold = false;
    for (volume::Op* op : std::exchange(held_, {})) {
        static_cast<void>(pass(*op));
    }
}

Fixture::Fixture(uint32_t reactors, target::TargetOptions options)
    : region_(std::move(volume::RamRegion::create(2 * block_count_default).value())) {
    std::vector<reactor::Reactor*> pointers;
    for (uint32_t index = 0; index < reactors; ++index) {
        threads.push_back(std::make_unique<ReactorThread>(index));
        reactor::Reactor& reactor = threads.back()->reactor();
        pointers.push_back(&reactor);
        backings.push_back(std::make_unique<SizedBacking>(*region_, reactor));
    }
    options.observer = &observer;
    options.firmware_revision = "1.0";
    target = std::make_unique<target::Target>(options, pointers);
    put(volume_config());
}

Fixture::~Fixture() {
    Signal gone;
    target->close(gone.callback());
    REQUIRE(gone.wait());
}

target::SubsystemConfig Fixture::volume_config() const {
    target::SubsystemConfig config;
    config.nqn = volume_nqn;
    config.serial = "vol-1";
    config.model = "Ashlar volume";
    for (uint8_t index = 0; index < config.uuid.size(); ++index) {
        config.uuid[index] = static_cast<uint8_t>(0xa0 + index);
    }
    config.allowed_hosts = {host_nqn, other_host_nqn};
    config.block_count = block_count_default;
    for (const auto& backing : backings) {
        config.backings.push_back(backing.get());
    }
    return config;
}

void Fixture::put(const target::SubsystemConfig& config) {
    Signal done;
    REQUIRE(target->put_subsystem(config, done.callback()).ok());
    REQUIRE(done.wait());
}

void Fixture::resize(uint64_t blocks) {
    for (size_t index = 0; index < threads.size(); ++index) {
        threads[index]->call([&] { backings[index]->size = blocks; });
    }
    target::SubsystemConfig config = volume_config();
    config.block_count = blocks;
    put(config);
}

std::unique_ptr<Wire> Fixture::connect_volume(uint32_t keep_alive_ms, const std::string& host) {
    auto wire = std::make_unique<Wire>(*target, *threads[0]);
    const Reply reply =
        wire->run(connect(0, 32, keep_alive_ms), to_bytes(connect_data(volume_nqn, host)));
    REQUIRE_EQ(reply.status, 0);
    REQUIRE_EQ(wire->run(property_set(nvme::property_cc, cc_on)).status, 0);
    return wire;
}

std::unique_ptr<Wire> Fixture::connect_queue(Wire& admin, uint16_t queue_id, uint32_t reactor) {
    auto wire = std::make_unique<Wire>(*target, *threads[reactor]);
    const Reply reply = wire->run(
        connect(queue_id, 128), to_bytes(connect_data(volume_nqn, host_nqn, controller_id(admin))));
    REQUIRE_EQ(reply.status, 0);
    return wire;
}

std::unique_ptr<Wire> Fixture::connect_discovery(const std::string& host, uint32_t keep_alive_ms) {
    auto wire = std::make_unique<Wire>(*target, *threads[0], true);
    const Reply reply =
        wire->run(connect(0, 32, keep_alive_ms), to_bytes(connect_data(nvme::discovery_nqn, host)));
    REQUIRE_EQ(reply.status, 0);
    REQUIRE_EQ(wire->run(property_set(nvme::property_cc, cc_on)).status, 0);
    return wire;
}

uint16_t Fixture::controller_id(Wire& admin) {
    const Reply reply = admin.run(identify(nvme::IdentifyKind::controller));
    REQUIRE_EQ(reply.status, 0);
    return reply.as<nvme::IdentifyController>().controller_id;
}

}  // namespace test
