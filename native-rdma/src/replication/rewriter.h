// A new primary's writing anew of its own content of ranges that members may disagree about.
//
// Thread: the group's. Lifetime: idle() first.
#pragma once

#include <deque>
#include <vector>

#include "replication/client.h"
#include "store/pages.h"

namespace replication {

class Rewriter {
  public:
    struct Client {
        // Numbers the write and sends it on its way; it comes back through its `done`.
        virtual void rewrite(Write& write) = 0;
        // All ranges are committed.
        virtual void rewritten() = 0;
        // The store reads nothing any more.
        virtual void rewriting_failed() = 0;
        // It was stopped, and is idle now.
        virtual void rewriter_rests() = 0;

      protected:
        ~Client() = default;
    };

    Rewriter(store::Store& store, Client& client);
    ~Rewriter();

    // Requires idle(); ends with rewritten(), inside the call when there is nothing.
    void start(std::vector<Range> ranges);
    // What is under way comes back, and nothing follows.
    void stop();
    // From time to time: the store may have had no room for a read.
    void tick();
    [[nodiscard]] bool idle() const { return !busy_; }

  private:
    static constexpr uint32_t piece_blocks = 64;
    struct Op : Write {
        Rewriter* rewriter = nullptr;
    };
    struct Reading : store::ReadOp {
        Rewriter* rewriter = nullptr;
    };

    void next();
    void was_read(base::Status status);
    void written(base::Status status);

    store::Store& store_;
    Client& client_;
    std::deque<Range> ranges_;
    Reading reading_;
    Op write_;
    store::Pages pages_;
    std::vector<uint32_t> crcs_;
    bool busy_ = false;
    bool stopped_ = false;
    bool refused_ = false;  // The read of the first range.
};

}  // namespace replication
