// A placement group on one node: follower, primary, or neither, as the newest configuration says.
//
//   opening ──state read──▶ idle ◀──not a member── adopting ◀──a newer configuration── any
//                                                     │durable
//                                    follower ◀───────┴───────▶ primary
//
// What is promised (the epoch) is durable before it is acted on. A follower carries out the
// primary's appends in their order and says when they are durable; it grants leases, and will not
// be primary itself before the last one is over. PROTOCOL.md has the rules, primary.h the other
// part.
//
// Thread: one executor. Lifetime: close(), then closed().
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/intrusive_list.h"
#include "reactor/executor.h"
#include "replication/client.h"
#include "replication/durable_state.h"
#include "replication/pending.h"
#include "replication/ports.h"
#include "replication/primary.h"
#include "replication/trim_log.h"
#include "replication/trim_notes.h"
#include "store/store.h"

namespace replication {

class Replica final : Primary::Client, TrimNotes::Client {
  public:
    struct Parts {
        base::PgId pg;
        base::NodeId self;
        store::Store& store;
        reactor::Executor& executor;
        Peers& peers;
        Reports& reports;
        const Settings& settings;
    };
    enum class State : uint8_t { opening, idle, adopting, follower, primary, closed };

    explicit Replica(const Parts& parts);
    ~Replica();
    Replica(const Replica&) = delete;
    Replica& operator=(const Replica&) = delete;

    // Control's word, or another member's; an older one than is known is ignored.
    // Requires: config.invalid() is null, and it is this group's.
    void configure(const GroupConfig& config);
    // Clients' operations; not_primary at once where this node is not the one.
    void submit(Write& write);
    void submit(Read& read);

    // From other members. An Append comes as an Incoming, whose memory is kept until it is
    // released.
    void receive(base::NodeId from, const Message& message);
    void receive(base::NodeId from, Incoming& incoming);
    // The connection to a node broke.
    void peer_down(base::NodeId node);

    // Ends everything: `task` runs when nothing is under way any more.
    void close(reactor::Task& task);

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] const GroupConfig& config() const { return config_; }
    [[nodiscard]] base::Version commit() const { return commit_; }
    // What joining members are known to lack; 0: they are level, or this is not the primary.
    [[nodiscard]] uint64_t blocks_to_copy() const {
        return primary_ == nullptr ? 0 : primary_->blocks_to_copy();
    }
    // Whether it would answer a read now.
    [[nodiscard]] bool serving() const { return primary_ != nullptr && primary_->may_serve(); }

  private:
    struct StateRead : store::ReadOp {
        Replica* replica = nullptr;
    };
    struct Scan : store::ScanOp {
        Replica* replica = nullptr;
    };
    struct StateWrite : store::WriteOp {
        Replica* replica = nullptr;
        bool busy = false;
    };
    struct Turn : reactor::Task {
        Replica* replica = nullptr;
    };
    struct Tick : reactor::Timer {
        Replica* replica = nullptr;
    };

    void committed(base::Version version) override;
    [[nodiscard]] bool grants_over() const override;
    void grant_is_void(base::NodeId node) override;
    void primary_store_failed() override;
    void primary_rests() override;
    [[nodiscard]] const TrimLog& trims() const override { return trims_; }
    void deallocates(base::Version version, const Range& range) override;
    void note_failed() override { fail(); }
    void notes_rest() override { parts_.executor.defer(turn_); }

    [[nodiscard]] static bool may_move(State from, State to);
    void advance(State to);
    void read_promise();
    void submit_state_read();
    void promise_read(base::Status status);
    void read_trims();
    void trims_read(base::Status status);
    void read_fences();
    void fences_read(base::Status status);
    void scan();
    void scanned(base::Status status);
    void note_scanned(base::Status status);
    void opened();
    void adopt();
    void write_promise();
    void promise_written(base::Status status);
    void adopted();
    [[nodiscard]] bool alone() const;
    [[nodiscard]] bool may_lead() const;
    void lead();
    void retire_primary();
    void fail();
    [[nodiscard]] bool at_rest() const;
    void rest();
    void turn();
    void tick();
    void report();

    // follower.cc
    void refuse(base::NodeId to);
    void prepare(base::NodeId from, const Prepare& asked);
    void answer_prepare();
    void begin_wipe();
    void wipe_when_quiet();
    void wipe_page();
    void page_wiped(base::Status status);
    void heartbeat(base::NodeId from, const Heartbeat& beat);
    [[nodiscard]] bool acceptable(base::NodeId from, const Append& append);
    void note_trim(const Append& append);
    void applied(Incoming& incoming, base::Status status);
    void acknowledge();

    Parts parts_;
    State state_ = State::opening;
    bool failed_ = false;  // The store.
    uint64_t started_ns_;
    GroupConfig config_;               // Adopted, or being adopted.
    std::optional<GroupConfig> next_;  // Newer: to be adopted next, in a turn.
    base::Epoch promised_;             // Durable.
    base::Epoch promised_before_;      // By earlier runs: nothing is led under it.
    base::Version commit_;
    base::Version commit_durable_;
    base::Version highest_;  // Of what earlier runs have left.
    Pending pending_;
    TrimLog trims_;
    TrimNotes notes_;
    bool notes_damaged_ = false;  // No more are taken until a wipe.
    Fences fences_;
    Promise written_;  // Or being written.
    uint64_t written_ns_ = 0;

    // As follower.
    std::optional<Prepare> prepare_;  // To be answered.
    uint64_t channel_ = 0;
    uint64_t expected_ = 1;
    uint64_t durable_ = 0;  // Sequence in the channel.
    bool ack_due_ = false;
    bool demoted_ = false;
    bool wiping_ = false;
    bool wiped_ = false;  // In this channel.
    // Until when this node is not primary itself, for whom. No node: for whom an earlier run was.
    std::map<base::NodeId, uint64_t> grants_;
    uint64_t heard_ns_ = 0;
    bool primary_down_ = false;
    uint64_t reported_ns_ = 0;
    base::IntrusiveList<Incoming> applying_;

    std::unique_ptr<Primary> primary_;
    std::vector<std::unique_ptr<Primary>> leaving_;  // Retired, not yet at rest.
    base::IntrusiveList<Write> refused_writes_;
    base::IntrusiveList<Read> refused_reads_;

    StateRead reading_;
    Scan scan_;
    StateWrite promise_;
    StateWrite wipe_;
    store::Pages page_;
    store::Pages fence_pages_;
    uint32_t crc_ = 0;
    bool read_busy_ = false;
    bool read_again_ = false;  // The store was busy.
    bool scan_busy_ = false;
    Turn turn_;
    Tick tick_;
    reactor::Task* closing_ = nullptr;
    bool closed_told_ = false;
};

}  // namespace replication
