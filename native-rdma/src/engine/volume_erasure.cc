#include "engine/volume_erasure.h"

#include <memory>
#include <utility>
#include <vector>

#include "engine/reactor_thread.h"

namespace engine {
namespace {

constexpr uint64_t retry_interval_ns = 1'000'000;

// One store's part of it, on its reactor.
struct Erasure : store::Store::DeleteOp {
    struct Retry : reactor::Timer {
        Erasure* erasure = nullptr;
    };
    router::Shard* shard = nullptr;
    Retry retry;
    base::Status status;
    std::shared_ptr<Join> join;

    void submit();
    void finish(base::Status outcome) {
        status = outcome;
        const auto arrived = join;  // The last arrival destroys this.
        arrived->arrive();
    }
};

// A busy store has room again when some of its writes are done.
void Erasure::submit() {
    const base::Status refused = shard->store().submit_delete(*this);
    if (refused.code() == base::Errc::busy) {
        reactor::Executor& executor = shard->executor();
        executor.arm(retry, executor.now_ns() + retry_interval_ns);
    } else if (!refused.ok()) {
        finish(refused);
    }
}

Outcome outcome_of(base::VolumeId id, const std::vector<std::unique_ptr<Erasure>>& erasures) {
    for (const auto& erasure : erasures) {
        if (!erasure->status.ok()) {
            return failure(erasure->status,
                           "a store could not forget the blocks of volume " +
                               std::to_string(id.value) + errno_words(erasure->status.detail()));
        }
    }
    return {};
}

}  // namespace

void erase_volume(std::span<router::Shard* const> shards,
                  base::VolumeId id,
                  ControlThread& control,
                  Done done) {
    auto erasures = std::make_shared<std::vector<std::unique_ptr<Erasure>>>();
    const auto join = Join::create(control, shards.size(), [erasures, id, done] {
        const Outcome outcome = outcome_of(id, *erasures);
        erasures->clear();  // Each holds the join, and the join this.
        done(outcome);
    });
    for (router::Shard* shard : shards) {
        auto erasure = std::make_unique<Erasure>();
        erasure->volume = id;
        erasure->shard = shard;
        erasure->join = join;
        erasure->done = [](store::Store::DeleteOp& op, base::Status status) {
            static_cast<Erasure&>(op).finish(status);
        };
        erasure->retry.erasure = erasure.get();
        erasure->retry.fire = [](reactor::Timer& timer) {
            static_cast<Erasure::Retry&>(timer).erasure->submit();
        };
        erasures->push_back(std::move(erasure));
    }
    for (const auto& erasure : *erasures) {
        run_on(*erasure->shard->reactor(), [&part = *erasure] { part.submit(); });
    }
}

}  // namespace engine
