#include "replication/primary.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/batch_format.h"

namespace replication {

using base::Errc;
using base::Status;

Primary::Primary(const Parts& parts, Client& client, const GroupConfig& config, Held held)
    : parts_(parts),
      client_(client),
      highest_(held.highest),
      commit_(held.commit),
      commit_before_(held.commit),
      pending_(std::move(held.pending)),
      rewriter_(parts.store, *this) {
    turn_.primary = this;
    turn_.run = [](reactor::Task& task) {
        Primary& self = *static_cast<Turn&>(task).primary;
        self.pump();
        self.rest();
    };
    configure(config);
}

Primary::~Primary() {
    CHECK(idle(), "a primary ends when all is answered");
}

bool Primary::may_move(State from, State to) {
    switch (from) {
        case State::taking_over:
            return to == State::rewriting || to == State::retired;
        case State::rewriting:
            return to == State::serving || to == State::taking_over || to == State::retired;
        case State::serving:
            return to == State::retired;
        case State::retired:
            return false;
    }
    return false;
}

void Primary::advance(State to) {
    CHECK(may_move(state_, to), "a primary moves only along its picture");
    state_ = to;
}

void Primary::configure(const GroupConfig& config) {
    CHECK(config.epoch > config_.epoch && config.primary == parts_.self, "epochs only grow");
    CHECK(config.epoch >= highest_.epoch, "what it holds is of epochs up to its own");
    config_ = config;
    counter_ = config.epoch == highest_.epoch ? highest_.counter : 0;
    const uint64_t now_ns = parts_.executor.now_ns();
    std::vector<std::unique_ptr<Follower>> before = std::move(followers_);
    followers_.clear();
    for (const Member& member : config.members()) {
        if (member.node == parts_.self) {
            continue;
        }
        const auto found = std::ranges::find_if(before, [&member](const auto& follower) {
            return follower != nullptr && follower->channel.node() == member.node;
        });
        if (found != before.end()) {
            followers_.push_back(std::move(*found));
        } else {
            Channel channel(parts_.peers, member.node, *this);
            followers_.push_back(std::make_unique<Follower>(std::move(channel)));
            followers_.back()->channel.heard(now_ns);
        }
        Follower& follower = *followers_.back();
        if (member.role == MemberRole::joining && follower.role == MemberRole::in_sync) {
            follower.channel.forget_acked();  // What it has is to be found out anew.
        }
        follower.role = member.role;
        follower.collected = follower.unsure = false;
        if (follower.role == MemberRole::in_sync && follower.catch_up != nullptr) {
            drop_catch_up(follower);
        }
    }
    for (const auto& left : before) {
        if (left != nullptr && left->catch_up != nullptr) {
            drop_catch_up(*left);
        }
    }
    if (state_ == State::rewriting) {
        // Members may have got something else meanwhile: once more from the beginning.
        rewriter_.stop();
        advance(State::taking_over);
    }
    for (const auto& follower : followers_) {
        prepare(*follower, false);
    }
    advance_commit();
    consider_takeover();
}

void Primary::tick() {
    if (state_ == State::retired) {
        return;
    }
    const uint64_t now_ns = parts_.executor.now_ns();
    for (const auto& follower : followers_) {
        Heartbeat heartbeat;
        heartbeat.pg = config_.pg;
        heartbeat.epoch = config_.epoch;
        heartbeat.channel = follower->channel.number();
        heartbeat.sent_ns = now_ns;
        heartbeat.commit = commit_told();
        parts_.peers.send(follower->channel.node(), heartbeat);
        follower->channel.tick(now_ns, parts_.settings.resend_ns);
        if (follower->catch_up != nullptr) {
            follower->catch_up->pump(now_ns);
        }
        if (now_ns >= follower->reported_ns + parts_.settings.report_ns) {
            report(*follower);
        }
    }
    if (counter_ >> (store::version_counter_bits - 1) != 0) {
        parts_.reports.wants_epoch(config_.pg, config_.epoch);
    }
    std::erase_if(leaving_, [](const auto& catch_up) { return catch_up->idle(); });
    consider_takeover();
    rewriter_.tick();
    answer_held_reads();  // Some wait for the store only.
    pump();
}

void Primary::schedule() {
    parts_.executor.defer(turn_);
}

void Primary::pump() {
    if (state_ == State::retired || pumping_) {
        return;
    }
    pumping_ = true;
    while (may_serve() && !waiting_.empty() && log_.count() < parts_.settings.window_writes &&
           config_.in_sync_count() >= config_.min_in_sync) {
        start(*waiting_.pop_front());
    }
    while (may_serve() && !reads_waiting_.empty()) {
        start(*reads_waiting_.pop_front());
    }
    pumping_ = false;
}

void Primary::advance_commit() {
    if (state_ == State::retired) {
        return;
    }
    base::Version durable = local_durable_;
    for (const auto& follower : followers_) {
        if (required(*follower)) {
            durable = std::min(durable, follower->channel.acked());
        }
    }
    bool any = false;
    while (!log_.empty() && log_.front()->version <= durable && state_ != State::retired) {
        Write& write = *log_.pop_front();
        commit_ = write.version;
        any = true;
        write.done(write, Status());
    }
    if (any && state_ == State::serving) {
        client_.committed(commit_);
        answer_held_reads();
    }
    if (any) {
        schedule();
    }
}

// --- The end.

void Primary::retire(Pending& noted) {
    for (Write* write = log_.front(); write != nullptr; write = log_.after(*write)) {
        noted.add(write->version, write->range);
    }
    advance(State::retired);
    rewriter_.stop();
    for (const auto& follower : followers_) {
        if (follower->catch_up != nullptr) {
            drop_catch_up(*follower);
        }
    }
    followers_.clear();
    for (Write* write = log_.front(); write != nullptr;) {
        Write& each = *write;
        write = log_.after(each);
        if (each.local_done) {
            log_.remove(each);
            each.done(each, Status(Errc::not_primary));
        }
    }
    while (Write* write = waiting_.pop_front()) {
        write->done(*write, Status(Errc::not_primary));
    }
    while (Read* read = reads_waiting_.pop_front()) {
        read->done(*read, Status(Errc::not_primary));
    }
    while (Read* read = reads_held_.pop_front()) {
        read->done(*read, Status(Errc::not_primary));
    }
    schedule();
}

bool Primary::idle() const {
    return state_ == State::retired && log_.empty() && reads_in_flight_ == 0 && rewriter_.idle() &&
           !turn_.queued &&
           std::ranges::all_of(leaving_, [](const auto& catch_up) { return catch_up->idle(); });
}

void Primary::rest() {
    if (idle()) {
        client_.primary_rests();
    }
}

}  // namespace replication
