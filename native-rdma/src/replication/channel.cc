#include "replication/channel.h"

#include "base/check.h"

namespace replication {

void Channel::prepare(const GroupConfig& config, bool wipe, uint64_t now_ns) {
    config_ = config;
    wipe_ = wipe;
    open_ = false;
    full_ = false;
    ++number_;
    next_sequence_ = 1;
    unacked_.clear();
    if (wipe) {
        forget_acked();
    }
    sent_ns_ = now_ns;
    peers_.send(node_, Prepare{config_, number_, wipe_});
}

void Channel::send(Write& write, uint64_t now_ns) {
    if (open_ && write.version > acked_) {
        add(&write, nullptr, now_ns);
    }
}

void Channel::send(Copy& copy, uint64_t now_ns) {
    CHECK(open_, "copies go to a member that has answered");
    add(nullptr, &copy, now_ns);
}

void Channel::add(Write* write, Copy* copy, uint64_t now_ns) {
    if (unacked_.empty()) {
        sent_ns_ = now_ns;
    }
    unacked_.push_back({next_sequence_++, write, copy});
    transmit(unacked_.back());
}

void Channel::transmit(const Item& item) {
    Append append;
    append.pg = config_.pg;
    append.epoch = config_.epoch;
    append.channel = number_;
    append.sequence = item.sequence;
    append.commit = client_.commit_told();
    if (item.write != nullptr) {
        append.version = item.write->version;
        append.generation = item.write->generation;
        append.range = item.write->range;
        append.data = item.write->data;
        append.crcs = item.write->crcs;
    } else {
        append.copy = true;
        append.version = item.copy->version;
        append.generation = item.copy->generation;
        append.range = item.copy->range;
        append.data = item.copy->data;
        append.crcs = item.copy->crcs;
    }
    peers_.send(node_, append);
}

void Channel::acknowledged(const Ack& ack) {
    if (!open_ || ack.channel != number_ || ack.sequence >= next_sequence_) {
        return;
    }
    full_ = ack.full;
    while (!unacked_.empty() && unacked_.front().sequence <= ack.sequence) {
        const Item item = unacked_.front();
        unacked_.pop_front();
        sent_ns_ = heard_ns_;
        if (item.write != nullptr) {
            CHECK(item.write->version > acked_, "writes are acknowledged in their order");
            acked_ = item.write->version;
        } else {
            item.copy->done(*item.copy);
        }
    }
}

void Channel::tick(uint64_t now_ns, uint64_t resend_ns) {
    if (number_ == 0 || now_ns < sent_ns_ + resend_ns || (open_ && unacked_.empty())) {
        return;
    }
    sent_ns_ = now_ns;
    if (!open_) {
        peers_.send(node_, Prepare{config_, number_, wipe_});
        return;
    }
    for (const Item& item : unacked_) {
        transmit(item);
    }
}

}  // namespace replication
