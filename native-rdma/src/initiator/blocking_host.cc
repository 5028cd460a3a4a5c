#include "initiator/blocking_host.h"

#include <chrono>

#include "base/check.h"
#include "base/limits.h"

namespace initiator {

namespace {

constexpr uint32_t namespace_id = 1;
constexpr uint16_t first_io_queue = 1;

uint32_t blocks_of(size_t bytes) {
    return static_cast<uint32_t>(bytes / base::limits::block_bytes);
}

}  // namespace

// What one blocking call does on the reactor's thread; lies on the waiting thread's stack.
struct BlockingHost::Call : reactor::Task {
    struct CallIo : Io {
        Call* call = nullptr;
    };

    explicit Call(void (*chosen)(Call& call)) : action(chosen) {
        run = [](reactor::Task& task) {
            auto& self = static_cast<Call&>(task);
            self.action(self);
        };
    }

    static void submit_more(Call& call);
    static void finished(Io& io);

    void (*action)(Call& call);
    BlockingHost* owner = nullptr;
    const HostOptions* options = nullptr;
    uint16_t queue_id = 0;
    std::vector<CallIo> ios;
    size_t next = 0;  // The first one not yet submitted.
    size_t finished_count = 0;
    bool done = false;
};

void BlockingHost::Call::submit_more(Call& call) {
    Host& host = call.owner->host_;
    Queue* queue = nullptr;
    if (host.state() == HostState::ready && call.queue_id <= host.io_queue_count()) {
        queue = call.queue_id == 0 ? &host.admin() : &host.io_queue(call.queue_id - 1u);
    }
    while (call.next < call.ios.size()) {
        CallIo& io = call.ios[call.next];
        const base::Status status =
            queue == nullptr ? base::Status(base::Errc::closed) : queue->submit(io);
        if (status.code() == base::Errc::busy) {
            return;  // One of ours is to finish first: nobody else uses the queue.
        }
        ++call.next;
        if (!status.ok()) {
            io.status = status;
            ++call.finished_count;
        }
    }
    if (call.finished_count == call.ios.size()) {
        call.owner->signal(call);
    }
}

void BlockingHost::Call::finished(Io& io) {
    Call& call = *static_cast<CallIo&>(io).call;
    ++call.finished_count;
    submit_more(call);
}

base::Result<std::unique_ptr<BlockingHost>> BlockingHost::create() {
    auto reactor = reactor::Reactor::create({});
    if (!reactor) {
        return reactor.error();
    }
    return std::unique_ptr<BlockingHost>(new BlockingHost(std::move(*reactor)));
}

BlockingHost::BlockingHost(std::unique_ptr<reactor::Reactor> reactor)
    : reactor_(std::move(reactor)),
      host_(*reactor_, static_cast<Host::Owner&>(*this)),
      thread_([this] { reactor_->run(); }) {}

BlockingHost::~BlockingHost() {
    disconnect();
    reactor_->stop();
    thread_.join();
}

void BlockingHost::run(Call& call) {
    call.owner = this;
    reactor_->post(call);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return call.done; });
}

void BlockingHost::signal(Call& call) {
    const std::lock_guard lock(mutex_);
    call.done = true;
    changed_.notify_all();
}

bool BlockingHost::connect(const HostOptions& options) {
    {
        const std::lock_guard lock(mutex_);
        CHECK(idle_, "a blocking host is connected once at a time");
        idle_ = false;
        failure_ = {};
        events_.clear();
    }
    Call call([](Call& self) {
        self.owner->host_.open(*self.options);
        self.owner->signal(self);
    });
    call.options = &options;
    run(call);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ready_ || idle_; });
    return ready_;
}

void BlockingHost::disconnect() {
    Call call([](Call& self) {
        self.owner->host_.close();
        self.owner->signal(self);
    });
    run(call);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return idle_; });
}

bool BlockingHost::connected() {
    const std::lock_guard lock(mutex_);
    return ready_;
}

HostFailure BlockingHost::failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
}

std::vector<BlockingAnswer> BlockingHost::execute_all(uint16_t queue_id,
                                                      std::span<const BlockingRequest> requests) {
    std::vector<BlockingAnswer> answers;
    if (requests.empty()) {
        return answers;
    }
    Call call(Call::submit_more);
    call.queue_id = queue_id;
    call.ios.resize(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) {
        Call::CallIo& io = call.ios[i];
        io.command = requests[i].command;
        io.transfer = requests[i].transfer;
        io.data = requests[i].data.data();
        io.data_bytes = static_cast<uint32_t>(requests[i].data.size());
        io.done = Call::finished;
        io.call = &call;
    }
    run(call);
    answers.reserve(call.ios.size());
    for (const Call::CallIo& io : call.ios) {
        answers.push_back({io.status, io.nvme_status(), io.completion.result, io.received_bytes});
    }
    return answers;
}

BlockingAnswer BlockingHost::execute(uint16_t queue_id, const BlockingRequest& request) {
    return execute_all(queue_id, {&request, 1}).front();
}

BlockingAnswer BlockingHost::execute(uint16_t queue_id, const nvme::Command& command) {
    return execute(queue_id, BlockingRequest{command, Transfer::none, {}});
}

BlockingAnswer BlockingHost::receive(uint16_t queue_id,
                                     const nvme::Command& command,
                                     std::span<uint8_t> to) {
    return execute(queue_id, BlockingRequest{command, Transfer::to_host, to});
}

BlockingAnswer BlockingHost::send(uint16_t queue_id,
                                  const nvme::Command& command,
                                  std::span<const uint8_t> data) {
    // Data to the controller are only read.
    const std::span<uint8_t> from(const_cast<uint8_t*>(data.data()), data.size());
    return execute(queue_id, BlockingRequest{command, Transfer::to_controller, from});
}

BlockingAnswer BlockingHost::write(uint64_t first_block, std::span<const uint8_t> data) {
    return send(
        first_io_queue, write_blocks(namespace_id, first_block, blocks_of(data.size())), data);
}

BlockingAnswer BlockingHost::read(uint64_t first_block, std::span<uint8_t> to) {
    return receive(
        first_io_queue, read_blocks(namespace_id, first_block, blocks_of(to.size())), to);
}

bool BlockingHost::wait_event(uint32_t& event, uint32_t timeout_ms) {
    std::unique_lock lock(mutex_);
    const auto some = [&] { return !events_.empty(); };
    if (!changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), some)) {
        return false;
    }
    event = events_.front();
    events_.erase(events_.begin());
    return true;
}

bool BlockingHost::wait_closed(uint32_t timeout_ms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return idle_; });
}

void BlockingHost::host_ready(Host&) {
    const std::lock_guard lock(mutex_);
    ready_ = true;
    changed_.notify_all();
}

void BlockingHost::host_closed(Host&, const HostFailure& failure) {
    const std::lock_guard lock(mutex_);
    ready_ = false;
    idle_ = true;
    failure_ = failure;
    changed_.notify_all();
}

void BlockingHost::host_event(Host&, uint32_t event) {
    const std::lock_guard lock(mutex_);
    if (events_.size() == events_max) {
        events_.erase(events_.begin());
    }
    events_.push_back(event);
    changed_.notify_all();
}

}  // namespace initiator
