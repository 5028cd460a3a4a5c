#include "initiator/queue.h"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/check.h"
#include "reactor/socket_address.h"

namespace initiator {

namespace {

constexpr uint64_t nanoseconds_per_ms = 1'000'000;
constexpr uint64_t timer_period_ms_max = 1'000;

}  // namespace

Queue::Queue(reactor::Reactor& reactor, Owner& owner) : reactor_(reactor), owner_(owner) {
    turn_task_.queue = this;
    turn_task_.run = [](reactor::Task& task) {
        static_cast<Owned<reactor::Task>&>(task).queue->turn();
    };
    timer_.queue = this;
    timer_.fire = [](reactor::Timer& timer) {
        static_cast<Owned<reactor::Timer>&>(timer).queue->on_timer();
    };
    using OwnedOperation = Owned<reactor::Operation>;
    dial_operation_.queue = receive_operation_.queue = send_operation_.queue = this;
    dial_operation_.done = [](reactor::Operation& operation, int32_t result, uint32_t) {
        static_cast<OwnedOperation&>(operation).queue->on_dialled(result);
    };
    receive_operation_.done = [](reactor::Operation& operation, int32_t result, uint32_t flags) {
        static_cast<OwnedOperation&>(operation).queue->on_received(result, flags);
    };
    send_operation_.done = [](reactor::Operation& operation, int32_t result, uint32_t) {
        static_cast<OwnedOperation&>(operation).queue->on_sent(result);
    };
    connect_io_.queue = this;
    connect_io_.done = [](Io& io) { static_cast<Owned<Io>&>(io).queue->on_connect_done(); };
}

Queue::~Queue() {
    CHECK(state_ == QueueState::idle, "a queue is closed before it is destroyed");
    while (free_.pop_front() != nullptr) {
    }
}

void Queue::move(QueueState to) {
    CHECK(may_move(state_, to), "a queue goes through its states in order");
    state_ = to;
}

void Queue::open(const QueueOptions& options) {
    CHECK(state_ == QueueState::idle, "a queue is opened once at a time");
    CHECK(options.entries >= 1 && options.entries <= 1024, "a queue has 1 to 1024 entries");
    options_ = options;
    failure_ = {};
    wire_ = {};
    reader_ = {};
    controller_id_ = options.controller_id;
    while (free_.pop_front() != nullptr) {
    }
    slot_count_ = options.entries;
    slots_ = std::make_unique<Slot[]>(slot_count_);
    for (uint32_t i = 0; i < slot_count_; ++i) {
        free_.push_back(slots_[i]);
    }
    send_commands_ = std::min(slot_count_, send_commands_max);
    in_send_.reserve(send_commands_);
    send_vectors_.reserve(size_t{send_commands_} * vectors_per_command);
    staging_ = std::make_unique<uint8_t[]>(size_t{send_commands_} * staging_per_command);
    receive_buffer_ = std::make_unique<uint8_t[]>(receive_buffer_bytes);
    socket_drained_ = true;
    open_deadline_ns_ = reactor::Reactor::clock_ns() + options.timeout_ms * nanoseconds_per_ms;
    begin_dial();
}

void Queue::begin_dial() {
    const socklen_t length = reactor::parse_address(options_.address, options_.port, address_);
    if (length == 0) {
        begin_close({base::Status(base::Errc::invalid_argument), "not a numeric address"});
        return;
    }
    socket_ = socket(address_.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) {
        begin_close({base::Status(base::Errc::io_error, static_cast<uint32_t>(errno)),
                     "no socket to be had"});
        return;
    }
    const int on = 1;
    static_cast<void>(setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
    move(QueueState::dialling);
    dialling_ = true;
    io_uring_prep_connect(&reactor_.prepare(dial_operation_),
                          socket_,
                          reinterpret_cast<const sockaddr*>(&address_),
                          length);
    reactor_.arm(timer_, open_deadline_ns_);
}

void Queue::on_dialled(int32_t result) {
    dialling_ = false;
    if (state_ == QueueState::closing) {
        schedule_turn();
        return;
    }
    if (result < 0) {
        begin_close({base::Status(base::Errc::io_error, static_cast<uint32_t>(-result)),
                     "could not connect"});
        return;
    }
    move(QueueState::negotiating);
    const uint32_t bytes = write_ic_request(
        staging_.get(), options_.header_digest, options_.data_digest, options_.alignment);
    staged_bytes_ = 0;
    append(staging_.get(), bytes);
    submit_send();
    schedule_turn();
}

void Queue::on_connect_done() {
    if (state_ != QueueState::joining) {
        return;
    }
    if (!connect_io_.succeeded()) {
        begin_close(
            {base::Status(base::Errc::closed), "Connect was refused", connect_io_.nvme_status()});
        return;
    }
    controller_id_ = static_cast<uint16_t>(connect_io_.completion.result & 0xffff);
    move(QueueState::live);
    owner_.queue_opened(*this);
}

base::Status Queue::submit(Io& io) {
    if (state_ != QueueState::live) {
        return base::Status(base::Errc::closed);
    }
    return take_slot(io) == nullptr ? base::Status(base::Errc::busy) : base::Status();
}

Queue::Slot* Queue::take_slot(Io& io) {
    CHECK(io.done != nullptr, "a command needs someone to tell");
    Slot* slot = free_.pop_front();
    if (slot == nullptr) {
        return nullptr;
    }
    ++outstanding_;
    slot->io = &io;
    slot->deadline_ns =
        io.untimed ? UINT64_MAX : reactor_.now_ns() + options_.timeout_ms * nanoseconds_per_ms;
    slot->transferred_bytes = slot->asked_end = 0;
    slot->capsule_sent = slot->sending = slot->answered = slot->digest_failed = false;
    io.status = {};
    io.completion = {};
    io.received_bytes = 0;
    io.command.command_id = static_cast<uint16_t>(slot - slots_.get());
    unsent_.push_back(*slot);
    schedule_turn();
    return slot;
}

// The answer is there; the command's memory may still be in a send.
void Queue::complete(Slot& slot) {
    if (slot.sending) {
        slot.answered = true;
        return;
    }
    Io& io = *slot.io;
    if (slot.linked()) {
        unsent_.remove(slot);
    }
    if (slot.digest_failed && io.succeeded()) {
        io.status = base::Status(base::Errc::checksum_wrong);
    }
    slot.io = nullptr;
    --outstanding_;
    free_.push_front(slot);
    io.done(io);
}

void Queue::schedule_turn() {
    reactor_.defer(turn_task_);
}

void Queue::turn() {
    if (state_ == QueueState::closing) {
        if (quiet()) {
            finish_close();  // The owner may destroy the queue in it.
        }
        return;
    }
    if (state_ == QueueState::idle || state_ == QueueState::dialling) {
        return;
    }
    flush();
    if (!receiving_) {
        arm_receive();
    }
}

void Queue::on_timer() {
    const uint64_t now_ns = reactor_.now_ns();
    uint64_t next_ns =
        now_ns + std::min<uint64_t>(options_.timeout_ms, timer_period_ms_max) * nanoseconds_per_ms;
    if (state_ != QueueState::live) {
        if (now_ns >= open_deadline_ns_) {
            begin_close({base::Status(base::Errc::closed), "no answer in time"});
            return;
        }
        next_ns = std::min(next_ns, open_deadline_ns_);
    }
    for (uint32_t i = 0; i < slot_count_; ++i) {
        if (slots_[i].io != nullptr && slots_[i].deadline_ns <= now_ns) {
            begin_close({base::Status(base::Errc::closed), "a command was not answered in time"});
            return;
        }
    }
    reactor_.arm(timer_, next_ns);
}

void Queue::close() {
    if (state_ != QueueState::idle) {
        begin_close({base::Status(base::Errc::closed), "closed by this host"});
    }
}

void Queue::begin_close(const QueueFailure& failure) {
    if (state_ == QueueState::closing) {
        return;
    }
    move(QueueState::closing);
    failure_ = failure;
    reactor_.disarm(timer_);
    if (dialling_) {
        reactor_.cancel(dial_operation_);
    } else if (socket_ >= 0) {
        static_cast<void>(shutdown(socket_, SHUT_RDWR));
    }
    schedule_turn();
}

void Queue::finish_close() {
    if (socket_ >= 0) {
        ::close(socket_);
        socket_ = -1;
    }
    data_slot_ = nullptr;
    in_send_.clear();
    send_vectors_.clear();
    vector_first_ = 0;
    for (uint32_t i = 0; i < slot_count_; ++i) {
        Slot& slot = slots_[i];
        if (slot.io != nullptr) {
            slot.io->status = failure_.status;
            slot.sending = false;
            complete(slot);
        }
    }
    move(QueueState::idle);
    owner_.queue_closed(*this, failure_);
}

}  // namespace initiator
