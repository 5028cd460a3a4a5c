// Moves what is left of a segment of the index that has worn thin: each image in it that still
// counts makes its page dirty, so that the next checkpoint writes it elsewhere.
//
// Thread: the store's. Lifetime: ends when idle().
#pragma once

#include "store/page_loader.h"

namespace store {

class IndexMover {
  public:
    struct Client {
        virtual void index_moved() = 0;

      protected:
        ~Client() = default;
    };
    IndexMover(Device& device, Index& index, PageLoader& loader, Client& client);
    ~IndexMover();
    IndexMover(const IndexMover&) = delete;
    IndexMover& operator=(const IndexMover&) = delete;

    // Requires: idle(), a closed segment of the index.
    void start(uint32_t segment);
    void stop() { stopped_ = true; }
    [[nodiscard]] bool idle() const { return segment_ == Segments::none; }

  private:
    static constexpr uint32_t window_blocks = 16;

    struct Io : DeviceIo {
        IndexMover* mover = nullptr;
    };
    struct Wait : PageWaiter {
        IndexMover* mover = nullptr;
    };
    void read_window();
    void go_on();
    [[nodiscard]] bool keep(const IndexPage& page, const ImageRef& image);
    void end();

    Device& device_;
    Index& index_;
    PageLoader& loader_;
    Client& client_;
    Layout layout_;
    Pages window_;
    Io io_;
    iovec part_{};
    Wait wait_;
    uint32_t segment_ = Segments::none;
    uint32_t block_ = 0;  // Of the window's first.
    uint32_t count_ = 0;
    uint32_t image_ = 0;  // In the window: the next one.
    bool stopped_ = false;
};

}  // namespace store
