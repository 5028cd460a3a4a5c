#include "store/recounter.h"

#include "base/check.h"

namespace store {

using base::Errc;
using base::Status;

Recounter::Recounter(reactor::Executor& executor,
                     Index& index,
                     PageLoader& loader,
                     PageWriter& pages,
                     Client& client)
    : executor_(executor), index_(index), loader_(loader), pages_(pages), client_(client) {
    for (Read& read : reads_) {
        read.recounter = this;
        read.resume = [](PageWaiter& waiter, Status status, const IndexPage* image) {
            auto& self = static_cast<Read&>(waiter);
            self.recounter->was_read(self, status, image);
        };
    }
    turn_.recounter = this;
    turn_.run = [](reactor::Task& task) { static_cast<Turn&>(task).recounter->turn(); };
}

Recounter::~Recounter() {
    CHECK(idle() && !turn_.queued, "a recount ends before its store");
}

void Recounter::advance(RecountState to) {
    CHECK(may_move(state_, to), "a recount moves only along its picture");
    state_ = to;
    next_ = {};
}

void Recounter::start() {
    if (!stopped_) {
        unreadable_.clear();
        advance(RecountState::clearing);
        kick();
    }
}

void Recounter::kick() {
    if (!idle()) {
        executor_.defer(turn_);
    }
}

void Recounter::resume() {
    paused_ = false;
    kick();
}

void Recounter::stop() {
    stopped_ = true;
    kick();
}

void Recounter::turn() {
    const bool spoiled = state_ != RecountState::clearing && index_.recount_spoiled();
    if (idle() || (reading_ > 0 && (spoiled || gives_up()))) {
        return;  // The last read that comes back leads here again.
    }
    if (gives_up()) {
        index_.give_up_recount();
        over();
        return;
    }
    if (spoiled) {
        unreadable_.clear();
        index_.give_up_recount();
        advance(RecountState::clearing);
    }
    uint32_t left = pages_per_turn;
    while (left > 0 && !idle() && !waits() && step()) {
        --left;
    }
    if (left == 0) {
        kick();
    } else if (waits() && index_.all_counted() && !paused_) {
        index_.end_recount();
        over();
    }
}

// The next page, or slot; false when there is something to wait for.
bool Recounter::step() {
    if (next_.slot >= index_.slot_count()) {
        return end_of_pages();
    }
    if (!index_.used(next_.slot) || next_.page >= index_.page_end(next_.slot)) {
        next_ = {next_.slot + 1, 0};
        return true;
    }
    if (state_ == RecountState::clearing) {
        index_.uncount(next_);
    } else if (!look_at(next_)) {
        return false;
    }
    ++next_.page;
    return true;
}

bool Recounter::end_of_pages() {
    if (state_ == RecountState::clearing) {
        index_.begin_recount();
        advance(RecountState::walking);
        return true;
    }
    if (reading_ > 0) {
        return false;
    }
    doubt_unreadable();
    advance(RecountState::waiting);
    return true;
}

// False when it must be looked at again.
bool Recounter::look_at(PageKey key) {
    if (!index_.uncounted(key)) {
        return true;
    }
    if (!index_.owes(key)) {
        index_.count(key);
        return true;
    }
    if (!index_.has_room(reads_max)) {  // Each that is read may be in doubt.
        pages_.relieve();
        return false;
    }
    if (reading_ > 0 && !client_.recount_is_urgent()) {
        return false;
    }
    for (Read& read : reads_) {
        if (!read.busy) {
            read.busy = true;
            read.key = key;
            ++reading_;
            loader_.peek(key, read);
            return true;
        }
    }
    return false;
}

void Recounter::was_read(Read& read, Status status, const IndexPage* image) {
    const PageKey key = read.key;
    const bool wanted = !gives_up() && index_.uncounted(key);
    if (wanted && status.ok() && image == nullptr && index_.owes(key)) {
        loader_.peek(key, read);  // It moved meanwhile.
        return;
    }
    read.busy = false;
    --reading_;
    if (wanted && !index_.owes(key)) {
        index_.count(key);
    } else if (wanted && image != nullptr) {
        index_.count(key, *image);
    } else if (wanted && status.code() == Errc::checksum_wrong) {
        index_.doubt(key);
    } else if (wanted) {
        unreadable_.push_back(key);
    }
    kick();
}

// Everything else has been read. A page is given up when it is merged with its image for the next
// checkpoint, unless the device has it by then.
void Recounter::doubt_unreadable() {
    for (const PageKey key : unreadable_) {
        if (index_.uncounted(key) && index_.owes(key)) {
            index_.doubt(key);
        }
    }
    unreadable_.clear();
}

void Recounter::over() {
    advance(RecountState::idle);
    client_.recounted();
}

}  // namespace store
