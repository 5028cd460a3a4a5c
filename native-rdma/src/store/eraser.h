// Gives back the blocks of what was deleted or deallocated: pages that were only marked.
//
// Thread: the store's. Lifetime: ends when idle().
#pragma once

#include "reactor/executor.h"
#include "store/page_loader.h"

namespace store {

class Eraser {
  public:
    struct Listener {
        // Some blocks are forgotten.
        virtual void erased_some() = 0;

      protected:
        ~Listener() = default;
    };

    Eraser(reactor::Executor& executor, Index& index, PageLoader& loader, Listener& listener);
    ~Eraser();
    Eraser(const Eraser&) = delete;
    Eraser& operator=(const Eraser&) = delete;

    // Goes on, if there is anything.
    void kick();
    // Forgets nothing until resumed.
    void pause() { paused_ = true; }
    void resume();
    void stop();
    [[nodiscard]] bool idle() const { return reading_ == 0; }

  private:
    static constexpr uint32_t reads_max = 32;
    static constexpr uint32_t pages_per_turn = 256;

    struct Read : PageWaiter {
        Eraser* eraser = nullptr;
        PageKey key;
        bool busy = false;
        bool parked = false;  // Until a pause is over.
    };
    struct TurnTask : reactor::Task {
        Eraser* eraser = nullptr;
    };
    void turn();
    void read(PageKey key);
    void was_read(Read& read, base::Status status, const IndexPage* image);

    reactor::Executor& executor_;
    Index& index_;
    PageLoader& loader_;
    Listener& listener_;
    Read reads_[reads_max];
    uint32_t reading_ = 0;
    bool paused_ = false;
    bool stopped_ = false;
    TurnTask task_;
};

}  // namespace store
