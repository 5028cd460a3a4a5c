#include "engine/assembly.h"

#include <cerrno>
#include <utility>

#include "engine/features.h"

namespace engine {
namespace {

// How long a close waits for commands that are under way.
constexpr uint64_t patience_ns = 1'000'000'000;

Outcome no_reactor(base::Status status) {
    if (status.code() == base::Errc::unsupported) {
        return failure(status,
                       "this process may not use io_uring" + errno_words(status.detail()) +
                           ": see /proc/sys/kernel/io_uring_disabled and, in a container, its "
                           "seccomp profile");
    }
    return failure(status, "a reactor cannot be started" + errno_words(status.detail()));
}

}  // namespace

Assembly::Assembly(Options options, EventQueue& events, ControlThread& control)
    : options_(std::move(options)),
      events_(events),
      control_(control),
      tell_(events, options_.extent_bytes) {}

Assembly::~Assembly() = default;

void Assembly::open(Done done) {
    opened_ = std::move(done);
    if (Outcome reactors = make_reactors(); !reactors.ok()) {
        return opened_(std::move(reactors));
    }
    register_pools(reactors_, control_, [this](uint32_t error) { pools_registered(error); });
}

Outcome Assembly::make_reactors() {
    for (uint32_t index = 0; index < options_.reactor_count; ++index) {
        reactor::Options options;
        options.index = index;
        options.poll_us = options_.poll_us;
        if (!options_.cpus.empty()) {
            options.cpu = static_cast<int32_t>(options_.cpus[index]);
        }
        auto thread =
            ReactorThread::create(options, options_.buffer_bytes / options_.reactor_count);
        if (!thread) {
            return no_reactor(thread.error());
        }
        reactors_.push_back(std::move(*thread));
    }
    return {};
}

void Assembly::pools_registered(uint32_t error) {
    if (error == 0) {
        for (size_t index = 0; index < reactors_.size(); ++index) {
            reactors_[index]->pool().set_registered_index(static_cast<uint16_t>(index));
        }
    }
    registration_error_ = error;
    if (Outcome devices = make_devices(); !devices.ok()) {
        return opened_(std::move(devices));
    }
    open_stores();
}

Outcome Assembly::make_devices() {
    for (const DeviceOptions& options : options_.devices) {
        auto device = std::make_unique<Device>();
        device->options = options;
        device->home = reactors_[devices_.size() % reactors_.size()].get();
        devices_.push_back(std::move(device));
        if (Outcome opened = open_file(*devices_.back()); !opened.ok()) {
            return opened;
        }
        if (Outcome refused = refuse_foreign(*devices_.back()); !refused.ok()) {
            return refused;
        }
    }
    return {};
}

// All at once: recovery is as long as that of the slowest device.
void Assembly::open_stores() {
    const auto join = Join::create(control_, devices_.size(), [this] { stores_opened(); });
    for (const auto& entry : devices_) {
        Device& device = *entry;
        store::StoreOptions options;
        options.durability = device.options.durability;
        options.segment_bytes = options_.segment_bytes;
        options.checkpoint_log_bytes = options_.checkpoint_log_bytes;
        options.index_bytes_max = options_.index_bytes_max;
        options.observer = &tell_;
        device.opening = std::make_unique<StoreOpening>(
            device.options.path, *device.file, device.home->reactor(), options, events_);
        device.opening->start(
            [&device, join](Outcome outcome, std::unique_ptr<store::Store> store) {
                device.opened = std::move(outcome);
                device.store = std::move(store);
                join->arrive();
            });
    }
}

void Assembly::stores_opened() {
    for (const auto& device : devices_) {
        if (!device->opened.ok()) {
            return opened_(device->opened);
        }
    }
    compose();
    opened_({});
}

void Assembly::compose() {
    for (const auto& device : devices_) {
        reactor::Reactor& reactor = device->home->reactor();
        tell_.name_store(device->store->id(), device->options.path, device->file.get());
        device->shard = std::make_unique<router::Shard>(
            reactor, &reactor, *device->store, &tell_, uint64_t{options_.io_wait_ms} * 1'000'000);
        shards_.push_back(device->shard.get());
    }
    std::vector<reactor::Reactor*> reactors;
    std::vector<memory::BufferPool*> pools;
    for (const auto& thread : reactors_) {
        reactors.push_back(&thread->reactor());
        pools.push_back(&thread->pool());
        std::vector<router::Shard*> here;
        for (router::Shard* shard : shards_) {
            if (shard->reactor() == &thread->reactor()) {
                here.push_back(shard);
            }
        }
        samplers_.push_back(std::make_unique<Sampler>(thread->reactor(), thread->pool(), here));
    }
    if (!shards_.empty()) {
        router_ = std::make_unique<router::Router>(shards_);
    }
    cell_ = std::make_unique<Cell>(Cell::Parts{control_, reactors_, router_.get(), tell_});
    target::TargetOptions options;
    options.controller_id_first = options_.controller_id_first;
    options.controller_id_last = options_.controller_id_last;
    options.io_queues_max = options_.io_queues;
    options.firmware_revision = options_.firmware_revision;
    options.observer = &tell_;
    target_ = std::make_unique<target::Target>(options, reactors);
    volumes_ = std::make_unique<Volumes>(
        Volumes::Parts{control_, *target_, reactors_, router_.get(), options_.extent_bytes, tell_});
    server_ = std::make_unique<transport::tcp::Server>(
        transport::tcp::ServerOptions{}, *target_, reactors, pools);
    features_ = describe_features(reactors_, devices_, registration_error_);
}

void Assembly::refresh_samples() {
    for (const auto& sampler : samplers_) {
        sampler->ask();
    }
    for (const auto& sampler : samplers_) {
        sampler->await();
    }
}

// The n-th store of a reactor is that of its n-th device.
store::StoreStats Assembly::stats_of(const Device& device) {
    size_t place = 0;
    for (size_t index = 0; devices_[index].get() != &device; ++index) {
        place += devices_[index]->home == device.home ? 1 : 0;
    }
    const size_t home = device.home->reactor().index();
    store::StoreStats stats;
    samplers_[home]->read([&](const Sample& sample) { stats = sample.stores[place]; });
    return stats;
}

void Assembly::close(std::function<void()> done) {
    closed_ = std::move(done);
    if (server_ == nullptr) {
        return close_stores();
    }
    cell_->stop_waiting();
    patience_.assembly = this;
    patience_.fire = [](reactor::Timer& timer) {
        Assembly& self = *static_cast<Patience&>(timer).assembly;
        self.control_.post([&self] { self.close_cell(); });
    };
    reactor::Reactor& first = reactors_.front()->reactor();
    run_on(first, [this, &first] { first.arm(patience_, first.now_ns() + patience_ns); });
    server_->close(control_.later([this] { close_target(); }));
}

void Assembly::close_target() {
    target_->close(control_.later([this] { target_closed(); }));
}

void Assembly::target_closed() {
    reactor::Reactor& first = reactors_.front()->reactor();
    run_on(first, [this, &first] {
        first.disarm(patience_);
        control_.post([this] {
            target_closed_ = true;
            close_cell();
            close_stores();
        });
    });
}

void Assembly::close_cell() {
    if (!cell_closing_) {
        cell_closing_ = true;
        cell_->close([this] {
            cell_closed_ = true;
            close_stores();
        });
    }
}

void Assembly::close_stores() {
    if (server_ != nullptr && !(target_closed_ && cell_closed_)) {
        return;
    }
    std::vector<Device*> open;
    for (const auto& device : devices_) {
        if (device->store != nullptr) {
            open.push_back(device.get());
        }
    }
    const auto join = Join::create(control_, open.size(), [this] { stop(); });
    for (Device* device : open) {
        device->closing.run = [](reactor::Task& task) {
            static_cast<Device::Closing&>(task).join->arrive();
        };
        device->closing.join = join;
        run_on(device->home->reactor(), [device] { device->store->close(device->closing); });
    }
}

// All else may go once no reactor runs any more.
void Assembly::stop() {
    for (const auto& thread : reactors_) {
        thread->stop();
    }
    for (const auto& device : devices_) {
        if (server_ == nullptr) {
            remove_made(*device);
        }
    }
    closed_();
}

}  // namespace engine
