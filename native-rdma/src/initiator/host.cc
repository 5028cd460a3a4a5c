#include "initiator/host.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "nvme/identify.h"
#include "nvme/properties.h"
#include "nvme/status.h"

namespace initiator {

namespace {

constexpr uint64_t nanoseconds_per_ms = 1'000'000;
constexpr uint64_t ready_poll_ms = 1;
constexpr uint64_t ready_unit_ms = 500;  // Of CAP.TO.
constexpr uint8_t mdts_max = 19;         // More than 2 GiB is as good as no limit.
constexpr uint32_t capsule_unit_bytes = 16;
constexpr uint32_t capsule_units_min = 4;  // A command without data.
constexpr uint32_t capsule_units_max = 1u << 16;
// CC: enabled, 64-byte submission and 16-byte completion entries, NVM command set, 4 KiB pages.
constexpr uint32_t configuration = nvme::cc_enable | nvme::cc_sq_entry_64 | nvme::cc_cq_entry_16;

// Copies a space-padded field and ends it before the padding.
template <size_t size>
void take_text(char (&out)[size], const char (&from)[size - 1]) {
    std::memcpy(out, from, size - 1);
    out[size - 1] = '\0';
    for (size_t end = size - 1; end > 0 && (out[end - 1] == ' ' || out[end - 1] == '\0'); --end) {
        out[end - 1] = '\0';
    }
}

}  // namespace

bool may_move(HostState from, HostState to) {
    if (to == HostState::closing) {
        return from != HostState::idle && from != HostState::closing;
    }
    switch (from) {
        case HostState::idle:
            return to == HostState::connecting;
        case HostState::connecting:
            return to == HostState::capabilities;
        case HostState::capabilities:
            return to == HostState::enabling;
        case HostState::enabling:
            return to == HostState::waiting_ready;
        case HostState::waiting_ready:
            return to == HostState::identifying;
        case HostState::identifying:
            return to == HostState::granting || to == HostState::ready;
        case HostState::granting:
            return to == HostState::connecting_io;
        case HostState::connecting_io:
            return to == HostState::sizing || to == HostState::ready;
        case HostState::sizing:
            return to == HostState::ready;
        case HostState::ready:
            return false;
        case HostState::closing:
            return to == HostState::idle;
    }
    return false;
}

std::string HostFailure::sentence() const {
    char text[256];
    int length = std::snprintf(text, sizeof(text), "%s: %s", step, reason);
    if (nvme_status != 0) {
        length += std::snprintf(text + length,
                                sizeof(text) - static_cast<size_t>(length),
                                " (NVMe status %03xh%s)",
                                nvme_status & 0x7ffu,
                                (nvme_status & nvme::do_not_retry) != 0 ? ", do not retry" : "");
    } else if (fatal_error != 0) {
        length += std::snprintf(text + length,
                                sizeof(text) - static_cast<size_t>(length),
                                " (fatal error %u)",
                                fatal_error);
    } else if (status.detail() != 0) {
        length += std::snprintf(text + length,
                                sizeof(text) - static_cast<size_t>(length),
                                " (%s)",
                                strerrordesc_np(static_cast<int>(status.detail())));
    }
    return {text, static_cast<size_t>(length)};
}

void Host::Owner::host_event(Host&, uint32_t) {}

Host::Host(reactor::Reactor& reactor, Owner& owner)
    : reactor_(reactor),
      owner_(owner),
      admin_(reactor, *this),
      data_(std::make_unique<uint8_t[]>(nvme::identify_bytes)) {
    step_io_.host = keep_alive_io_.host = event_io_.host = timer_.host = this;
    step_io_.done = [](Io& io) { static_cast<Owned<Io>&>(io).host->on_step_done(); };
    keep_alive_io_.done = [](Io& io) {
        static_cast<Owned<Io>&>(io).host->keep_alive_sent_ = false;
    };
    event_io_.done = [](Io& io) { static_cast<Owned<Io>&>(io).host->on_event(); };
    event_io_.untimed = true;
    timer_.fire = [](reactor::Timer& timer) {
        static_cast<Owned<reactor::Timer>&>(timer).host->on_timer();
    };
}

Host::~Host() {
    CHECK(state_ == HostState::idle, "a host is closed before it is destroyed");
}

void Host::move(HostState to) {
    CHECK(may_move(state_, to), "a host goes through its states in order");
    state_ = to;
}

QueueOptions Host::queue_options() const {
    QueueOptions queue;
    queue.address = options_.address;
    queue.port = options_.port;
    queue.subsystem_nqn = options_.subsystem_nqn;
    queue.host_nqn = options_.host_nqn;
    queue.host_id = options_.host_id;
    queue.header_digest = options_.header_digest;
    queue.data_digest = options_.data_digest;
    queue.timeout_ms = options_.timeout_ms;
    return queue;
}

void Host::open(const HostOptions& options) {
    options_ = options;
    facts_ = {};
    failure_ = {};
    io_.clear();
    move(HostState::connecting);
    step_ = "connecting the admin queue";
    QueueOptions queue = queue_options();
    queue.keep_alive_ms = options_.keep_alive_ms;
    ++open_queues_;
    admin_.open(queue);
}

void Host::queue_opened(Queue& queue) {
    if (state_ == HostState::closing) {
        return;
    }
    if (&queue == &admin_) {
        facts_.controller_id = queue.controller_id();
        move(HostState::capabilities);
        send("reading the capabilities", property_get(nvme::property_cap, true));
        return;
    }
    open_next_io_queue();
}

// One step of bringing the controller up: one admin command at a time.
void Host::send(const char* step, const nvme::Command& command, uint32_t data_bytes) {
    step_ = step;
    step_io_.command = command;
    step_io_.transfer = data_bytes == 0 ? Transfer::none : Transfer::to_host;
    step_io_.data = data_.get();
    step_io_.data_bytes = data_bytes;
    const base::Status status = admin_.submit(step_io_);
    if (!status.ok()) {
        begin_close({status, step, "the admin queue took no command"});
    }
}

void Host::on_step_done() {
    if (state_ == HostState::closing || !step_io_.status.ok()) {
        return;  // The admin queue is closing, and says why itself.
    }
    if (step_io_.nvme_status() != 0) {
        begin_close({base::Status(base::Errc::unsupported),
                     step_,
                     "the controller refused",
                     step_io_.nvme_status()});
        return;
    }
    if (step_io_.received_bytes != step_io_.data_bytes) {
        begin_close({base::Status(base::Errc::corrupt), step_, "the answer is too short"});
        return;
    }
    advance();
}

void Host::advance() {
    switch (state_) {
        case HostState::capabilities:
            take_capabilities();
            break;
        case HostState::enabling:
            move(HostState::waiting_ready);
            send("waiting for the controller", property_get(nvme::property_csts, false));
            break;
        case HostState::waiting_ready:
            take_ready();
            break;
        case HostState::identifying:
            take_controller();
            break;
        case HostState::granting:
            take_grant();
            break;
        case HostState::sizing:
            take_namespace();
            break;
        case HostState::idle:
        case HostState::connecting:
        case HostState::connecting_io:
        case HostState::ready:
        case HostState::closing:
            CHECK(false, "no step is under way in this state");
    }
}

void Host::take_capabilities() {
    facts_.capabilities = step_io_.completion.result;
    const uint64_t units = std::max<uint64_t>(facts_.capabilities >> 24 & 0xff, 1);
    ready_deadline_ns_ = reactor_.now_ns() + units * ready_unit_ms * nanoseconds_per_ms;
    move(HostState::enabling);
    send("enabling the controller", property_set(nvme::property_cc, configuration));
}

void Host::take_ready() {
    const auto status = static_cast<uint32_t>(step_io_.completion.result);
    if ((status & nvme::csts_fatal) != 0) {
        begin_close({base::Status(base::Errc::unsupported), step_, "it reports a fatal status"});
    } else if ((status & nvme::csts_ready) != 0) {
        move(HostState::identifying);
        send("identifying the controller",
             identify(nvme::IdentifyKind::controller, 0),
             nvme::identify_bytes);
    } else if (reactor_.now_ns() >= ready_deadline_ns_) {
        begin_close({base::Status(base::Errc::unsupported), step_, "it never became ready"});
    } else {
        reactor_.arm(timer_, reactor_.now_ns() + ready_poll_ms * nanoseconds_per_ms);
    }
}

void Host::take_controller() {
    const auto& data = *reinterpret_cast<const nvme::IdentifyController*>(data_.get());
    if (data.controller_id != facts_.controller_id) {
        begin_close({base::Status(base::Errc::corrupt), step_, "it names another controller"});
        return;
    }
    take_text(facts_.serial, data.serial);
    take_text(facts_.model, data.model);
    const uint8_t mdts = data.transfer_shift;
    facts_.transfer_bytes_max = mdts == 0 || mdts > mdts_max ? 0 : 4096u << mdts;
    facts_.in_capsule_bytes =
        std::clamp<uint32_t>(data.command_capsule_units, capsule_units_min, capsule_units_max) *
            capsule_unit_bytes -
        sizeof(nvme::Command);
    if (options_.subsystem_nqn == nvme::discovery_nqn) {
        become_ready();
        return;
    }
    move(HostState::granting);
    const uint32_t wanted = std::max<uint32_t>(options_.io_queues, 1) - 1;
    send("asking for I/O queues", set_features(nvme::Feature::queue_count, wanted | wanted << 16));
}

void Host::take_grant() {
    const auto result = static_cast<uint32_t>(step_io_.completion.result);
    facts_.granted_queues = std::min(result & 0xffff, result >> 16) + 1;
    move(HostState::connecting_io);
    open_next_io_queue();
}

// Queues are connected one after another, as Linux does.
void Host::open_next_io_queue() {
    const uint32_t wanted = std::min<uint32_t>(options_.io_queues, facts_.granted_queues);
    if (io_.size() < wanted) {
        step_ = "connecting an I/O queue";
        QueueOptions queue = queue_options();
        queue.id = static_cast<uint16_t>(io_.size() + 1);
        queue.entries = options_.queue_entries;
        queue.controller_id = facts_.controller_id;
        queue.in_capsule_bytes = facts_.in_capsule_bytes;
        io_.push_back(std::make_unique<Queue>(reactor_, static_cast<Queue::Owner&>(*this)));
        ++open_queues_;
        io_.back()->open(queue);
        return;
    }
    if (options_.namespace_id == 0) {
        become_ready();
        return;
    }
    move(HostState::sizing);
    send("identifying the namespace",
         identify(nvme::IdentifyKind::ns, options_.namespace_id),
         nvme::identify_bytes);
}

void Host::take_namespace() {
    const auto& data = *reinterpret_cast<const nvme::IdentifyNamespace*>(data_.get());
    const uint8_t shift = data.lba_formats[data.format & 0xf].data_shift;
    facts_.block_count = data.size;
    if (facts_.block_count == 0 || shift < 9 || shift > 16) {
        begin_close({base::Status(base::Errc::not_found), step_, "there is no such namespace"});
        return;
    }
    facts_.block_bytes = 1u << shift;
    become_ready();
}

void Host::become_ready() {
    move(HostState::ready);
    if (options_.keep_alive_ms != 0) {
        on_timer();
    }
    event_io_.command = asynchronous_event_request();
    static_cast<void>(admin_.submit(event_io_));
    owner_.host_ready(*this);
}

void Host::on_timer() {
    if (state_ == HostState::waiting_ready) {
        send(step_, property_get(nvme::property_csts, false));
        return;
    }
    if (!keep_alive_sent_) {
        keep_alive_io_.command = keep_alive();
        keep_alive_sent_ = admin_.submit(keep_alive_io_).ok();
    }
    const uint64_t period_ms = std::max<uint64_t>(options_.keep_alive_ms / 2, 1);
    reactor_.arm(timer_, reactor_.now_ns() + period_ms * nanoseconds_per_ms);
}

void Host::on_event() {
    // An aborted or refused request is not asked for again: that would go round without end.
    if (state_ != HostState::ready || !event_io_.succeeded()) {
        return;
    }
    const auto event = static_cast<uint32_t>(event_io_.completion.result);
    event_io_.command = asynchronous_event_request();
    static_cast<void>(admin_.submit(event_io_));
    owner_.host_event(*this, event);
}

void Host::close() {
    if (state_ != HostState::idle) {
        begin_close({base::Status(base::Errc::closed), "disconnecting", "closed by this host"});
    }
}

void Host::begin_close(const HostFailure& failure) {
    if (state_ == HostState::closing) {
        return;
    }
    move(HostState::closing);
    failure_ = failure;
    reactor_.disarm(timer_);
    for (const auto& queue : io_) {
        queue->close();
    }
    admin_.close();
}

void Host::queue_closed(Queue&, const QueueFailure& failure) {
    --open_queues_;
    begin_close({failure.status,
                 state_ == HostState::ready ? "a queue closed" : step_,
                 failure.reason,
                 failure.nvme_status,
                 failure.fatal_error});
    if (open_queues_ == 0) {
        move(HostState::idle);
        owner_.host_closed(*this, failure_);
    }
}

}  // namespace initiator
