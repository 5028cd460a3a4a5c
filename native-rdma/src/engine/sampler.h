// What only a reactor's own thread may read, copied for other threads when they ask.
//
// Thread: ask(), await() and read() any but the reactor's. Lifetime: outlives the reactor's run().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "memory/buffer_pool.h"
#include "reactor/reactor.h"
#include "router/shard.h"
#include "store/store.h"

namespace engine {

struct Sample {
    uint64_t pool_free_bytes = 0;
    uint64_t pool_waiting = 0;
    uint64_t parts_in_flight = 0;
    uint64_t parts_waiting = 0;
    uint64_t parts_retried = 0;
    std::vector<store::StoreStats> stores;  // In the order of the shards.
    std::vector<router::GroupView> groups;
};

class Sampler {
  public:
    Sampler(reactor::Reactor& reactor,
            memory::BufferPool& pool,
            std::vector<router::Shard*> shards);

    // Asks the reactor for a new sample, without waiting.
    void ask();
    // Waits until what was asked for is there; for 50 ms at most, then the last one must do.
    void await();
    // The last sample.
    template <typename Reader>
    void read(Reader reader) {
        const std::lock_guard lock(mutex_);
        reader(std::as_const(sample_));
    }

  private:
    struct Asked : reactor::Task {
        Sampler* sampler = nullptr;
    };
    void take();

    reactor::Reactor& reactor_;
    memory::BufferPool& pool_;
    std::vector<router::Shard*> shards_;
    Asked task_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool asked_ = false;
    Sample sample_;
};

}  // namespace engine
