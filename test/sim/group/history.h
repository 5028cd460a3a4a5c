// What clients have asked and heard, and whether one order of all of it explains every answer:
// linearizability of each block as a register.
//
// The order of calls and answers is that of `moment`, which grows with each. An operation without
// an answer may have happened at any time after its call, up to its `end` when it has one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "sim_trace.h"

namespace test {

struct HistoryOp {
    enum class Kind : uint8_t { read, write, deallocate };
    enum class Fate : uint8_t {
        unknown,  // No answer, or one that leaves it open.
        done,
        never,  // It was refused: it must not be seen.
    };
    static constexpr uint64_t open_end = ~uint64_t{0};
    Kind kind = Kind::read;
    Fate fate = Fate::unknown;
    uint64_t number = 0;  // From 1; a write's value.
    uint64_t volume = 0;
    uint32_t extent = 0;
    uint32_t first = 0;  // Of the extent's touched blocks.
    uint32_t count = 0;
    base::Fence fence;
    uint64_t called = 0;  // Moments.
    uint64_t answered = open_end;
    std::vector<uint64_t> values;  // Of a read, for each block: the writing operation, 0: zeroes.
};

class History {
  public:
    // The operation's number.
    [[nodiscard]] uint64_t begin(HistoryOp&& op);
    [[nodiscard]] HistoryOp& at(uint64_t number) { return ops_[number - 1]; }
    void answer(uint64_t number, HistoryOp::Fate fate);
    // A sentence; empty: all is right.
    [[nodiscard]] std::string check(SimTrace& trace);
    [[nodiscard]] size_t size() const { return ops_.size(); }

  private:
    struct Register;
    [[nodiscard]] std::string apply_fences();
    [[nodiscard]] std::string check_extent(uint64_t volume, uint32_t extent, SimTrace& trace);
    [[nodiscard]] static bool explained(const std::vector<const HistoryOp*>& ops, uint32_t block);

    std::vector<HistoryOp> ops_;
    uint64_t moment_ = 0;
};

}  // namespace test
