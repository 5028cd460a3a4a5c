#include "replication/group_config.h"

#include <algorithm>

namespace replication {

const char* GroupConfig::invalid() const {
    if (epoch.value == 0) {
        return "epoch: expected 1 or more";
    }
    if (member_count == 0 || member_count > members_max) {
        return "members: expected 1 to 8";
    }
    for (uint32_t index = 0; index < member_count; ++index) {
        const Member& member = member_at[index];
        if (member.role != MemberRole::in_sync && member.role != MemberRole::joining) {
            return "role: expected in-sync or joining";
        }
        for (uint32_t other = 0; other < index; ++other) {
            if (member_at[other].node == member.node) {
                return "members: each node once";
            }
        }
    }
    if (!in_sync(primary)) {
        return "primary: expected an in-sync member";
    }
    if (min_in_sync == 0 || min_in_sync > members_max) {
        return "min_in_sync: expected 1 to 8";
    }
    return nullptr;
}

bool GroupConfig::operator==(const GroupConfig& other) const {
    return pg == other.pg && epoch == other.epoch && primary == other.primary &&
           min_in_sync == other.min_in_sync && std::ranges::equal(members(), other.members());
}

}  // namespace replication
