#include "store/eraser.h"

#include "base/check.h"

namespace store {

Eraser::Eraser(reactor::Executor& executor, Index& index, PageLoader& loader, Listener& listener)
    : executor_(executor), index_(index), loader_(loader), listener_(listener) {
    for (Read& read : reads_) {
        read.eraser = this;
        read.resume = [](PageWaiter& waiter, base::Status status, const IndexPage* image) {
            auto& self = static_cast<Read&>(waiter);
            self.eraser->was_read(self, status, image);
        };
    }
    task_.eraser = this;
    task_.run = [](reactor::Task& task) { static_cast<TurnTask&>(task).eraser->turn(); };
}

Eraser::~Eraser() {
    CHECK(idle() && !task_.queued, "an eraser comes to rest before its store ends");
}

void Eraser::kick() {
    if (!paused_ && !stopped_ && index_.erasing_pages() > 0) {
        executor_.defer(task_);
    }
}

void Eraser::resume() {
    paused_ = false;
    for (Read& read : reads_) {
        if (read.parked) {
            read.parked = false;
            loader_.load(read.key, read);
        }
    }
    kick();
}

void Eraser::stop() {
    stopped_ = true;
    for (Read& read : reads_) {
        if (read.parked) {
            read.parked = read.busy = false;
            --reading_;
        }
    }
}

void Eraser::turn() {
    PageKey key;
    uint32_t left = pages_per_turn;
    while (!paused_ && !stopped_ && reading_ < reads_max && left > 0 && index_.next_erased(key)) {
        --left;
        if (!index_.forget_frame(key)) {
            read(key);
        }
    }
    if (left < pages_per_turn) {
        listener_.erased_some();
    }
    if (left == 0) {
        kick();
    }
}

void Eraser::read(PageKey key) {
    for (Read& read : reads_) {
        if (!read.busy) {
            read.busy = true;
            read.key = key;
            ++reading_;
            loader_.load(key, read);
            return;
        }
    }
    CHECK(false, "there is a read for each page that is read");
}

void Eraser::was_read(Read& read, base::Status status, const IndexPage* image) {
    const PageKey key = read.key;
    if (paused_ && !stopped_) {
        read.parked = true;
        return;
    }
    bool wanted = !stopped_ && (index_.erased(key) || index_.deleted(key.slot)) &&
                  index_.image(key).place != 0;
    // It may have been written to, and deleted with all its volume since.
    wanted = wanted && !index_.forget_frame(key);
    if (wanted && status.ok() && image == nullptr) {
        loader_.load(key, read);  // It moved meanwhile.
        return;
    }
    read.busy = false;
    --reading_;
    if (wanted) {
        index_.forget_image(key, status.ok() ? image : nullptr);
        listener_.erased_some();
    }
    kick();
}

}  // namespace store
