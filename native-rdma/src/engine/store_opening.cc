#include "engine/store_opening.h"

#include <utility>

#include "base/check.h"
#include "engine/reactor_thread.h"

namespace engine {
namespace {

constexpr uint64_t progress_interval_ns = 100'000'000;

// The store's own sentence says more than ours.
std::string sentence_of(const std::string& path, base::Status status, const std::string& problem) {
    if (!problem.empty()) {
        return "device " + path + ": " + problem;
    }
    return "device " + path + " cannot be opened as a store" + errno_words(status.detail());
}

}  // namespace

StoreOpening::StoreOpening(const std::string& path,
                           store::Device& device,
                           reactor::Reactor& reactor,
                           const store::StoreOptions& options,
                           EventQueue& events)
    : path_(path), device_(device), reactor_(reactor), options_(options), events_(events) {
    attempt_.opening = this;
    attempt_.done =
        [](store::Store::Opened& opened, base::Status status, std::unique_ptr<store::Store> store) {
            static_cast<Attempt&>(opened).opening->attempted(status, std::move(store));
        };
    ticker_.opening = this;
    ticker_.fire = [](reactor::Timer& timer) {
        StoreOpening& self = *static_cast<Ticker&>(timer).opening;
        self.tell_progress();
        self.reactor_.arm(timer, self.reactor_.now_ns() + progress_interval_ns);
    };
}

void StoreOpening::start(Opened opened) {
    opened_ = std::move(opened);
    run_on(reactor_, [this] {
        reactor_.arm(ticker_, reactor_.now_ns() + progress_interval_ns);
        store::Store::open(device_, reactor_, options_, attempt_);
    });
}

bool StoreOpening::may_move(State from, State to) {
    switch (from) {
        case State::opening:
            return to == State::formatting || to == State::done;
        case State::formatting:
            return to == State::reopening || to == State::done;
        case State::reopening:
            return to == State::done;
        case State::done:
            return false;
    }
    return false;
}

void StoreOpening::advance(State to) {
    CHECK(may_move(state_, to), "a store is opened, or formatted and then opened");
    state_ = to;
    // Later, not from inside the attempt that has just ended.
    if (to == State::formatting) {
        run_on(reactor_, [this] { store::Store::format(device_, reactor_, options_, attempt_); });
    } else if (to == State::reopening) {
        run_on(reactor_, [this] { store::Store::open(device_, reactor_, options_, attempt_); });
    }
}

void StoreOpening::attempted(base::Status status, std::unique_ptr<store::Store> store) {
    if (state_ == State::opening && status.code() == base::Errc::not_found) {
        advance(State::formatting);
    } else if (state_ == State::formatting && status.ok()) {
        advance(State::reopening);
    } else {
        finish(status, std::move(store));
    }
}

void StoreOpening::finish(base::Status status, std::unique_ptr<store::Store> store) {
    advance(State::done);
    reactor_.disarm(ticker_);
    Outcome outcome;
    if (status.ok()) {
        tell_progress();
    } else {
        outcome = failure(status, sentence_of(path_, status, attempt_.problem));
    }
    opened_(std::move(outcome), std::move(store));
}

void StoreOpening::tell_progress() {
    const store::RecoveryProgress& progress = attempt_.progress;
    if (progress.segments_scanned == segments_told_) {
        return;
    }
    segments_told_ = progress.segments_scanned;
    Event event;
    event.kind = EventKind::recovery;
    event.device = path_;
    event.segments_done = progress.segments_scanned;
    event.segments_total = progress.segments_total;
    event.batches_replayed = progress.batches_replayed;
    event.blocks_live = progress.blocks_live;
    events_.push(std::move(event));
}

}  // namespace engine
