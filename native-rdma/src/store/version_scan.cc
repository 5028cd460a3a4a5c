#include "store/version_scan.h"

#include <algorithm>

#include "base/check.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

static_assert(scan_page_blocks == page_entries, "a step answers with a page of the index");

// The cursor is the page that is looked at next; it never carries into the slot.
PageKey page_at(uint64_t cursor) {
    return {static_cast<uint32_t>(cursor >> 32), static_cast<uint32_t>(cursor)};
}

}  // namespace

VersionScan::VersionScan(reactor::Executor& executor,
                         Index& index,
                         PageLoader& loader,
                         Listener& listener)
    : executor_(executor), index_(index), loader_(loader), listener_(listener) {
    task_.scan = this;
    task_.run = [](reactor::Task& task) { static_cast<TurnTask&>(task).scan->turn(); };
}

VersionScan::~VersionScan() {
    CHECK(idle() && !task_.queued, "scans end before their store");
}

void VersionScan::submit(ScanOp& op) {
    ++in_flight_;
    op.over = false;
    op.scan = this;
    op.resume = [](PageWaiter& waiter, Status status, const IndexPage*) {
        auto& self = static_cast<ScanOp&>(waiter);
        self.scan->was_read(self, status);
    };
    wait_turn(op);
}

void VersionScan::wait_turn(ScanOp& op) {
    waiting_.push_back(op);
    executor_.defer(task_);
}

// Who has used up the turn waits behind the others.
void VersionScan::turn() {
    places_left_ = places_per_turn;
    for (uint32_t left = waiting_.count(); left > 0 && (places_left_ > 0 || stopped_); --left) {
        ScanOp& op = *waiting_.pop_front();
        if (stopped_) {
            finish(op, Status(Errc::closed));
        } else {
            look(op);
        }
    }
    if (!waiting_.empty()) {
        executor_.defer(task_);
    }
}

// Answers with the next page that holds anything, or waits: for that page, or for the next turn.
void VersionScan::look(ScanOp& op) {
    while (seek(op)) {
        const PageKey key = page_at(op.cursor);
        const Index::Found found = index_.find(key.slot, key.page, ~uint64_t{0});
        if (found.presence == Index::Presence::away) {
            loader_.load(key, op);
            return;
        }
        CHECK(found.presence == Index::Presence::here, "a page that holds anything is somewhere");
        const bool holds = tell(op, *found.frame);
        ++op.cursor;
        if (holds) {
            finish(op, Status());
            return;
        }
    }
    if (places_left_ == 0) {
        wait_turn(op);
        return;
    }
    op.over = true;
    finish(op, Status());
}

// Moves the cursor to the next page that may hold something. False: there is none, or the turn is
// used up.
bool VersionScan::seek(ScanOp& op) {
    PageKey key = page_at(op.cursor);
    bool found = false;
    while (!found && places_left_ > 0 && key.slot < index_.slot_count()) {
        --places_left_;
        if (!wanted(op, key.slot) || key.page >= index_.page_end(key.slot)) {
            key = {key.slot + 1, 0};
        } else if (index_.holds(key)) {
            found = true;
        } else {
            ++key.page;
        }
    }
    op.cursor = key.packed();
    return found;
}

bool VersionScan::wanted(const ScanOp& op, uint32_t slot) const {
    return index_.used(slot) && !index_.deleted(slot) && index_.id(slot).pg == op.pg;
}

// A block that was lost has no version: nobody can say that it is an old one.
bool VersionScan::tell(ScanOp& op, const Frame& frame) const {
    uint64_t highest = 0;
    name(op);
    op.held = op.newer = 0;
    for (uint32_t entry = 0; entry < page_entries; ++entry) {
        if (frame.places[entry] == 0) {
            continue;
        }
        const bool lost = frame.places[entry] == lost_place;
        const uint64_t version = lost ? 0 : frame.version(entry);
        op.held |= uint64_t{1} << entry;
        op.newer |= uint64_t{lost || PackedVersion::unpack(version) > op.above} << entry;
        highest = std::max(highest, version);
    }
    op.highest = PackedVersion::unpack(highest);
    return op.held != 0;
}

void VersionScan::name(ScanOp& op) const {
    const PageKey key = page_at(op.cursor);
    op.extent = index_.id(key.slot);
    op.first_block = key.page << page_shift;
}

// Meanwhile the page may have been erased, or be known without its image: so it is looked at again,
// and now, since others that are brought might make it leave the memory.
void VersionScan::was_read(ScanOp& op, Status status) {
    if (stopped_) {
        wait_turn(op);
        return;
    }
    const PageKey key = page_at(op.cursor);
    if (!status.ok() && wanted(op, key.slot) && index_.holds(key) && index_.owes(key)) {
        name(op);
        op.held = op.newer = ~uint64_t{0};
        op.highest = {};
        ++op.cursor;
        finish(op, status);
        return;
    }
    places_left_ = 1;
    look(op);
}

void VersionScan::finish(ScanOp& op, Status status) {
    --in_flight_;
    op.done(op, status);
    listener_.scan_over();
}

}  // namespace store
