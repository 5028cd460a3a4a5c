// Counts anew what the index's images name in each segment, while everything goes on: blocks that
// only lost images named are found to be nobody's, and their segments can be free.
//
//   idle ──start()──▶ clearing ──no page counts──▶ walking ──all were visited──▶ waiting
//    ▲                    ▲                          │ │                          │ │
//    │                    └──a counted image is lost─┴─┼──────────────────────────┘ │
//    ├──given up: the device gives too little──────────┘                            │
//    └──every image is counted: what is too much is taken away◀─────────────────────┘
//
// A page that gets an image during the walk is counted with it, and what changes of a counted one
// changes the recount. Left to be waited for are pages that the eraser is at, and those that the
// next checkpoint writes anew.
//
// Thread: the store's. Lifetime: ends when idle().
#pragma once

#include <vector>

#include "reactor/executor.h"
#include "store/page_loader.h"
#include "store/page_writer.h"

namespace store {

enum class RecountState : uint8_t { idle, clearing, walking, waiting };

[[nodiscard]] constexpr bool may_move(RecountState from, RecountState to) {
    switch (from) {
        case RecountState::idle:
            return to == RecountState::clearing;
        case RecountState::clearing:
            return to == RecountState::walking || to == RecountState::idle;
        case RecountState::walking:
            return to == RecountState::waiting || to == RecountState::clearing ||
                   to == RecountState::idle;
        case RecountState::waiting:
            return to == RecountState::clearing || to == RecountState::idle;
    }
    return false;
}

class Recounter {
  public:
    struct Client {
        // Whether somebody waits for it: if not, it takes little of the device.
        [[nodiscard]] virtual bool recount_is_urgent() const = 0;
        // It is over: the counts are exact, or it was given up.
        virtual void recounted() = 0;

      protected:
        ~Client() = default;
    };

    Recounter(reactor::Executor& executor,
              Index& index,
              PageLoader& loader,
              PageWriter& pages,
              Client& client);
    ~Recounter();
    Recounter(const Recounter&) = delete;
    Recounter& operator=(const Recounter&) = delete;

    // Requires: idle().
    void start();
    // What it waits for may have come.
    void kick();
    // Takes nothing away until resumed: a checkpoint saves the counts.
    void pause() { paused_ = true; }
    void resume();
    // For good.
    void stop();
    [[nodiscard]] bool idle() const { return state_ == RecountState::idle; }
    // Whether it is to go on with the next checkpoint.
    [[nodiscard]] bool waits() const { return state_ == RecountState::waiting; }

  private:
    static constexpr uint32_t reads_max = 16;
    static constexpr uint32_t pages_per_turn = 1024;
    // Pages that the device does not give: a bad spot or two. One that gives less may be away for a
    // while only, and no page is given up for that.
    static constexpr uint32_t unreadable_max = 16;

    struct Read : PageWaiter {
        Recounter* recounter = nullptr;
        PageKey key;
        bool busy = false;
    };
    struct Turn : reactor::Task {
        Recounter* recounter = nullptr;
    };
    void advance(RecountState to);
    [[nodiscard]] bool gives_up() const { return stopped_ || unreadable_.size() > unreadable_max; }
    void turn();
    [[nodiscard]] bool step();
    [[nodiscard]] bool end_of_pages();
    [[nodiscard]] bool look_at(PageKey key);
    void was_read(Read& read, base::Status status, const IndexPage* image);
    void doubt_unreadable();
    void over();

    reactor::Executor& executor_;
    Index& index_;
    PageLoader& loader_;
    PageWriter& pages_;
    Client& client_;
    RecountState state_ = RecountState::idle;
    PageKey next_;
    Read reads_[reads_max];
    uint32_t reading_ = 0;
    std::vector<PageKey> unreadable_;
    bool paused_ = false;
    bool stopped_ = false;
    Turn turn_;
};

}  // namespace store
