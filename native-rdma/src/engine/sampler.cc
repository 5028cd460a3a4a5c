#include "engine/sampler.h"

#include <chrono>
#include <utility>

namespace engine {
namespace {

constexpr std::chrono::milliseconds patience{50};

}  // namespace

Sampler::Sampler(reactor::Reactor& reactor,
                 memory::BufferPool& pool,
                 std::vector<router::Shard*> shards)
    : reactor_(reactor), pool_(pool), shards_(std::move(shards)) {
    sample_.stores.resize(shards_.size());
    task_.sampler = this;
    task_.run = [](reactor::Task& task) { static_cast<Asked&>(task).sampler->take(); };
}

void Sampler::ask() {
    const std::lock_guard lock(mutex_);
    if (!asked_) {
        asked_ = true;
        reactor_.post(task_);
    }
}

void Sampler::await() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [this] { return !asked_; });
}

void Sampler::take() {
    const std::lock_guard lock(mutex_);
    sample_.pool_free_bytes = pool_.free_bytes();
    sample_.pool_waiting = pool_.waiting();
    sample_.parts_in_flight = 0;
    sample_.parts_waiting = 0;
    sample_.parts_retried = 0;
    sample_.groups.clear();
    for (size_t i = 0; i < shards_.size(); ++i) {
        sample_.parts_in_flight += shards_[i]->in_flight();
        sample_.parts_waiting += shards_[i]->waiting();
        sample_.parts_retried += shards_[i]->retried();
        shards_[i]->view(sample_.groups);
        sample_.stores[i] = shards_[i]->store().stats();
    }
    asked_ = false;
    changed_.notify_all();
}

}  // namespace engine
