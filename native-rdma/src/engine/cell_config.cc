#include "engine/cell_config.h"

#include <arpa/inet.h>
#include <string>

namespace engine {
namespace {

Outcome wrong(std::string sentence) {
    return failure(base::Errc::invalid_argument, std::move(sentence));
}

bool is_address(const std::string& text) {
    in6_addr address{};
    return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

Outcome check_members(const replication::GroupConfig& group, const std::string& name) {
    if (group.member_count == 0 || group.member_count > replication::members_max) {
        return wrong(name + ".members must be 1 to 8 nodes");
    }
    for (uint32_t index = 0; index < group.member_count; ++index) {
        const replication::Member& member = group.member_at[index];
        const std::string place = name + ".members[" + std::to_string(index) + "]";
        if (member.node.value == 0) {
            return wrong(place + ".nodeId must be 1 to 2^32 - 1");
        }
        if (member.role != replication::MemberRole::in_sync &&
            member.role != replication::MemberRole::joining) {
            return wrong(place + ".role must be in-sync or joining");
        }
        for (uint32_t other = 0; other < index; ++other) {
            if (group.member_at[other].node == member.node) {
                return wrong(place + ".nodeId is a member already");
            }
        }
    }
    return {};
}

Outcome check_group(const replication::GroupConfig& group, const std::string& name) {
    if (group.epoch.value == 0) {
        return wrong(name + ".epoch must be 1 to 2^32 - 1");
    }
    if (Outcome members = check_members(group, name); !members.ok()) {
        return members;
    }
    if (!group.in_sync(group.primary)) {
        return wrong(name + ".primary must be an in-sync member");
    }
    if (group.min_in_sync == 0 || group.min_in_sync > replication::members_max) {
        return wrong(name + ".minInSync must be 1 to 8");
    }
    const char* rest = group.invalid();
    return rest == nullptr ? Outcome{} : wrong(name + "." + rest);
}

}  // namespace

Outcome check(const Identity& identity) {
    if (identity.cell == base::Uuid{}) {
        return wrong("cellId must not be all zeroes");
    }
    if (identity.node.value == 0) {
        return wrong("nodeId must be 1 to 2^32 - 1");
    }
    if (identity.incarnation == 0) {
        return wrong("incarnation must not be 0");
    }
    return {};
}

Outcome check(const std::vector<peer::PeerAddress>& peers, base::NodeId self) {
    if (peers.size() > peers_max) {
        return wrong("peers must be at most " + std::to_string(peers_max));
    }
    for (size_t index = 0; index < peers.size(); ++index) {
        const peer::PeerAddress& peer = peers[index];
        const std::string name = "peers[" + std::to_string(index) + "]";
        if (peer.node.value == 0 || peer.node == self) {
            return wrong(name + ".nodeId must be another node's number, 1 to 2^32 - 1");
        }
        for (size_t earlier = 0; earlier < index; ++earlier) {
            if (peers[earlier].node == peer.node) {
                return wrong(name + ".nodeId is named already");
            }
        }
        if (!is_address(peer.address)) {
            return wrong(name + ".address must be an IPv4 or IPv6 address");
        }
        if (peer.port == 0) {
            return wrong(name + ".port must be 1 to 65535");
        }
    }
    return {};
}

Outcome check(const std::vector<replication::GroupConfig>& groups) {
    if (groups.size() > groups_max) {
        return wrong("groups must be at most " + std::to_string(groups_max));
    }
    for (size_t index = 0; index < groups.size(); ++index) {
        if (Outcome bad = check_group(groups[index], "groups[" + std::to_string(index) + "]");
            !bad.ok()) {
            return bad;
        }
    }
    return {};
}

}  // namespace engine
