#include "engine/volume_erasure.h"

#include <doctest/doctest.h>
#include <future>

#include "engine/bench.h"
#include "router/fake_store.h"

namespace {

// A store that is busy at first, and then forgets, or fails to.
class ForgetfulStore final : public test::FakeStore {
  public:
    uint32_t busy_times = 0;
    base::Status refusal;
    base::Status result;
    std::vector<base::VolumeId> forgotten;

    base::Status submit_delete(DeleteOp& op) override {
        if (busy_times > 0) {
            --busy_times;
            return base::Status(base::Errc::busy);
        }
        if (!refusal.ok()) {
            return refusal;
        }
        forgotten.push_back(op.volume);
        engine::run_on(*reactor::Reactor::current(), [this, &op] { op.done(op, result); });
        return {};
    }
};

// Two stores on a reactor each.
struct Bench {
    engine::ControlThread control;
    engine::ReactorThreads threads;
    ForgetfulStore stores[2];
    std::vector<std::unique_ptr<router::Shard>> shards;
    std::vector<router::Shard*> list;

    Bench() {
        for (ForgetfulStore& store : stores) {
            auto thread = engine::ReactorThread::create({}, size_t{4} << 20);
            REQUIRE(thread.has_value());
            threads.push_back(std::move(*thread));
            reactor::Reactor& reactor = threads.back()->reactor();
            shards.push_back(std::make_unique<router::Shard>(reactor, &reactor, store));
            list.push_back(shards.back().get());
        }
    }
    engine::Outcome erase() {
        return test::wait_for([this](engine::Done done) {
            engine::erase_volume(list, base::VolumeId(7), control, std::move(done));
        });
    }
};

}  // namespace

TEST_CASE("every store is made to forget the volume, a busy one a little later") {
    Bench bench;
    bench.stores[1].busy_times = 3;
    CHECK(bench.erase().ok());
    for (const ForgetfulStore& store : bench.stores) {
        CHECK((store.forgotten == std::vector{base::VolumeId(7)}));
    }
}

TEST_CASE("a store that refuses or fails is told, after the others have done their part") {
    Bench bench;
    bench.stores[0].refusal = base::Status(base::Errc::device_failed, EIO);
    engine::Outcome outcome = bench.erase();
    CHECK_EQ(outcome.status.code(), base::Errc::device_failed);
    CHECK(outcome.sentence.find("volume 7") != std::string::npos);
    CHECK(outcome.sentence.find("EIO") != std::string::npos);
    CHECK_EQ(bench.stores[1].forgotten.size(), 1u);

    bench.stores[0].refusal = {};
    bench.stores[0].result = base::Status(base::Errc::io_error, EIO);
    outcome = bench.erase();
    CHECK_EQ(outcome.status.code(), base::Errc::io_error);
}
