#include "replication/primary.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "store/batch_format.h"

namespace replication {

using base::Errc;
using base::Status;

namespace {

// A store takes no more data when less than this is left: what is on its way must fit.
constexpr uint64_t room_bytes = uint64_t{64} << 20;

}  // namespace

bool nearly_full(const store::Store& store) {
    const store::StoreStats& stats = store.stats();
    const uint64_t margin = std::min(room_bytes, stats.capacity_bytes / 8);
    return stats.live_bytes + margin > stats.capacity_bytes;
}

// The group's own write that makes a fence known to all members.
struct Primary::FenceWrite : Write {
    store::Pages page = store::make_pages(1);
    uint32_t crc = 0;
};

Primary::Primary(const Parts& parts,
                 Client& client,
                 const GroupConfig& config,
                 base::Version commit,
                 std::vector<Range> pending)
    : parts_(parts),
      client_(client),
      commit_(commit),
      commit_before_(commit),
      pending_(std::move(pending)),
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

void Primary::configure(const GroupConfig& config) {
    CHECK(config.epoch > config_.epoch && config.primary == parts_.self, "epochs only grow");
    config_ = config;
    counter_ = 0;
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
        follower.role = member.role;
        follower.collected = false;
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
    if ((follower.down || silent) && required(follower)) {
        parts_.reports.suspect(config_.pg,
                               config_.epoch,
                               follower.channel.node(),
                               follower.down ? SuspectReason::unreachable : SuspectReason::silent);
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

bool Primary::full() const {
    return nearly_full(parts_.store) || std::ranges::any_of(followers_, [](const auto& follower) {
               return required(*follower) && follower->channel.full();
           });
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

// --- Taking over.

void Primary::consider_takeover() {
    const bool collected = std::ranges::all_of(followers_, [](const auto& follower) {
        return follower->role != MemberRole::in_sync || follower->collected;
    });
    if (state_ == State::taking_over && collected && client_.grants_over() && rewriter_.idle()) {
        advance(State::rewriting);
        rewriter_.start(pending_);
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

void Primary::levelling(CatchUp& catch_up) {
    const uint64_t now_ns = parts_.executor.now_ns();
    for (Write* write = log_.front(); write != nullptr; write = log_.after(*write)) {
        catch_up.changed(write->range);
        catch_up.channel().send(*write, now_ns);
    }
}

// --- Writes.

void Primary::submit(Write& write) {
    write.primary = this;
    waiting_.push_back(write);
    schedule();
}

void Primary::submit(Read& read) {
    read.primary = this;
    reads_waiting_.push_back(read);
    schedule();
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

// False: the fence is an old one, or cannot be kept. A new one is a write ahead of its user's.
Status Primary::settle_fence(base::VolumeId volume, base::Fence fence) {
    const base::Fence known = parts_.fences.find(volume);
    if (fence <= known) {
        return fence < known ? Status(Errc::stale_fence) : Status();
    }
    if (!parts_.fences.has_room(volume)) {
        return Status(Errc::no_space);
    }
    parts_.fences.raise(volume, fence);
    auto* own = new FenceWrite;
    const uint32_t block = Fences::block_of(volume);
    parts_.fences.fill(block, own->page.get());
    own->crc = base::crc32c(own->page.get(), base::limits::block_bytes);
    own->range = {fence_extent(config_.pg), block, 1};
    own->data = own->page.get();
    own->crcs = &own->crc;
    own->internal = true;
    own->done = [](Write& write, Status) { delete static_cast<FenceWrite*>(&write); };
    append(*own);
    return Status();
}

void Primary::start(Write& write) {
    if (const Status status = settle_fence(write.range.extent.volume, write.fence); !status.ok()) {
        write.done(write, status);
        return;
    }
    if (state_ == State::retired) {  // The store failed over the fence.
        write.done(write, Status(Errc::not_primary));
        return;
    }
    if (write.data != nullptr && full()) {
        write.done(write, Status(Errc::no_space));
        return;
    }
    append(write);
}

void Primary::append(Write& write) {
    write.primary = this;
    write.version = {config_.epoch, ++counter_};
    write.local_done = false;
    write.local.write = &write;
    write.local.extent = write.range.extent;
    write.local.first_block = write.range.first_block;
    write.local.block_count = write.range.block_count;
    write.local.data = write.data;
    write.local.block_crcs = write.crcs;
    write.local.version = write.version;
    write.local.generation = write.generation;
    write.local.done = [](store::WriteOp& op, Status status) {
        Write& landed = *static_cast<Write::Local&>(op).write;
        landed.primary->landed(landed, status);
    };
    log_.push_back(write);
    if (!parts_.store.submit_write(write.local).ok()) {
        write.local_done = true;
        client_.primary_store_failed();
        return;
    }
    if (write.data == nullptr) {
        client_.deallocated(write.version, write.range);
    }
    const uint64_t now_ns = parts_.executor.now_ns();
    for (const auto& follower : followers_) {
        if (required(*follower)) {
            if (follower->catch_up != nullptr) {
                follower->catch_up->changed(write.range);
            }
            follower->channel.send(write, now_ns);
        }
    }
}

void Primary::landed(Write& write, Status status) {
    write.local_done = true;
    if (state_ == State::retired) {
        log_.remove(write);
        write.done(write, Status(Errc::not_primary));
        rest();
        return;
    }
    if (!status.ok()) {
        client_.primary_store_failed();
        return;
    }
    CHECK(write.version > local_durable_, "the store acknowledges in the order of the log");
    local_durable_ = write.version;
    for (const auto& follower : followers_) {
        if (follower->catch_up != nullptr && !required(*follower)) {
            follower->catch_up->changed(write.range);
        }
    }
    advance_commit();
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

// --- Reads.

Write* Primary::overlapping(const Range& range) {
    Write* last = nullptr;
    for (Write* write = log_.front(); write != nullptr; write = log_.after(*write)) {
        last = write->range.overlaps(range) ? write : last;
    }
    return last;
}

// What is not committed may be lost again: nobody may have seen it.
void Primary::start(Read& read) {
    const base::VolumeId volume = read.range.extent.volume;
    if (const Status status = settle_fence(volume, read.fence); !status.ok()) {
        read.done(read, status);
        return;
    }
    // Nor is a fence known to all members before it is committed.
    const Write* raise = overlapping({fence_extent(config_.pg), Fences::block_of(volume), 1});
    const Write* ahead = overlapping(read.range);
    if (raise != nullptr || ahead != nullptr) {
        const base::Version raised = raise == nullptr ? base::Version{} : raise->version;
        hold(read, ahead == nullptr ? raised : std::max(raised, ahead->version), false);
        return;
    }
    ++reads_in_flight_;
    read.local.read = &read;
    read.local.extent = read.range.extent;
    read.local.first_block = read.range.first_block;
    read.local.block_count = read.range.block_count;
    read.local.data = read.data;
    read.local.registered_index = read.registered_index;
    read.local.done = [](store::ReadOp& op, Status status) {
        Read& landed = *static_cast<Read::Local&>(op).read;
        landed.primary->landed(landed, status);
    };
    const Status refused = parts_.store.submit_read(read.local);
    if (refused.code() == Errc::busy) {
        --reads_in_flight_;
        hold(read, {}, false);
    } else if (!refused.ok()) {
        --reads_in_flight_;
        read.done(read, refused);
    }
}

void Primary::hold(Read& read, base::Version until, bool landed) {
    read.after = until;
    read.landed = landed;
    reads_held_.push_back(read);
}

void Primary::landed(Read& read, Status status) {
    --reads_in_flight_;
    read.status = status;
    read.failed_block = read.local.failed_block;
    if (state_ == State::retired) {
        read.done(read, Status(Errc::not_primary));
        rest();
        return;
    }
    // One that came meanwhile may be in what was read.
    if (const Write* ahead = overlapping(read.range); ahead != nullptr) {
        hold(read, ahead->version, true);
    } else {
        read.done(read, status);
    }
    schedule();
}

void Primary::answer_held_reads() {
    for (Read* read = reads_held_.front(); read != nullptr;) {
        Read& each = *read;
        read = reads_held_.after(each);
        if (each.after > commit_) {
            continue;
        }
        reads_held_.remove(each);
        if (each.landed) {
            each.done(each, each.status);
        } else {
            reads_waiting_.push_back(each);
        }
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
