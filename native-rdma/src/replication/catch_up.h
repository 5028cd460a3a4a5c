// Brings a joining member level with the primary while hosts go on writing.
//
//   copying ──little is left──▶ levelling ──nothing is left──▶ level
//
// copying: what has changed since the member was in sync, then what has changed meanwhile; new
// writes do not go to it. levelling: new writes go to it, too, and count only when it has them; the
// rest is copied, without blocks that a write sent to it has overtaken. level: it may become
// in-sync.
//
// Thread: the group's. Lifetime: stop(), then idle().
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "base/intrusive_list.h"
#include "replication/channel.h"
#include "replication/durable_state.h"
#include "replication/trim_log.h"
#include "store/pages.h"

namespace replication {

// The bits of a page's 64 blocks that are in the range.
[[nodiscard]] uint64_t page_mask(uint32_t page, const Range& range);

class CatchUp {
  public:
    enum class State : uint8_t { copying, levelling, level };
    struct Client {
        [[nodiscard]] virtual base::Version next_version() const = 0;
        // Which of a page's blocks writes that are not committed are about to change.
        [[nodiscard]] virtual uint64_t unsettled(const base::ExtentId& extent, uint32_t page) = 0;
        // It is to get all writes from now on, those not yet committed first.
        virtual void levelling(CatchUp& catch_up) = 0;
        // It was stopped, and may be idle now.
        virtual void catch_up_rests() = 0;

      protected:
        ~Client() = default;
    };

    CatchUp(store::Store& store,
            Channel& channel,
            Client& client,
            const Settings& settings,
            base::PgId pg);
    ~CatchUp();

    // `above`: what the member has for sure; `ranges`: what else differs.
    void start(base::Version above, const std::vector<Range>& ranges);
    // The channel is open again: copies that were on their way are sent anew.
    void resume(uint64_t now_ns);
    void pump(uint64_t now_ns);
    // A write is durable here (copying), or goes to the member (levelling).
    void changed(const Range& range);
    void stop();
    [[nodiscard]] bool idle() const;

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] Channel& channel() { return channel_; }
    // Known ones: while it scans there may be more. Above 0 until it is level.
    [[nodiscard]] uint64_t blocks_left() const;

  private:
    static constexpr uint32_t page_blocks = 64;
    static constexpr uint32_t few_pages = 16;
    struct Page {
        base::ExtentId extent;
        uint32_t page = 0;
        auto operator<=>(const Page&) const = default;
    };
    struct Blocks {
        uint64_t mask = 0;
        base::Version version;  // 0: the next one of the group.
    };
    // A page that is read and sent, in runs of data and of holes.
    struct Job {
        struct Reading : store::ReadOp {
            Job* job = nullptr;
        };
        struct Run : Copy {
            Job* job = nullptr;
        };
        enum class Step : uint8_t { free, reading, sending };
        CatchUp* owner = nullptr;
        Step step = Step::free;
        Page page;
        Blocks blocks;
        bool one_by_one = false;  // As it does not read as a whole;
        uint32_t block = 0;       // this one is being read.
        uint64_t unreadable = 0;
        Reading reading;
        store::Pages data;
        std::array<uint32_t, page_blocks> crcs{};
        std::array<Run, page_blocks> runs;
        uint32_t run_count = 0;
        uint32_t runs_away = 0;
    };
    struct Scan : store::ScanOp {
        CatchUp* owner = nullptr;
    };

    void add(const Range& range, base::Version version);
    void scan();
    void scanned(base::Status status);
    // False: the store takes no read now; what was to be read is left for later.
    bool begin(Job& job);
    bool read(Job& job, uint32_t first, uint32_t count);
    void was_read(Job& job, base::Status status);
    void put_back(const Job& job, uint64_t mask);
    void set_aside(Job& job);
    void send(Job& job);
    void make_runs(Job& job, base::Version version);
    void copied(Job& job);
    void release(Job& job);
    void consider_state();

    store::Store& store_;
    Channel& channel_;
    Client& client_;
    const Settings& settings_;
    State state_ = State::copying;
    bool scanned_ = false;  // All of it.
    std::map<Page, Blocks> todo_;
    std::map<Page, Blocks> unreadable_;  // Here, too: tried again from time to time.
    uint64_t retried_ns_ = 0;
    Scan scan_;
    bool scanning_ = false;  // A step is under way.
    bool stopped_ = false;
    uint64_t overtaken_before_ = 0;  // Writes that took the place of copies are sent before this.
    uint64_t now_ns_ = 0;
    std::vector<std::unique_ptr<Job>> jobs_;
};

}  // namespace replication
