// Reads images of the index's pages: for those who wait for a page, and for those who need only
// what its image says.
//
// One read serves all who wait for the same page. What is on its way to the device is taken from
// there. Thread: the store's. Lifetime: ends when idle().
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/intrusive_list.h"
#include "reactor/executor.h"
#include "store/device.h"
#include "store/index.h"
#include "store/pages.h"
#include "store/store.h"

namespace store {

class PageLoader {
  public:
    // Images that are being written: the device may not have them yet.
    struct Unwritten {
        [[nodiscard]] virtual const IndexPage* unwritten(const ImageRef& image) const = 0;

      protected:
        ~Unwritten() = default;
    };

    struct Listener {
        // The last load has ended.
        virtual void loader_rests() = 0;

      protected:
        ~Listener() = default;
    };

    PageLoader(Device& device,
               reactor::Executor& executor,
               Index& index,
               Unwritten& unwritten,
               Listener& listener);
    ~PageLoader();
    PageLoader(const PageLoader&) = delete;
    PageLoader& operator=(const PageLoader&) = delete;

    // Resumes the waiter later, never inside the call. With ok the page is in memory, unless it was
    // erased or changed meanwhile: look again. Errors: checksum_wrong, device_failed.
    void load(PageKey key, PageWaiter& waiter);
    // The same for who needs only the image: nothing makes room in memory for it.
    void peek(PageKey key, PageWaiter& waiter);
    [[nodiscard]] bool idle() const { return loads_in_use_ == 0; }

  private:
    static constexpr uint32_t in_flight_max = 64;
    static constexpr uint32_t attempts_max = 3;

    struct Load : DeviceIo, base::ListLink {
        PageLoader* loader = nullptr;
        PageKey key;
        ImageRef image;
        iovec memory{};
        uint32_t attempts = 0;
        bool for_memory = false;
        const IndexPage* found = nullptr;
        base::Status status;
        base::IntrusiveList<PageWaiter> waiters;
    };
    struct DoneTask : reactor::Task {
        PageLoader* loader = nullptr;
    };
    Load& load_of(PageKey key);
    Load& obtain(PageKey key);
    void start(Load& load);
    void landed(Load& load, base::Status status);
    [[nodiscard]] base::Status check(Load& load) const;
    void finish_later(Load& load, base::Status status);
    void finish_all();
    void finish(Load& load);

    Device& device_;
    reactor::Executor& executor_;
    Index& index_;
    Unwritten& unwritten_;
    Listener& listener_;
    std::vector<std::unique_ptr<Load>> loads_;
    base::IntrusiveList<Load> free_;
    base::IntrusiveList<Load> queued_;  // For a page of memory to read into.
    base::IntrusiveList<Load> done_;
    std::unordered_map<uint64_t, Load*> by_page_;
    Pages memory_;
    std::vector<uint8_t*> free_memory_;
    uint32_t loads_in_use_ = 0;
    DoneTask done_task_;
};

}  // namespace store
