#include "store_model.h"

#include <algorithm>
#include <utility>

namespace test {

namespace {

uint64_t at(const StoreModel::State& state, uint64_t volume, uint32_t block) {
    const auto found = state.find(volume);
    return found == state.end() ? 0 : found->second[block];
}

}  // namespace

struct StoreModel::Judge {
    const Damage* damage = nullptr;
    bool damage_anywhere = false;
    const std::deque<SimChange>* also = nullptr;  // Changes of which any part may show.

    [[nodiscard]] bool accepts(uint64_t volume,
                               uint32_t block,
                               uint64_t found,
                               uint64_t right) const {
        if (found == right) {
            return true;
        }
        if (found == unreadable) {
            return damage_anywhere || (damage != nullptr && damage->contains(right));
        }
        return std::any_of(also->begin(), also->end(), [&](const SimChange& change) {
            return change.volume == volume && found == seen_after(change, block);
        });
    }
    // What `change` leaves in a block; unreadable when it does not touch it.
    static uint64_t seen_after(const SimChange& change, uint32_t block) {
        if (change.kind == SimChange::Kind::delete_volume) {
            return 0;
        }
        if (block < change.first || block >= change.first + change.count) {
            return unreadable;
        }
        return change.kind == SimChange::Kind::deallocate
                   ? 0
                   : SimChange::mark(change.number, change.volume, block);
    }
};

std::optional<SimChange> StoreModel::acknowledged(uint64_t number, uint64_t now_ns) {
    if (pending_.empty() || pending_.front().number != number) {
        return std::nullopt;
    }
    const SimChange change = pending_.front();
    pending_.pop_front();
    apply(change, acknowledged_);
    unsettled_.push_back({change, now_ns});
    doubtful_.clear();
    if (change.kind == SimChange::Kind::delete_volume) {
        deleted_.push_back(change.volume);
        if (deleted_.size() > 2) {
            deleted_.pop_front();
        }
    }
    return change;
}

void StoreModel::refused(uint64_t number) {
    const auto found =
        std::find_if(pending_.begin(), pending_.end(), [number](const SimChange& change) {
            return change.number == number;
        });
    doubtful_.push_back(*found);
    pending_.erase(found);
}

void StoreModel::settle(uint64_t number) {
    const auto found = submitted_ns_.find(number);
    while (found != submitted_ns_.end() && !unsettled_.empty() &&
           unsettled_.front().acknowledged_ns < found->second) {
        apply(unsettled_.front().change, settled_);
        unsettled_.pop_front();
    }
}

bool StoreModel::is_write(uint64_t number) const {
    return std::any_of(pending_.begin(), pending_.end(), [number](const SimChange& change) {
        return change.number == number && change.kind == SimChange::Kind::write;
    });
}

uint64_t StoreModel::value(uint64_t volume, uint32_t block) const {
    return at(acknowledged_, volume, block);
}

uint64_t StoreModel::live_blocks() const {
    uint64_t live = 0;
    for (const auto& [volume, marks] : acknowledged_) {
        live += marks.size() -
                static_cast<uint64_t>(std::count(marks.begin(), marks.end(), uint64_t{0}));
    }
    return live;
}

uint64_t StoreModel::pending_blocks() const {
    uint64_t blocks = 0;
    for (const SimChange& change : pending_) {
        blocks += change.kind == SimChange::Kind::write ? change.count : 0;
    }
    return blocks;
}

std::vector<uint64_t> StoreModel::volumes() const {
    std::vector<uint64_t> volumes(deleted_.begin(), deleted_.end());
    for (const auto& [volume, marks] : acknowledged_) {
        volumes.push_back(volume);
    }
    for (const SimChange& change : pending_) {
        volumes.push_back(change.volume);
    }
    for (const SimChange& change : doubtful_) {
        volumes.push_back(change.volume);
    }
    std::sort(volumes.begin(), volumes.end());
    volumes.erase(std::unique(volumes.begin(), volumes.end()), volumes.end());
    return volumes;
}

void StoreModel::apply(const SimChange& change, State& state) const {
    if (change.kind == SimChange::Kind::delete_volume) {
        state.erase(change.volume);
        return;
    }
    Marks& marks = state[change.volume];
    marks.resize(shape_.volume_blocks());
    for (uint32_t block = change.first; block < change.first + change.count; ++block) {
        marks[block] = Judge::seen_after(change, block);
    }
}

bool StoreModel::explained(const State& found, const State& state, const Judge& judge) const {
    for (const auto& [volume, marks] : found) {
        for (uint32_t block = 0; block < marks.size(); ++block) {
            if (!judge.accepts(volume, block, marks[block], at(state, volume, block))) {
                return false;
            }
        }
    }
    return true;
}

bool StoreModel::recovered(const State& found, const Damage& damage, bool damage_anywhere) {
    const std::deque<SimChange> none;
    Judge judge{&damage, damage_anywhere, &none};
    State state = acknowledged_;
    // Exactly some prefix, or one with parts of what was refused.
    for (const std::deque<SimChange>* also : {&none, &std::as_const(doubtful_)}) {
        judge.also = also;
        state = acknowledged_;
        for (size_t applied = 0; applied <= pending_.size(); ++applied) {
            if (applied > 0) {
                apply(pending_[applied - 1], state);
            }
            if (!explained(found, state, judge)) {
                continue;
            }
            for (const auto& [volume, marks] : found) {
                for (uint32_t block = 0; block < marks.size(); ++block) {
                    if (marks[block] != unreadable && marks[block] != at(state, volume, block)) {
                        state[volume].resize(shape_.volume_blocks());
                        state[volume][block] = marks[block];
                    }
                }
            }
            start_over(state);
            return true;
        }
    }
    return false;
}

bool StoreModel::rolled_back(const State& found) const {
    std::deque<SimChange> also = doubtful_;
    for (const Recent& recent : unsettled_) {
        also.push_back(recent.change);
    }
    also.insert(also.end(), pending_.begin(), pending_.end());
    return explained(found, settled_, {nullptr, true, &also});
}

void StoreModel::describe_difference(const State& found, SimTrace& trace) const {
    uint32_t told = 0;
    for (const auto& [volume, marks] : found) {
        for (uint32_t block = 0; block < marks.size() && told < 10; ++block) {
            const uint64_t right = at(acknowledged_, volume, block);
            if (marks[block] != right && marks[block] != unreadable) {
                trace.add(
                    0, "differs: block", volume << 32 | block, right >> 40, marks[block] >> 40);
                ++told;
            }
        }
    }
    trace.add(0,
              "pending, refused",
              pending_.size(),
              doubtful_.size(),
              pending_.empty() ? 0 : pending_.front().number);
}

void StoreModel::start_over(const State& state) {
    acknowledged_ = state;
    settled_ = state;
    unsettled_.clear();
    submitted_ns_.clear();
    pending_.clear();
    doubtful_.clear();
}

}  // namespace test
