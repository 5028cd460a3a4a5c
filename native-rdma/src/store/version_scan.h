// Tells which blocks the store holds of one PG, page by page, and which of them are above a
// version.
//
// A page is looked at when it is in memory and owes nothing; until then its image is brought. To
// look for the next one costs by what lies between, also of other PGs, so that a turn looks at so
// many places at most and the next one goes on.
//
// Thread: the store's. Lifetime: stop() and idle() first.
#pragma once

#include "reactor/executor.h"
#include "store/index.h"
#include "store/page_loader.h"
#include "store/store.h"

namespace store {

class VersionScan {
  public:
    struct Listener {
        // A step is over, and the scan may be idle.
        virtual void scan_over() = 0;

      protected:
        ~Listener() = default;
    };

    VersionScan(reactor::Executor& executor, Index& index, PageLoader& loader, Listener& listener);
    ~VersionScan();
    VersionScan(const VersionScan&) = delete;
    VersionScan& operator=(const VersionScan&) = delete;

    void submit(ScanOp& op);
    // Steps under way end with Errc::closed; those that wait for a page do when it has come.
    void stop() { stopped_ = true; }
    [[nodiscard]] bool idle() const { return in_flight_ == 0; }

  private:
    static constexpr uint32_t places_per_turn = 1024;

    struct TurnTask : reactor::Task {
        VersionScan* scan = nullptr;
    };
    void wait_turn(ScanOp& op);
    void turn();
    void look(ScanOp& op);
    [[nodiscard]] bool seek(ScanOp& op);
    [[nodiscard]] bool wanted(const ScanOp& op, uint32_t slot) const;
    [[nodiscard]] bool tell(ScanOp& op, const Frame& frame) const;
    void name(ScanOp& op) const;
    void was_read(ScanOp& op, base::Status status);
    void finish(ScanOp& op, base::Status status);

    reactor::Executor& executor_;
    Index& index_;
    PageLoader& loader_;
    Listener& listener_;
    base::IntrusiveList<ScanOp> waiting_;  // For a turn.
    uint32_t in_flight_ = 0;
    uint32_t places_left_ = 0;  // Of this turn.
    bool stopped_ = false;
    TurnTask task_;
};

}  // namespace store
