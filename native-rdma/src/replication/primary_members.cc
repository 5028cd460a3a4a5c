// A primary and its members: leases, channels, taking over, and bringing others level.
#include <algorithm>
#include <utility>

#include "replication/primary.h"

namespace replication {

using base::Errc;
using base::Status;

// --- Members.

Primary::Follower* Primary::find(base::NodeId node) {
    for (const auto& follower : followers_) {
        if (follower->channel.node() == node) {
            return follower.get();
        }
    }
    return nullptr;
}

bool Primary::required(const Follower& follower) {
    return follower.role == MemberRole::in_sync ||
           (follower.catch_up != nullptr && follower.catch_up->state() != CatchUp::State::copying);
}

void Primary::prepare(Follower& follower, bool wipe) {
    follower.channel.prepare(config_, wipe, parts_.executor.now_ns());
}

// It comes to rest by itself.
void Primary::drop_catch_up(Follower& follower) {
    follower.catch_up->stop();
    leaving_.push_back(std::move(follower.catch_up));
    std::erase_if(leaving_, [](const auto& catch_up) { return catch_up->idle(); });
}

void Primary::prepared(base::NodeId from, const Prepared& prepared) {
    Follower* follower = find(from);
    if (follower == nullptr || prepared.epoch != config_.epoch ||
        prepared.channel != follower->channel.number() || follower->channel.open() ||
        state_ == State::retired) {
        return;
    }
    follower->down = false;
    follower->channel.heard(parts_.executor.now_ns());
    if (follower->role == MemberRole::joining && follower->catch_up == nullptr) {
        begin_catch_up(*follower, prepared);
        return;
    }
    if (state_ == State::taking_over && follower->role == MemberRole::in_sync) {
        follower->unsure = prepared.unknown;
        if (follower->unsure) {
            return;  // Control has to drop it: tick() says so.
        }
        follower->collected = true;
        pending_.insert(pending_.end(), prepared.pending.begin(), prepared.pending.end());
        if (prepared.demoted) {
            client_.grant_is_void(from);
        }
    }
    open(*follower);
    consider_takeover();
}

// Only once this primary serves is its own content what counts.
void Primary::begin_catch_up(Follower& follower, const Prepared& prepared) {
    if (state_ != State::serving) {
        return;  // The question is asked again.
    }
    const TrimLog& trims = client_.trims();
    if (prepared.unknown || !trims.knows(prepared.commit)) {
        if (prepared.commit != base::Version{} || prepared.unknown || !prepared.pending.empty()) {
            prepare(follower, true);
            return;
        }
    }
    follower.catch_up = std::make_unique<CatchUp>(parts_.store,
                                                  follower.channel,
                                                  static_cast<CatchUp::Client&>(*this),
                                                  parts_.settings,
                                                  config_.pg);
    std::vector<Range> ranges = trims.since(prepared.commit);
    ranges.insert(ranges.end(), prepared.pending.begin(), prepared.pending.end());
    open(follower);
    follower.catch_up->start(prepared.commit, ranges);
    follower.catch_up->pump(parts_.executor.now_ns());
}

void Primary::open(Follower& follower) {
    const uint64_t now_ns = parts_.executor.now_ns();
    follower.channel.opened();
    if (required(follower)) {
        for (Write* write = log_.front(); write != nullptr; write = log_.after(*write)) {
            follower.channel.send(*write, now_ns);
        }
    }
    if (follower.catch_up != nullptr) {
        follower.catch_up->resume(now_ns);
    }
}

void Primary::acknowledged(base::NodeId from, const Ack& ack) {
    Follower* follower = find(from);
    if (follower == nullptr || ack.epoch != config_.epoch || state_ == State::retired) {
        return;
    }
    follower->down = false;
    follower->channel.heard(parts_.executor.now_ns());
    follower->channel.acknowledged(ack);
    advance_commit();
}

void Primary::granted(base::NodeId from, const Grant& grant) {
    Follower* follower = find(from);
    if (follower == nullptr || grant.epoch != config_.epoch || state_ == State::retired) {
        return;
    }
    follower->down = false;
    follower->channel.heard(parts_.executor.now_ns());
    follower->channel.granted(grant.sent_ns, grant.full);
    pump();
}

void Primary::peer_down(base::NodeId node) {
    Follower* follower = find(node);
    if (follower != nullptr && state_ != State::retired) {
        follower->down = true;
        prepare(*follower, false);
        report(*follower);
    }
}

void Primary::report(Follower& follower) {
    const uint64_t now_ns = parts_.executor.now_ns();
    const bool silent = now_ns > follower.channel.heard_ns() + parts_.settings.grace_ns;
    if ((follower.down || silent || follower.unsure) && required(follower)) {
        const SuspectReason reason = follower.unsure ? SuspectReason::store_failed
                                     : follower.down ? SuspectReason::unreachable
                                                     : SuspectReason::silent;
        parts_.reports.suspect(config_.pg, config_.epoch, follower.channel.node(), reason);
        follower.reported_ns = now_ns;
    }
    if (follower.role == MemberRole::joining && follower.catch_up != nullptr &&
        follower.catch_up->state() == CatchUp::State::level && state_ == State::serving) {
        parts_.reports.level(config_.pg, config_.epoch, follower.channel.node());
        follower.reported_ns = now_ns;
    }
}

bool Primary::leases_hold() const {
    const uint64_t now_ns = parts_.executor.now_ns();
    return std::ranges::all_of(followers_, [&](const auto& follower) {
        return !required(*follower) ||
               (follower->channel.granted_ns() != 0 &&
                now_ns < follower->channel.granted_ns() + parts_.settings.lease_ns);
    });
}

// --- Taking over.

void Primary::consider_takeover() {
    const bool collected = std::ranges::all_of(followers_, [](const auto& follower) {
        return follower->role != MemberRole::in_sync || follower->collected;
    });
    if (state_ == State::taking_over && collected && client_.grants_over() && rewriter_.idle()) {
        advance(State::rewriting);
        // Of the only one in sync whatever it has is right; others come to it by joining.
        rewriter_.start(config_.in_sync_count() == 1 ? std::vector<Range>{} : pending_);
    }
}

void Primary::rewrite(Write& write) {
    if (state_ == State::retired) {
        write.done(write, Status(Errc::not_primary));
        return;
    }
    if (write.range.extent == fence_extent(config_.pg)) {
        parts_.fences.load(write.range, write.data);
    }
    append(write);
}

void Primary::rewritten() {
    if (state_ != State::rewriting) {
        return;  // A new epoch has come: consider_takeover() goes on.
    }
    advance(State::serving);
    pending_.clear();
    client_.committed(commit_);
    pump();
}

// Until it serves, what older primaries left is not settled: nobody may forget it.
base::Version Primary::commit_told() const {
    return state_ == State::serving ? commit_ : commit_before_;
}

// --- Catching up.

base::Version Primary::next_version() const {
    return {config_.epoch, counter_};
}

uint64_t Primary::unsettled(const base::ExtentId& extent, uint32_t page) {
    uint64_t mask = 0;
    for (Write* write = log_.front(); write != nullptr; write = log_.after(*write)) {
        if (write->range.extent == extent) {
            mask |= page_mask(page, write->range);
        }
    }
    return mask;
}

uint64_t Primary::blocks_to_copy() const {
    uint64_t blocks = 0;
    for (const auto& follower : followers_) {
        if (follower->catch_up != nullptr) {
            blocks += follower->catch_up->blocks_left();
        }
    }
    return blocks;
}

void Primary::levelling(CatchUp& catch_up) {
    const uint64_t now_ns = parts_.executor.now_ns();
    for (Write* write = log_.front(); write != nullptr; write = log_.after(*write)) {
        catch_up.changed(write->range);
        catch_up.channel().send(*write, now_ns);
    }
}

}  // namespace replication
