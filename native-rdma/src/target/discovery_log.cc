#include "target/discovery_log.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace target {
namespace {

using Entries = std::vector<DiscoveryEntry>;

auto key(const DiscoveryEntry& entry) {
    return std::tie(entry.host_nqn, entry.subsystem_nqn, entry.address, entry.port);
}

bool same(const Entries& left, const Entries& right) {
    return std::ranges::equal(left, right, [](const DiscoveryEntry& a, const DiscoveryEntry& b) {
        return key(a) == key(b);
    });
}

// In one order, whatever order control gave them in; no entry twice.
std::map<std::string, Entries> by_host(Entries entries) {
    const auto less = [](const auto& a, const auto& b) { return key(a) < key(b); };
    const auto equal = [](const auto& a, const auto& b) { return key(a) == key(b); };
    std::sort(entries.begin(), entries.end(), less);
    entries.erase(std::unique(entries.begin(), entries.end(), equal), entries.end());
    std::map<std::string, Entries> hosts;
    for (DiscoveryEntry& entry : entries) {
        hosts[entry.host_nqn].push_back(std::move(entry));
    }
    return hosts;
}

}  // namespace

std::vector<std::string> DiscoveryLog::replace(std::vector<DiscoveryEntry> entries) {
    std::vector<std::string> changed;
    std::map<std::string, std::shared_ptr<const DiscoveryView>> views;
    for (auto& [host, its_entries] : by_host(std::move(entries))) {
        const auto old = views_.find(host);
        if (old != views_.end() && same(old->second->entries, its_entries)) {
            views[host] = old->second;
            continue;
        }
        changed.push_back(host);
        views[host] =
            std::make_shared<DiscoveryView>(DiscoveryView{generation_ + 1, std::move(its_entries)});
    }
    for (const auto& [host, view] : views_) {
        if (!views.contains(host)) {
            changed.push_back(host);
        }
    }
    generation_ += changed.empty() ? 0 : 1;
    views_ = std::move(views);
    return changed;
}

// A host without entries has the newest generation, so that losing the last one is seen too.
std::shared_ptr<const DiscoveryView> DiscoveryLog::view(const std::string& host_nqn) const {
    const auto found = views_.find(host_nqn);
    return found != views_.end() ? found->second
                                 : std::make_shared<DiscoveryView>(DiscoveryView{generation_, {}});
}

}  // namespace target
