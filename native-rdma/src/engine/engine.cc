#include "engine/engine.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/check.h"
#include "engine/scrub.h"

namespace engine {
namespace {

Outcome not_open() {
    return failure(base::Errc::closed, "the engine is closed");
}

Outcome listen_failed(const std::string& address, uint16_t port, base::Status status) {
    const std::string place = address + " port " + std::to_string(port);
    switch (status.code()) {
        case base::Errc::address_in_use:
            return failure(status, place + " is in use by another process");
        case base::Errc::invalid_argument:
            return failure(
                status, "address must be an IPv4 or IPv6 address of this machine, not " + address);
        default:
            return failure(status, "cannot listen on " + place + errno_words(status.detail()));
    }
}

}  // namespace

Engine::Engine(EventQueue& events) : events_(events) {}

Engine::~Engine() {
    std::promise<void> closed;
    close([&closed](const Outcome&) { closed.set_value(); });
    closed.get_future().wait();
}

bool Engine::may_move(State from, State to) {
    switch (from) {
        case State::idle:
            return to == State::opening || to == State::closed;
        case State::opening:
            return to == State::open || to == State::closing;
        case State::open:
            return to == State::closing;
        case State::closing:
            return to == State::closed;
        case State::closed:
            return false;
    }
    return false;
}

void Engine::move(State to) {
    CHECK(may_move(state_, to), "an engine is opened once and closed once");
    state_ = to;
}

void Engine::open(Options options, Done done) {
    control_.post([this, options = std::move(options), done = std::move(done)] {
        if (state_ != State::idle) {
            return done(not_open());
        }
        if (Outcome wrong = check(options); !wrong.ok()) {
            move(State::closed);
            return done(std::move(wrong));
        }
        move(State::opening);
        assembly_ = std::make_unique<Assembly>(options, events_, control_);
        assembly_->open([this, done](Outcome outcome) { opened(std::move(outcome), done); });
    });
}

// An engine that was to close while it opened does so now.
void Engine::opened(Outcome outcome, const Done& done) {
    if (outcome.ok() && closed_.empty()) {
        move(State::open);
        const std::lock_guard lock(mutex_);
        shared_ = assembly_.get();
        return control_.post([done] { done({}); });
    }
    opened_ = done;
    open_failure_ = outcome.ok() ? not_open() : std::move(outcome);
    move(State::closing);
    advance_close();
}

// `done` of a verb counts it down wherever it comes from.
void Engine::run_verb(std::function<void(Done)> verb, Done done) {
    control_.post([this, verb = std::move(verb), done = std::move(done)] {
        if (state_ != State::open) {
            return done(not_open());
        }
        ++verbs_;
        verb([this, done](Outcome outcome) {
            done(std::move(outcome));
            --verbs_;
            advance_close();
        });
    });
}

void Engine::listen(transport::tcp::Service service,
                    std::string address,
                    uint16_t port,
                    Done done) {
    run_verb(
        [this, service, address = std::move(address), port](const Done& answer) {
            const base::Result<uint16_t> bound = assembly_->server().listen(service, address, port);
            if (!bound) {
                return answer(listen_failed(address, port, bound.error()));
            }
            Outcome outcome;
            outcome.value = *bound;
            answer(std::move(outcome));
        },
        std::move(done));
}

void Engine::join_cell(Identity identity, Done done) {
    run_verb([this, identity](Done answer) { assembly_->cell().join(identity, std::move(answer)); },
             std::move(done));
}

void Engine::listen_to_peers(std::string address, uint16_t port, Done done) {
    run_verb(
        [this, address = std::move(address), port](const Done& answer) {
            Outcome outcome = assembly_->cell().listen(address, port);
            if (!outcome.ok() && outcome.sentence.empty()) {
                outcome = listen_failed(address, port, outcome.status);
            }
            answer(std::move(outcome));
        },
        std::move(done));
}

void Engine::set_peers(std::vector<peer::PeerAddress> peers, Done done) {
    run_verb([this, peers = std::move(peers)](
                 const Done& answer) { answer(assembly_->cell().set_peers(peers)); },
             std::move(done));
}

void Engine::set_groups(std::vector<replication::GroupConfig> groups, Done done) {
    run_verb([this, groups = std::move(groups)](
                 Done answer) { assembly_->cell().set_groups(groups, std::move(answer)); },
             std::move(done));
}

void Engine::attach_volume(VolumeConfig config, Done done) {
    run_verb([this, config = std::move(config)](
                 Done answer) { assembly_->volumes().attach(config, std::move(answer)); },
             std::move(done));
}

void Engine::attach_ram_volume(Shown shown, Done done) {
    run_verb([this, shown = std::move(shown)](
                 Done answer) { assembly_->volumes().attach_ram(shown, std::move(answer)); },
             std::move(done));
}

void Engine::detach_volume(base::VolumeId id, Done done) {
    run_verb([this, id](Done answer) { assembly_->volumes().detach(id, std::move(answer)); },
             std::move(done));
}

void Engine::delete_volume(base::VolumeId id, Done done) {
    run_verb([this, id](Done answer) { assembly_->volumes().erase(id, std::move(answer)); },
             std::move(done));
}

void Engine::set_discovery(std::vector<target::DiscoveryEntry> entries, Done done) {
    run_verb(
        [this, entries = std::move(entries)](const Done& answer) {
            if (Outcome wrong = check(entries); !wrong.ok()) {
                return answer(std::move(wrong));
            }
            const base::Status status = assembly_->target().set_discovery(entries);
            answer(status.ok() ? Outcome{}
                               : failure(status, "the target refuses the discovery entries"));
        },
        std::move(done));
}

void Engine::run_on_device(std::string path,
                           std::function<void(Device& device, Done done)> verb,
                           Done done) {
    run_verb(
        [this, path = std::move(path), verb = std::move(verb)](Done answer) {
            for (const auto& device : assembly_->devices()) {
                if (device->options.path == path) {
                    return verb(*device, std::move(answer));
                }
            }
            answer(failure(base::Errc::not_found, "there is no device " + path));
        },
        std::move(done));
}

void Engine::start_scrub(std::string device_path, uint64_t bytes_per_second, Done done) {
    run_on_device(
        std::move(device_path),
        [this, bytes_per_second](Device& device, Done answer) {
            engine::start_scrub(device, bytes_per_second, control_, std::move(answer));
        },
        std::move(done));
}

void Engine::stop_scrub(std::string device_path, Done done) {
    run_on_device(
        std::move(device_path),
        [this](Device& device, const Done& answer) {
            engine::stop_scrub(device, control_, answer);
        },
        std::move(done));
}

void Engine::close(Done done) {
    control_.post([this, done = std::move(done)] {
        if (state_ == State::idle) {
            move(State::closed);
        }
        if (state_ == State::closed) {
            return done({});
        }
        closed_.push_back(done);
        if (state_ == State::open) {
            move(State::closing);
            {
                const std::lock_guard lock(mutex_);
                shared_ = nullptr;
            }
            advance_close();
        }
    });
}

void Engine::advance_close() {
    if (state_ != State::closing || verbs_ > 0 || close_begun_) {
        return;
    }
    close_begun_ = true;
    assembly_->close([this] { assembly_closed(); });
}

void Engine::assembly_closed() {
    // Later: this is called from within the assembly.
    control_.post([this] {
        assembly_.reset();
        move(State::closed);
        if (opened_ != nullptr) {
            opened_(open_failure_);
        }
        for (const Done& done : std::exchange(closed_, {})) {
            done({});
        }
    });
}

std::optional<std::vector<DeviceStatus>> Engine::devices() {
    const std::lock_guard lock(mutex_);
    if (shared_ == nullptr) {
        return std::nullopt;
    }
    shared_->refresh_samples();
    std::vector<DeviceStatus> list;
    for (const auto& device : shared_->devices()) {
        DeviceStatus status;
        status.path = device->options.path;
        status.store_id = device->store->id();
        status.stats = shared_->stats_of(*device);
        status.flushes = device->store->durability() == store::Durability::flush;
        list.push_back(std::move(status));
    }
    return list;
}

std::optional<std::vector<target::Target::HostConnection>> Engine::connections() {
    const std::lock_guard lock(mutex_);
    if (shared_ == nullptr) {
        return std::nullopt;
    }
    return shared_->target().connections();
}

std::optional<std::vector<std::string>> Engine::features() {
    const std::lock_guard lock(mutex_);
    if (shared_ == nullptr) {
        return std::nullopt;
    }
    return shared_->features();
}

std::optional<std::vector<router::GroupView>> Engine::groups() {
    const std::lock_guard lock(mutex_);
    if (shared_ == nullptr) {
        return std::nullopt;
    }
    shared_->refresh_samples();
    std::vector<router::GroupView> list;
    for (const auto& sampler : shared_->samplers()) {
        sampler->read([&list](const Sample& sample) {
            list.insert(list.end(), sample.groups.begin(), sample.groups.end());
        });
    }
    std::ranges::sort(list, {}, &router::GroupView::pg);
    return list;
}

std::optional<std::vector<peer::PeerStatus>> Engine::peers() {
    const std::lock_guard lock(mutex_);
    if (shared_ == nullptr) {
        return std::nullopt;
    }
    return shared_->cell().peers();
}

bool Engine::read_counters(std::span<uint64_t> counters) {
    const std::lock_guard lock(mutex_);
    if (shared_ == nullptr) {
        return false;
    }
    shared_->refresh_samples();
    engine::read_counters({shared_->reactors(),
                           shared_->samplers(),
                           shared_->server().counters(),
                           shared_->volumes().count(),
                           shared_->cell().counters()},
                          counters);
    return true;
}

}  // namespace engine
