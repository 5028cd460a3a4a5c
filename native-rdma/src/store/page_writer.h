// Writes images of dirty pages: all that a checkpoint needs, or as many as must make room.
//
// A page counts as written when its image has been laid out; until the device has it, whoever needs
// it takes it from here. A page that owes its image is merged with it first.
//
// Thread: the store's. Lifetime: ends when idle().
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "reactor/executor.h"
#include "store/index_space.h"
#include "store/page_loader.h"
#include "store/store.h"

namespace store {

class PageWriter final : public PageLoader::Unwritten {
  public:
    struct Listener {
        // Some pages are clean now, or a flush is over.
        virtual void pages_written() = 0;
        // The file system has no room: kick() tries again.
        virtual void pages_stalled() = 0;
        virtual void page_write_failed(base::Status status) = 0;

      protected:
        ~Listener() = default;
    };

    PageWriter(Device& device,
               reactor::Executor& executor,
               Index& index,
               IndexSpace& space,
               StoreStats& stats);
    ~PageWriter();
    PageWriter(const PageWriter&) = delete;
    PageWriter& operator=(const PageWriter&) = delete;
    void start(PageLoader& loader, Listener& listener);

    // Every page that became dirty by the end of `epoch` is to be written.
    void flush(uint32_t epoch);
    [[nodiscard]] bool flushed() const;
    // Dirty pages are to be written until the index has room again.
    void relieve();
    // Writes nothing more until resumed; what is on its way lands.
    void pause() { paused_ = true; }
    void resume();
    // Room may have come up, or a page become dirty.
    void kick();
    // For good.
    void stop();
    // Whether the file system has no room for images.
    [[nodiscard]] bool stalled() const { return stalled_; }
    [[nodiscard]] bool idle() const { return in_flight_ == 0 && awaiting_ == 0; }

    [[nodiscard]] const IndexPage* unwritten(const ImageRef& image) const override;

  private:
    static constexpr uint32_t write_blocks = 64;
    static constexpr uint32_t writes_max = 2;
    static constexpr uint32_t merges_max = 32;
    static constexpr uint32_t attempts_max = 30;  // To read an image for its merge: six seconds.

    struct Write : DeviceIo {
        PageWriter* writer = nullptr;
        Pages memory;  // A segment's header, then images.
        iovec part{};
        IndexSpace::Run run;
        bool busy = false;
        bool refused = false;  // There was no space: to be sent again.
        [[nodiscard]] IndexPage* images() const {
            return reinterpret_cast<IndexPage*>(memory.get() + block_bytes);
        }
    };
    struct Merge : PageWaiter {
        PageWriter* writer = nullptr;
        PageKey key;
        bool busy = false;
    };
    struct PumpTask : reactor::Task {
        PageWriter* writer = nullptr;
    };
    struct RetryTimer : reactor::Timer {
        PageWriter* writer = nullptr;
    };

    void pump();
    [[nodiscard]] uint32_t limit() const;
    [[nodiscard]] bool fill(Write& write);
    [[nodiscard]] bool next(PageKey& key);
    void merge(PageKey key);
    void merged(Merge& merge, base::Status status);
    void place(Write& write);
    void send(Write& write);
    void landed(Write& write, base::Status status);

    Device& device_;
    reactor::Executor& executor_;
    Index& index_;
    IndexSpace& space_;
    StoreStats& stats_;
    PageLoader* loader_ = nullptr;
    Listener* listener_ = nullptr;
    Write writes_[writes_max];
    Merge merges_[merges_max];
    std::deque<PageKey> ready_;   // Out of the queue of dirty ones.
    std::vector<PageKey> keys_;   // Of the images that are laid out.
    std::vector<PageKey> later_;  // Whose image could not be read.
    std::unordered_map<uint64_t, uint32_t> attempts_;
    uint32_t in_flight_ = 0;
    uint32_t awaiting_ = 0;
    uint32_t epoch_ = 0;     // To be flushed through.
    bool flushing_ = false;  // Its end is to be told.
    bool relieving_ = false;
    bool paused_ = false;
    bool stopped_ = false;
    bool stalled_ = false;
    PumpTask task_;
    RetryTimer retry_;
};

}  // namespace store
