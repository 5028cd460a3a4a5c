#include "engine/reactor_thread.h"

#include <atomic>
#include <utility>

#include "engine/quiet_thread.h"

namespace engine {
namespace {

struct Posted : reactor::Task {
    std::function<void()> body;
};

void run_posted(reactor::Task& task) {
    const std::unique_ptr<Posted> posted(static_cast<Posted*>(&task));
    posted->body();
}

uint32_t register_all(ReactorThreads& threads, reactor::Reactor& reactor) {
    for (const auto& thread : threads) {
        const memory::BufferPool& pool = thread->pool();
        const base::Result<uint16_t> index = reactor.register_buffer(pool.base(), pool.bytes());
        if (!index) {
            return index.error().detail();
        }
    }
    return 0;
}

}  // namespace

void run_on(reactor::Reactor& reactor, std::function<void()> body) {
    auto posted = std::make_unique<Posted>();
    posted->run = run_posted;
    posted->body = std::move(body);
    reactor.post(*posted.release());
}

base::Result<std::unique_ptr<ReactorThread>> ReactorThread::create(const reactor::Options& options,
                                                                   size_t pool_bytes) {
    auto pool = memory::BufferPool::create(pool_bytes);
    if (!pool) {
        return pool.error();
    }
    auto reactor = reactor::Reactor::create(options);
    if (!reactor) {
        return reactor.error();
    }
    return std::unique_ptr<ReactorThread>(new ReactorThread(std::move(*reactor), std::move(*pool)));
}

ReactorThread::ReactorThread(std::unique_ptr<reactor::Reactor> reactor,
                             std::unique_ptr<memory::BufferPool> pool)
    : reactor_(std::move(reactor)),
      pool_(std::move(pool)),
      thread_(start_quiet("ashlar-reactor", [this] { reactor_->run(); })) {}

ReactorThread::~ReactorThread() {
    stop();
}

void ReactorThread::stop() {
    if (thread_.joinable()) {
        reactor_->stop();
        thread_.join();
    }
}

void register_pools(ReactorThreads& threads,
                    ControlThread& control,
                    std::function<void(uint32_t error)> done) {
    auto error = std::make_shared<std::atomic<uint32_t>>(0);
    const auto join =
        Join::create(control, threads.size(), [error, done = std::move(done)] { done(*error); });
    for (const auto& thread : threads) {
        reactor::Reactor& reactor = thread->reactor();
        run_on(reactor, [&threads, &reactor, error, join] {
            if (const uint32_t refused = register_all(threads, reactor); refused != 0) {
                *error = refused;
            }
            join->arrive();
        });
    }
}

}  // namespace engine
