// The last deallocations on a member, and how they lie in its store: a ring of blocks.
//
// Blocks that are not there have no version. So this is what a member that comes back has to be
// told of them, and, after a restart, which of them are above the commit point.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "replication/message.h"

namespace replication {

// A block of the ring. Little-endian.
struct TrimBlock {
    static constexpr uint64_t expected_magic = 0x31'6d'69'72'74'68'73'61;  // "ashtrim1"
    static constexpr uint32_t entries_max = 126;
    struct Entry {
        uint64_t volume = 0;
        uint64_t counter = 0;
        uint32_t epoch = 0;
        uint32_t extent = 0;
        uint32_t first_block = 0;
        uint32_t block_count = 0;
    };
    uint64_t magic = expected_magic;
    uint32_t pg = 0;
    uint32_t count = 0;
    uint64_t sequence = 0;  // Of all blocks that were ever begun, from 0.
    uint64_t dropped_counter = 0;
    uint32_t dropped_epoch = 0;  // The highest version that the ring has held and does not.
    std::array<uint8_t, 28> reserved{};
    std::array<Entry, entries_max> entries{};
};
static_assert(sizeof(TrimBlock) == base::limits::block_bytes);

class TrimLog {
  public:
    static constexpr uint32_t blocks = 32;
    static constexpr uint32_t trims_max = blocks * TrimBlock::entries_max;
    // Before begin(): nothing is known.
    static constexpr base::Version never{base::Epoch{0xffff'ffff}, 0};

    // No deallocation above this is missed from now on.
    void begin(base::Version known_above) { known_above_ = known_above; }
    void forget() { known_above_ = never; }
    [[nodiscard]] bool begun() const { return known_above_ != never; }
    [[nodiscard]] base::Version known_above() const { return known_above_; }

    void add(base::Version version, const Range& range);
    [[nodiscard]] bool knows(base::Version above) const {
        return above >= known_above_ && above >= dropped_;
    }
    // The highest version that was noted and is not any more.
    [[nodiscard]] base::Version dropped() const { return dropped_; }

    struct Trim {
        base::Version version;
        Range range;
    };
    [[nodiscard]] const std::deque<Trim>& trims() const { return trims_; }
    [[nodiscard]] std::vector<Range> since(base::Version above) const;

    // The block of the ring that holds the last one, and where in the ring it is.
    // Requires: there is one.
    [[nodiscard]] TrimBlock newest(base::PgId pg) const;
    [[nodiscard]] uint32_t newest_place() const;
    // What an earlier run has written. False: it is not a ring's, and nothing is taken of it.
    [[nodiscard]] bool load(base::PgId pg, const uint8_t* ring);

  private:
    [[nodiscard]] bool take(const TrimBlock& block);

    std::deque<Trim> trims_;  // Those of whole blocks, and of the one that is being filled.
    uint64_t next_ = 0;       // Of all that were ever noted.
    base::Version dropped_;
    base::Version known_above_ = never;
};

}  // namespace replication
