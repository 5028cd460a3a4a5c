// Who keeps a placement group: what control decided, by compare-and-swap, one epoch after the
// other.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/ids.h"

namespace replication {

inline constexpr uint32_t members_max = 8;  // Three copies, one that leaves, and what joins.

enum class MemberRole : uint8_t {
    in_sync = 1,  // Has every acknowledged write; may become primary.
    joining = 2,  // Is being brought level.
};

// A node and its disks: one with a replaced disk has another number.
struct Member {
    base::NodeId node;
    MemberRole role = MemberRole::joining;
    constexpr bool operator==(const Member&) const = default;
};

struct GroupConfig {
    base::PgId pg;
    base::Epoch epoch;         // From 1 on; 0: none is known.
    base::NodeId primary;      // One of the in-sync members.
    uint32_t min_in_sync = 1;  // With fewer, writes wait and reads go on.
    uint32_t member_count = 0;
    std::array<Member, members_max> member_at;

    [[nodiscard]] std::span<const Member> members() const {
        return {member_at.data(), member_count};
    }
    [[nodiscard]] const Member* find(base::NodeId node) const {
        for (const Member& member : members()) {
            if (member.node == node) {
                return &member;
            }
        }
        return nullptr;
    }
    [[nodiscard]] bool in_sync(base::NodeId node) const {
        const Member* member = find(node);
        return member != nullptr && member->role == MemberRole::in_sync;
    }
    [[nodiscard]] uint32_t in_sync_count() const {
        uint32_t count = 0;
        for (const Member& member : members()) {
            count += member.role == MemberRole::in_sync ? 1 : 0;
        }
        return count;
    }
    // Why it cannot be one, as a sentence; null when it can.
    [[nodiscard]] const char* invalid() const;
    bool operator==(const GroupConfig& other) const;
};

}  // namespace replication
