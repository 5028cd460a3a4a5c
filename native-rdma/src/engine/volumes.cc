#include "engine/volumes.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/volume_erasure.h"

namespace engine {
namespace {

std::string name_of(base::VolumeId id) {
    return "volume " + std::to_string(id.value);
}

Outcome busy(base::VolumeId id) {
    return failure(base::Errc::busy,
                   name_of(id) + " is being changed: try again when that is done");
}

// What a volume keeps for as long as it is attached.
Outcome check_same(const Shown& held, const Shown& wanted) {
    if (held.subsystem_nqn != wanted.subsystem_nqn || held.uuid != wanted.uuid ||
        held.serial != wanted.serial || held.model != wanted.model) {
        return failure(base::Errc::already_exists,
                       name_of(held.id) + " is attached under another NQN, UUID, serial or model");
    }
    if (wanted.block_count < held.block_count) {
        return failure(base::Errc::invalid_argument,
                       "blockCount would shrink " + name_of(held.id) + " from " +
                           std::to_string(held.block_count) + " blocks to " +
                           std::to_string(wanted.block_count));
    }
    return {};
}

// Blocks are found by their extent's PG, so an attached extent keeps it.
Outcome check_growing(const VolumeConfig& held, const VolumeConfig& wanted) {
    const auto& before = held.extent_map;
    const auto& after = wanted.extent_map;
    if (after.size() < before.size() || !std::equal(before.begin(), before.end(), after.begin())) {
        return failure(base::Errc::invalid_argument,
                       "extentMap moves or drops extents that " + name_of(held.shown.id) +
                           " has: an attached volume's map may only grow");
    }
    return {};
}

}  // namespace

Volumes::Volumes(const Parts& parts) : parts_(parts) {}

Volumes::~Volumes() = default;

std::vector<volume::Backing*> Volumes::Served::backings() const {
    std::vector<volume::Backing*> list;
    list.reserve(volumes.size() + ram.size());
    for (const auto& volume : volumes) {
        list.push_back(volume.get());
    }
    for (const auto& backing : ram) {
        list.push_back(backing.get());
    }
    return list;
}

bool Volumes::may_move(State from, State to) {
    switch (from) {
        case State::changing:
            return to == State::shown;
        case State::shown:
            return to == State::changing || to == State::hiding;
        case State::hiding:
            return false;
    }
    return false;
}

void Volumes::move(Served& served, State to) {
    CHECK(may_move(served.state, to), "a volume is changed or hidden only while it is shown");
    served.state = to;
}

void Volumes::attach(VolumeConfig config, Done done) {
    if (Outcome wrong = check(config, parts_.extent_bytes); !wrong.ok()) {
        return done(std::move(wrong));
    }
    if (parts_.router == nullptr) {
        return done(failure(base::Errc::unsupported,
                            "this engine was opened without devices: it has no place for " +
                                name_of(config.shown.id)));
    }
    if (Outcome stale = check_fence(config.shown.id, config.fence); !stale.ok()) {
        return done(std::move(stale));
    }
    if (holds(config.shown.id)) {
        return change(std::move(config), std::move(done));
    }
    if (erasing_.contains(config.shown.id)) {
        return done(busy(config.shown.id));
    }
    auto served = serve_extents(config);
    attach_new(std::move(config), std::move(served), std::move(done));
}

void Volumes::attach_ram(Shown shown, Done done) {
    if (Outcome wrong = check(shown); !wrong.ok()) {
        return done(std::move(wrong));
    }
    VolumeConfig config;
    config.shown = std::move(shown);
    if (holds(config.shown.id)) {
        return change(std::move(config), std::move(done));
    }
    auto region = volume::RamRegion::create(config.shown.block_count);
    if (!region) {
        return done(failure(region.error(),
                            "there is no memory for " + name_of(config.shown.id) +
                                errno_words(region.error().detail())));
    }
    auto served = std::make_unique<Served>();
    served->region = std::move(*region);
    for (const auto& thread : parts_.reactors) {
        served->ram.push_back(std::make_unique<volume::RamBacking>(
            *served->region, thread->reactor(), &thread->meter()));
    }
    attach_new(std::move(config), std::move(served), std::move(done));
}

Outcome Volumes::check_fence(base::VolumeId id, base::Fence fence) const {
    const auto seen = fences_.find(id);
    if (seen != fences_.end() && fence < seen->second) {
        return failure(base::Errc::stale_fence,
                       name_of(id) + " has been attached with fence " +
                           std::to_string(seen->second.value) + ": " + std::to_string(fence.value) +
                           " is older");
    }
    return {};
}

// Two volumes that hosts could take for one another are never shown.
Outcome Volumes::check_new(const Shown& shown) const {
    for (const auto& [id, served] : volumes_) {
        const Shown& other = served->config.shown;
        if (other.subsystem_nqn == shown.subsystem_nqn || other.uuid == shown.uuid) {
            return failure(base::Errc::already_exists,
                           name_of(id) + " is attached under this subsystemNqn or uuid");
        }
    }
    return {};
}

std::unique_ptr<Volumes::Served> Volumes::serve_extents(const VolumeConfig& config) const {
    auto served = std::make_unique<Served>();
    const router::Places places = parts_.router->places(config.extent_map);
    for (const auto& thread : parts_.reactors) {
        auto volume = std::make_unique<volume::Volume>(config.shown.id,
                                                       parts_.extent_bytes,
                                                       thread->reactor(),
                                                       &thread->reactor(),
                                                       &parts_.observer,
                                                       &thread->meter());
        volume->configure(config.shown.block_count, places, config.fence);
        served->volumes.push_back(std::move(volume));
    }
    return served;
}

void Volumes::attach_new(VolumeConfig config, std::unique_ptr<Served> served, Done done) {
    const base::VolumeId id = config.shown.id;
    if (Outcome taken = check_new(config.shown); !taken.ok()) {
        return done(std::move(taken));
    }
    served->config = config;
    add(id, std::move(served));
    show(std::move(config), First::yes, std::move(done));
}

Outcome Volumes::check_change(const Served& served, const VolumeConfig& config) {
    if (Outcome other = check_same(served.config.shown, config.shown); !other.ok()) {
        return other;
    }
    const bool in_memory = served.region != nullptr;
    if (in_memory != config.extent_map.empty()) {
        return failure(
            base::Errc::already_exists,
            name_of(config.shown.id) + (in_memory ? " is one in memory" : " has extents"));
    }
    if (in_memory && config.shown.block_count != served.config.shown.block_count) {
        return failure(base::Errc::unsupported, "a volume in memory keeps its size");
    }
    return check_growing(served.config, config);
}

void Volumes::change(VolumeConfig config, Done done) {
    Served& served = *volumes_.at(config.shown.id);
    if (served.state != State::shown) {
        return done(busy(config.shown.id));
    }
    if (Outcome wrong = check_change(served, config); !wrong.ok()) {
        return done(std::move(wrong));
    }
    move(served, State::changing);
    if (served.volumes.empty()) {
        return show(std::move(config), First::no, std::move(done));
    }
    // Every reactor knows the new blocks and fence before a host hears of them.
    const router::Places places = parts_.router->places(config.extent_map);
    const uint64_t block_count = config.shown.block_count;
    const base::Fence fence = config.fence;
    const auto join = Join::create(
        parts_.control, served.volumes.size(), [this, config = std::move(config), done] {
            show(config, First::no, done);
        });
    for (size_t i = 0; i < served.volumes.size(); ++i) {
        volume::Volume& volume = *served.volumes[i];
        run_on(parts_.reactors[i]->reactor(), [&volume, block_count, places, fence, join] {
            volume.configure(block_count, places, fence);
            join->arrive();
        });
    }
}

void Volumes::show(VolumeConfig config, First first, Done done) {
    const base::VolumeId id = config.shown.id;
    Served& served = *volumes_.at(id);
    target::SubsystemConfig subsystem;
    subsystem.nqn = config.shown.subsystem_nqn;
    subsystem.serial = config.shown.serial;
    subsystem.model = config.shown.model;
    subsystem.uuid = config.shown.uuid;
    subsystem.allowed_hosts = config.shown.allowed_hosts;
    subsystem.block_count = config.shown.block_count;
    subsystem.backings = served.backings();
    const auto shown = parts_.control.later([this, config, done] {
        Served& now = *volumes_.at(config.shown.id);
        now.config = config;
        move(now, State::shown);
        done({});
    });
    const base::Status status = parts_.target.put_subsystem(subsystem, shown);
    if (status.ok()) {
        fences_[id] = std::max(fences_[id], config.fence);
        return;
    }
    if (first == First::yes) {
        remove(id);
    } else {
        move(served, State::shown);
    }
    done(failure(status, "the target refuses the subsystem of " + name_of(id)));
}

void Volumes::detach(base::VolumeId id, Done done) {
    const auto found = volumes_.find(id);
    if (found == volumes_.end()) {
        return done({});
    }
    Served& served = *found->second;
    if (served.state != State::shown) {
        return done(busy(id));
    }
    const auto hidden = parts_.control.later([this, id, done] {
        remove(id);
        done({});
    });
    const base::Status status =
        parts_.target.remove_subsystem(served.config.shown.subsystem_nqn, hidden);
    if (!status.ok()) {
        return done(failure(status, "the target refuses to let go of " + name_of(id)));
    }
    move(served, State::hiding);
}

void Volumes::erase(base::VolumeId id, Done done) {
    if (holds(id)) {
        return done(failure(base::Errc::busy, name_of(id) + " is attached: detach it first"));
    }
    if (parts_.router == nullptr) {
        return done({});
    }
    if (!erasing_.insert(id).second) {
        return done(busy(id));
    }
    erase_volume(parts_.router->shards(), id, parts_.control, [this, id, done](Outcome outcome) {
        erasing_.erase(id);
        done(std::move(outcome));
    });
}

void Volumes::add(base::VolumeId id, std::unique_ptr<Served> served) {
    volumes_.emplace(id, std::move(served));
    count_ = volumes_.size();
}

void Volumes::remove(base::VolumeId id) {
    volumes_.erase(id);
    count_ = volumes_.size();
}

}  // namespace engine
