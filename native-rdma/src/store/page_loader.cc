#include "store/page_loader.h"

#include "base/check.h"

namespace store {

using base::Errc;
using base::Status;

PageLoader::PageLoader(Device& device,
                       reactor::Executor& executor,
                       Index& index,
                       Unwritten& unwritten,
                       Listener& listener)
    : device_(device),
      executor_(executor),
      index_(index),
      unwritten_(unwritten),
      listener_(listener),
      memory_(make_pages(in_flight_max)) {
    for (uint32_t number = 0; number < in_flight_max; ++number) {
        free_memory_.push_back(memory_.get() + size_t{number} * block_bytes);
    }
    done_task_.loader = this;
    done_task_.run = [](reactor::Task& task) { static_cast<DoneTask&>(task).loader->finish_all(); };
}

PageLoader::~PageLoader() {
    CHECK(idle() && !done_task_.queued, "loads end before their store");
    while (free_.pop_front() != nullptr) {
    }
}

void PageLoader::load(PageKey key, PageWaiter& waiter) {
    Load& load = load_of(key);
    load.for_memory = true;
    load.waiters.push_back(waiter);
}

void PageLoader::peek(PageKey key, PageWaiter& waiter) {
    load_of(key).waiters.push_back(waiter);
}

PageLoader::Load& PageLoader::load_of(PageKey key) {
    const auto found = by_page_.find(key.packed());
    return found != by_page_.end() ? *found->second : obtain(key);
}

PageLoader::Load& PageLoader::obtain(PageKey key) {
    if (free_.empty()) {
        loads_.push_back(std::make_unique<Load>());
        loads_.back()->loader = this;
        free_.push_back(*loads_.back());
    }
    Load& load = *free_.pop_front();
    ++loads_in_use_;
    load.key = key;
    load.attempts = 0;
    load.for_memory = false;
    load.found = nullptr;
    load.image = index_.image(key);
    by_page_.emplace(key.packed(), &load);
    if (load.image.place == 0) {  // It is nothing's any more: look again.
        finish_later(load, Status());
        return load;
    }
    if (const IndexPage* image = unwritten_.unwritten(load.image)) {
        load.found = image;
        finish_later(load, Status());
    } else if (free_memory_.empty()) {
        queued_.push_back(load);
    } else {
        start(load);
    }
    return load;
}

void PageLoader::start(Load& load) {
    load.memory = {free_memory_.back(), block_bytes};
    free_memory_.pop_back();
    load.verb = DeviceVerb::read;
    load.offset = Layout::offset_of(load.image.place);
    load.bytes = block_bytes;
    load.vector = &load.memory;
    load.vector_count = 1;
    load.done = [](DeviceIo& io, Status status) {
        auto& self = static_cast<Load&>(io);
        self.loader->landed(self, status);
    };
    device_.submit(load);
}

void PageLoader::landed(Load& load, Status status) {
    if (status.ok()) {
        status = check(load);
    }
    // Damage on the way is not damage on the device.
    if (!status.ok() && ++load.attempts < attempts_max) {
        device_.submit(load);
        return;
    }
    finish_later(load, status);
}

Status PageLoader::check(Load& load) const {
    const auto* pages = static_cast<const IndexPage*>(load.memory.iov_base);
    const IndexPage& page = pages[load.image.quarter];
    if (crc_of(page) != load.image.crc || invalid(page) != nullptr) {
        return Status(Errc::checksum_wrong);
    }
    load.found = &page;
    return Status();
}

void PageLoader::finish_later(Load& load, Status status) {
    load.status = status;
    done_.push_back(load);
    executor_.defer(done_task_);
}

void PageLoader::finish_all() {
    for (uint32_t left = done_.count(); left > 0; --left) {
        finish(*done_.pop_front());
    }
}

void PageLoader::finish(Load& load) {
    by_page_.erase(load.key.packed());
    const PageKey key = load.key;
    // An image that was on its way when it was asked for may have arrived meanwhile, and its memory
    // been used again.
    const bool same = load.found != nullptr && index_.image(key) == load.image &&
                      (load.memory.iov_base != nullptr || crc_of(*load.found) == load.image.crc);
    if (same && load.for_memory && index_.owes(key) && !index_.erased(key) &&
        !index_.deleted(key.slot)) {
        index_.loaded(key, *load.found);
    }
    while (PageWaiter* waiter = load.waiters.pop_front()) {
        waiter->resume(*waiter, load.status, same ? load.found : nullptr);
    }
    if (load.memory.iov_base != nullptr) {
        free_memory_.push_back(static_cast<uint8_t*>(load.memory.iov_base));
        load.memory = {};
    }
    free_.push_back(load);
    --loads_in_use_;
    if (Load* next = free_memory_.empty() ? nullptr : queued_.pop_front()) {
        start(*next);
    }
    if (idle()) {
        listener_.loader_rests();
    }
}

}  // namespace store
