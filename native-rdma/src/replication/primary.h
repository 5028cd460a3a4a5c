// The primary of a group: numbers the writes, has them made durable by every member that counts,
// and answers only while it holds a lease from each of them.
//
//   taking_over ──others answered, own grants over──▶ rewriting ──all committed──▶ serving
//        ▲                                                │                          │
//        └──────────────── a new epoch before it served ──┘                          │
//   any ──another is primary, or the store failed──▶ retired ◀───────────────────────┘
//
// What a member may have that others do not (writes above its commit point) is settled before
// anything is served: the new primary writes its own content of those ranges anew.
//
// A write counts as committed when it is durable here and on every member that is required: those
// in sync, and one that is being levelled, also before control knows of it.
//
// Thread: the group's executor. Lifetime: retire(), then idle().
#pragma once

#include <memory>
#include <vector>

#include "base/intrusive_list.h"
#include "reactor/executor.h"
#include "replication/catch_up.h"
#include "replication/channel.h"
#include "replication/client.h"
#include "replication/durable_state.h"
#include "replication/pending.h"
#include "replication/rewriter.h"

namespace replication {

class Primary final : Channel::Client, CatchUp::Client, Rewriter::Client {
  public:
    // The member whose part it is.
    struct Client {
        // Everything up to here is committed.
        virtual void committed(base::Version version) = 0;
        // No grant of this node to another primary is left.
        [[nodiscard]] virtual bool grants_over() const = 0;
        virtual void grant_is_void(base::NodeId node) = 0;
        virtual void primary_store_failed() = 0;
        virtual void primary_rests() = 0;
        [[nodiscard]] virtual const TrimLog& trims() const = 0;
        // It is about to be submitted to the store: the note of it goes ahead.
        virtual void deallocates(base::Version version, const Range& range) = 0;

      protected:
        ~Client() = default;
    };
    struct Parts {
        base::PgId pg;
        base::NodeId self;
        store::Store& store;
        reactor::Executor& executor;
        Peers& peers;
        Reports& reports;
        const Settings& settings;
        Fences& fences;
    };
    // What this node holds of earlier primaries.
    struct Held {
        base::Version commit;
        base::Version highest;
        std::vector<Range> pending;  // Above the commit point.
    };
    enum class State : uint8_t { taking_over, rewriting, serving, retired };

    Primary(const Parts& parts, Client& client, const GroupConfig& config, Held held);
    ~Primary();

    // Another epoch with the same primary.
    void configure(const GroupConfig& config);
    // Serves no more; what waits is answered with not_primary. `noted` gets what is not committed.
    void retire(Pending& noted);
    [[nodiscard]] bool idle() const;

    void submit(Write& write);
    void submit(Read& read);

    void prepared(base::NodeId from, const Prepared& prepared);
    void acknowledged(base::NodeId from, const Ack& ack);
    void granted(base::NodeId from, const Grant& grant);
    void peer_down(base::NodeId node);
    void tick();

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] uint64_t blocks_to_copy() const;
    // Whether it would answer a read now.
    [[nodiscard]] bool may_serve() const { return state_ == State::serving && leases_hold(); }

  private:
    struct Follower {
        explicit Follower(Channel&& made) : channel(std::move(made)) {}
        Channel channel;
        MemberRole role = MemberRole::joining;
        bool collected = false;
        bool down = false;
        bool unsure = false;  // It cannot say what it holds, and is no use to a takeover.
        uint64_t reported_ns = 0;
        std::unique_ptr<CatchUp> catch_up;  // Of a joining member.
    };
    struct FenceWrite;
    struct Turn : reactor::Task {
        Primary* primary = nullptr;
    };

    [[nodiscard]] base::Version commit_told() const override;
    [[nodiscard]] base::Version next_version() const override;
    [[nodiscard]] uint64_t unsettled(const base::ExtentId& extent, uint32_t page) override;
    void levelling(CatchUp& catch_up) override;
    void catch_up_rests() override { schedule(); }
    void rewrite(Write& write) override;
    void rewritten() override;
    void rewriting_failed() override { client_.primary_store_failed(); }
    void rewriter_rests() override { schedule(); }

    [[nodiscard]] static bool may_move(State from, State to);
    void advance(State to);
    Follower* find(base::NodeId node);
    [[nodiscard]] static bool required(const Follower& follower);
    [[nodiscard]] bool leases_hold() const;
    [[nodiscard]] bool full() const;
    void prepare(Follower& follower, bool wipe);
    void drop_catch_up(Follower& follower);
    void report(Follower& follower);
    void begin_catch_up(Follower& follower, const Prepared& prepared);
    void open(Follower& follower);
    void consider_takeover();
    void pump();
    void start(Write& write);
    void append(Write& write);
    [[nodiscard]] base::Status settle_fence(base::VolumeId volume, base::Fence fence);
    void start(Read& read);
    [[nodiscard]] base::Version settled_after(const Read& read);
    void hold(Read& read, base::Version until, bool landed);
    [[nodiscard]] Write* overlapping(const Range& range);
    void landed(Write& write, base::Status status);
    void landed(Read& read, base::Status status);
    void advance_commit();
    void answer_held_reads();
    void schedule();
    void rest();

    Parts parts_;
    Client& client_;
    GroupConfig config_;
    State state_ = State::taking_over;
    base::Version highest_;  // Before it began.
    uint64_t counter_ = 0;
    base::Version commit_;         // Durable everywhere.
    base::Version commit_before_;  // What is told before it serves.
    base::Version local_durable_;
    std::vector<Range> pending_;
    std::vector<std::unique_ptr<Follower>> followers_;
    base::IntrusiveList<Write> log_;      // Numbered, not committed; in order.
    base::IntrusiveList<Write> waiting_;  // For a turn.
    base::IntrusiveList<Read> reads_waiting_;
    base::IntrusiveList<Read> reads_held_;  // For a commit.
    uint32_t reads_in_flight_ = 0;
    Rewriter rewriter_;
    std::vector<std::unique_ptr<CatchUp>> leaving_;  // They come to rest.
    bool pumping_ = false;
    Turn turn_;
};

// Whether a store should take no more data: what is on its way must fit.
[[nodiscard]] bool nearly_full(const store::Store& store);

}  // namespace replication
