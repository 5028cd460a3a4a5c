#include "engine/device_stand.h"

#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "base/limits.h"
#include "engine/device_use.h"

namespace engine {
namespace {

// Whenever a writer has closed a block device udev looks at what it holds, and locks it meanwhile.
constexpr int probe_tries = 40;
constexpr std::chrono::milliseconds probe_interval{50};

struct Attempt : store::Store::Opened {
    base::Status status;
    std::unique_ptr<store::Store> store;
    std::promise<void> ended;
};

// `start` begins an attempt on the reactor's thread; what it came to is in `attempt` afterwards.
template <typename Start>
void wait_for(reactor::Reactor& reactor, Attempt& attempt, Start start) {
    attempt.done =
        [](store::Store::Opened& opened, base::Status status, std::unique_ptr<store::Store> store) {
            auto& self = static_cast<Attempt&>(opened);
            self.status = status;
            self.store = std::move(store);
            self.ended.set_value();
        };
    const std::future<void> ended = attempt.ended.get_future();
    run_on(reactor, start);
    ended.wait();
}

void close_store(reactor::Reactor& reactor, std::unique_ptr<store::Store> store) {
    struct Closed : reactor::Task {
        std::unique_ptr<store::Store> store;
        std::promise<void> ended;
    } closed;
    closed.store = std::move(store);
    closed.run = [](reactor::Task& task) {
        auto& self = static_cast<Closed&>(task);
        self.store.reset();
        self.ended.set_value();
    };
    const std::future<void> ended = closed.ended.get_future();
    run_on(reactor, [&closed] { closed.store->close(closed); });
    ended.wait();
}

}  // namespace

DeviceStand::~DeviceStand() {
    // Before the file that its last completions are for.
    if (home_ != nullptr) {
        home_->stop();
    }
}

Outcome DeviceStand::open(const std::string& path, uint64_t bytes) {
    // What opens a store exclusively does not see a loop device on its file.
    if (const char* used = describe_use(find_device_use(path))) {
        return failure(base::Errc::busy, "device " + path + " " + used);
    }
    auto home = ReactorThread::create({}, base::limits::buffer_pool_bytes_min);
    if (!home) {
        return failure(home.error(),
                       "no reactor can be started" + errno_words(home.error().detail()));
    }
    home_ = std::move(*home);
    device_.options = {path, bytes, store::Durability::automatic};
    device_.home = home_.get();
    Outcome outcome = open_file(device_);
    for (int tries = 0; outcome.status.code() == base::Errc::busy && tries < probe_tries; ++tries) {
        std::this_thread::sleep_for(probe_interval);
        outcome = open_file(device_);
    }
    return outcome;
}

Outcome DeviceStand::format(uint64_t segment_bytes) {
    store::StoreOptions options;
    options.segment_bytes = segment_bytes;
    Attempt attempt;
    wait_for(home_->reactor(), attempt, [&] {
        store::Store::format(*device_.file, home_->reactor(), options, attempt);
    });
    return attempt.status.ok() ? Outcome() : refused(attempt.status, attempt.problem);
}

Outcome DeviceStand::read_live_bytes(uint64_t& live_bytes) {
    const store::StoreOptions options;
    Attempt attempt;
    wait_for(home_->reactor(), attempt, [&] {
        store::Store::open(*device_.file, home_->reactor(), options, attempt);
    });
    if (!attempt.status.ok()) {
        return refused(attempt.status, attempt.problem);
    }
    live_bytes = attempt.store->stats().live_bytes;
    close_store(home_->reactor(), std::move(attempt.store));
    return {};
}

Outcome DeviceStand::refused(base::Status status, const std::string& problem) const {
    return failure(status,
                   "device " + device_.options.path + ": " +
                       (problem.empty() ? "its store cannot be used" + errno_words(status.detail())
                                        : problem));
}

}  // namespace engine
