// What a store must hold: acknowledged changes, then any number of the pending ones in order.
//
// Every block that is written is filled with one mark, unlike any other of the same run: a read
// block tells which change it came from, and a block of the device whose it is.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "sim_trace.h"

namespace test {

// The blocks that a run touches, in each of its volumes.
struct SimShape {
    uint32_t volumes = 2;
    uint32_t extents = 2;
    uint32_t extent_blocks = 256;
    std::array<uint32_t, 4> first_block{};  // Of each extent: the touched ones lie behind it.

    [[nodiscard]] uint32_t volume_blocks() const { return extents * extent_blocks; }
    [[nodiscard]] static base::ExtentId extent(uint64_t volume, uint32_t extent) {
        return {base::VolumeId{volume}, extent, base::PgId{extent}};
    }
};

struct SimChange {
    enum class Kind : uint8_t { write, deallocate, delete_volume };
    Kind kind = Kind::write;
    uint64_t number = 0;  // From 1, over the whole run.
    uint64_t volume = 0;
    uint32_t first = 0;  // In the volume's touched blocks, extent after extent.
    uint32_t count = 0;

    static uint64_t mark(uint64_t number, uint64_t volume, uint32_t block) {
        return number << 40 | volume << 24 | block;
    }
    static uint64_t number_of(uint64_t mark) { return mark >> 40; }
    static uint64_t without_number(uint64_t mark) { return mark << 24 >> 24; }
};

class StoreModel {
  public:
    static constexpr uint64_t unreadable = ~uint64_t{0};
    using Marks = std::vector<uint64_t>;          // Of a volume's touched blocks, 0: zeroes.
    using State = std::map<uint64_t, Marks>;      // By volume; one that is not there is all zeroes.
    using Damage = std::unordered_set<uint64_t>;  // Marks whose blocks a lie has hit.

    explicit StoreModel(const SimShape& shape) : shape_(shape) {}

    void submitted(const SimChange& change, uint64_t now_ns) {
        pending_.push_back(change);
        submitted_ns_[change.number] = now_ns;
    }
    // Null when the store does not acknowledge in the order of submission.
    [[nodiscard]] std::optional<SimChange> acknowledged(uint64_t number, uint64_t now_ns);
    // It failed and the store went on. It must not be seen, but the device may have done it all the
    // same, which shows after a crash as long as nothing was acknowledged since.
    void refused(uint64_t number);
    // This change is in the log on the device: it tells that what was acknowledged before it was
    // submitted must be there too.
    void settle(uint64_t number);

    // Of a pending change.
    [[nodiscard]] bool is_write(uint64_t number) const;
    [[nodiscard]] uint64_t value(uint64_t volume, uint32_t block) const;
    [[nodiscard]] const State& state() const { return acknowledged_; }
    [[nodiscard]] uint64_t live_blocks() const;
    [[nodiscard]] uint64_t pending_blocks() const;
    // Volumes that may hold something, and the last that were deleted.
    [[nodiscard]] std::vector<uint64_t> volumes() const;

    // The store was opened and holds `found`: whether it may, and then that is what it must hold.
    // A block that cannot be read is right where `damage` has what it should be, or everywhere.
    [[nodiscard]] bool recovered(const State& found, const Damage& damage, bool damage_anywhere);
    // Whether `found` is what was there when the device last proved itself, and any of the changes
    // behind that.
    [[nodiscard]] bool rolled_back(const State& found) const;
    // Tells the first blocks that differ from what was acknowledged.
    void describe_difference(const State& found, SimTrace& trace) const;

  private:
    struct Recent {
        SimChange change;
        uint64_t acknowledged_ns = 0;
    };
    struct Judge;

    void apply(const SimChange& change, State& state) const;
    [[nodiscard]] bool explained(const State& found, const State& state, const Judge& judge) const;
    void start_over(const State& state);

    SimShape shape_;
    State acknowledged_;
    std::deque<SimChange> pending_;
    std::deque<SimChange> doubtful_;
    State settled_;
    std::deque<Recent> unsettled_;
    std::map<uint64_t, uint64_t> submitted_ns_;  // By number, in this life.
    std::deque<uint64_t> deleted_;
};

}  // namespace test
