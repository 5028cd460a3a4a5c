#include "store/page_writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

constexpr uint32_t any_epoch = 0xffffffff;
constexpr uint64_t retry_ns = 200'000'000;
// Room for so many pages is made at a time.
constexpr uint32_t relief_pages = 64;

}  // namespace

PageWriter::PageWriter(
    Device& device, reactor::Executor& executor, Index& index, IndexSpace& space, StoreStats& stats)
    : device_(device), executor_(executor), index_(index), space_(space), stats_(stats) {
    for (Write& write : writes_) {
        write.writer = this;
        write.memory = make_pages(1 + write_blocks);
        write.verb = DeviceVerb::write;
        write.vector = &write.part;
        write.vector_count = 1;
        write.done = [](DeviceIo& io, Status status) {
            auto& self = static_cast<Write&>(io);
            self.writer->landed(self, status);
        };
    }
    for (Merge& merge : merges_) {
        merge.writer = this;
        merge.resume = [](PageWaiter& waiter, Status status, const IndexPage*) {
            auto& self = static_cast<Merge&>(waiter);
            self.writer->merged(self, status);
        };
    }
    task_.writer = this;
    task_.run = [](reactor::Task& task) { static_cast<PumpTask&>(task).writer->pump(); };
    retry_.writer = this;
    retry_.fire = [](reactor::Timer& timer) {
        PageWriter& self = *static_cast<RetryTimer&>(timer).writer;
        self.ready_.insert(self.ready_.end(), self.later_.begin(), self.later_.end());
        self.later_.clear();
        self.kick();
    };
}

PageWriter::~PageWriter() {
    CHECK(idle() && !task_.queued && !retry_.armed(), "pages are written before their store ends");
}

void PageWriter::start(PageLoader& loader, Listener& listener) {
    loader_ = &loader;
    listener_ = &listener;
}

void PageWriter::flush(uint32_t epoch) {
    epoch_ = epoch;
    flushing_ = true;
    kick();
}

bool PageWriter::flushed() const {
    return !index_.any_dirty(epoch_) && ready_.empty() && later_.empty() && idle();
}

void PageWriter::relieve() {
    relieving_ = true;
    kick();
}

void PageWriter::resume() {
    paused_ = false;
    kick();
}

void PageWriter::kick() {
    if (!stopped_) {
        executor_.defer(task_);
    }
}

void PageWriter::stop() {
    stopped_ = true;
    executor_.disarm(retry_);
    for (Write& write : writes_) {
        if (write.refused) {
            write.refused = write.busy = false;
            --in_flight_;
        }
    }
}

// What may be written now: pages that became dirty by the end of this epoch.
uint32_t PageWriter::limit() const {
    return relieving_ ? any_epoch : epoch_;
}

void PageWriter::pump() {
    if (stopped_ || paused_) {
        return;
    }
    relieving_ = relieving_ && !index_.has_room(relief_pages);
    for (Write& write : writes_) {
        if (write.refused) {
            write.refused = false;
            stalled_ = false;
            send(write);
        }
        if (write.busy) {
            continue;
        }
        if (!fill(write)) {
            break;
        }
    }
    if (flushing_ && flushed()) {
        flushing_ = false;
        listener_->pages_written();
    }
}

// Lays out as many images as there are; false when nothing was sent.
bool PageWriter::fill(Write& write) {
    keys_.clear();
    PageKey key;
    while (keys_.size() < size_t{write_blocks} * pages_per_block && next(key)) {
        switch (index_.writable(key)) {
            case Index::Writable::no:
                break;
            case Index::Writable::owes:
                merge(key);
                break;
            case Index::Writable::empty:
                index_.vanished(key);
                break;
            case Index::Writable::yes:
                index_.fill_image(key, write.images()[keys_.size()]);
                keys_.push_back(key);
                break;
        }
    }
    if (keys_.empty()) {
        return false;
    }
    place(write);
    return write.busy;
}

bool PageWriter::next(PageKey& key) {
    if (!ready_.empty()) {
        key = ready_.front();
        ready_.pop_front();
        return true;
    }
    return awaiting_ < merges_max && index_.pop_dirty(limit(), key);
}

void PageWriter::merge(PageKey key) {
    for (Merge& merge : merges_) {
        if (!merge.busy) {
            merge.busy = true;
            merge.key = key;
            ++awaiting_;
            loader_->load(key, merge);
            return;
        }
    }
    ready_.push_front(key);
}

// A device may recover from an error, so it is asked again for a while; then what the image alone
// knew is given up, and the rest of the page goes on.
void PageWriter::merged(Merge& merge, Status status) {
    merge.busy = false;
    --awaiting_;
    const PageKey key = merge.key;
    if (!status.ok() && index_.writable(key) == Index::Writable::owes) {
        if (status.code() != Errc::checksum_wrong && ++attempts_[key.packed()] < attempts_max) {
            later_.push_back(key);
            if (!stopped_) {
                executor_.arm(retry_, executor_.now_ns() + retry_ns);
            }
            return;
        }
        index_.lose(key);
    }
    attempts_.erase(key.packed());
    ready_.push_back(key);
    kick();
}

void PageWriter::place(Write& write) {
    const auto images = static_cast<uint32_t>(keys_.size());
    const uint32_t blocks = (images + pages_per_block - 1) / pages_per_block;
    write.run = space_.take(blocks, false);
    const uint32_t placed = std::min(images, write.run.blocks * pages_per_block);
    ready_.insert(ready_.begin(), keys_.begin() + placed, keys_.end());
    if (placed == 0) {
        return;  // No segment is free; kick() tries again.
    }
    std::memset(write.images() + placed,
                0,
                (size_t{write.run.blocks} * pages_per_block - placed) * page_bytes);
    for (uint32_t number = 0; number < placed; ++number) {
        index_.placed(keys_[number],
                      {write.run.place + number / pages_per_block,
                       number % pages_per_block,
                       crc_of(write.images()[number])});
    }
    write.busy = true;
    ++in_flight_;
    send(write);
}

void PageWriter::send(Write& write) {
    const IndexSpace::Span span = space_.span(write.run, write.memory.get());
    write.bytes = span.bytes;
    write.part = {span.data, span.bytes};
    write.offset = span.offset;
    device_.submit(write);
}

void PageWriter::landed(Write& write, Status status) {
    if (status.ok()) {
        write.busy = false;
        --in_flight_;
        stats_.index_bytes_written += write.bytes;
        stats_.device_bytes_written += write.bytes;
        index_.shrink();
        listener_->pages_written();
    } else if (status.code() == Errc::no_space && !stopped_) {
        write.refused = true;
        stalled_ = true;
        listener_->pages_stalled();
        return;
    } else {
        write.busy = false;
        --in_flight_;
        listener_->page_write_failed(status);
    }
    kick();
}

const IndexPage* PageWriter::unwritten(const ImageRef& image) const {
    for (const Write& write : writes_) {
        if (write.busy && image.place >= write.run.place &&
            image.place < write.run.place + write.run.blocks) {
            return write.images() + size_t{image.place - write.run.place} * pages_per_block +
                   image.quarter;
        }
    }
    return nullptr;
}

}  // namespace store
