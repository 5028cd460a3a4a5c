// What came in: its memory, its way to the group's home reactor, and home again.
#include <utility>

#include "base/check.h"
#include "peer/lane.h"

namespace peer {
namespace {

constexpr uint32_t messages_max = 1024;
constexpr uint32_t appends_max = 2048;
constexpr uint32_t calls_max = 1024;
// Address space; memory is used only as far as the pool was short.
constexpr size_t append_reserve_bytes = size_t{8} << 20;
constexpr size_t call_reserve_bytes = size_t{16} << 20;
// What is left of the pool to the reactor's own hosts.
constexpr size_t pool_share_left = 4;

std::unique_ptr<memory::BufferPool> make_reserve(size_t bytes) {
    auto made = memory::BufferPool::create(bytes);
    CHECK(made.has_value(), "there is no address space for the network's reserve");
    return std::move(made.value());
}

base::PgId group_of(const replication::Message& message) {
    return std::visit(
        [](const auto& known) {
            if constexpr (requires { known.config; }) {
                return known.config.pg;
            } else {
                return known.pg;
            }
        },
        message);
}

}  // namespace

ReactorLane::ReactorLane(Surroundings& surroundings, uint32_t index)
    : surroundings_(surroundings),
      index_(index),
      reactor_(*surroundings.options.reactors[index]),
      pool_(*surroundings.options.pools[index]),
      sink_(*surroundings.options.sinks[index]),
      random_(surroundings.options.incarnation + index + 1),
      append_reserve_(make_reserve(append_reserve_bytes)),
      call_reserve_(make_reserve(call_reserve_bytes)),
      messages_(ParcelKind::message, messages_max, *this),
      appends_(ParcelKind::append, appends_max, *this),
      calls_(ParcelKind::call, calls_max, *this) {
    orphans_task_.lane = this;
    orphans_task_.run = [](reactor::Task& task) {
        static_cast<Orphans&>(task).lane->end_orphans();
    };
}

ReactorLane::~ReactorLane() {
    CHECK(dialers_.empty() && retiring_.empty() && incoming_.empty() && greeting_.empty(),
          "a network is closed before it is destroyed");
}

ParcelPool& ReactorLane::parcels(ParcelKind kind) {
    switch (kind) {
        case ParcelKind::message:
            return messages_;
        case ParcelKind::append:
            return appends_;
        case ParcelKind::call:
            break;
    }
    return calls_;
}

uint32_t ReactorLane::taken() const {
    return messages_.taken() + appends_.taken() + calls_.taken();
}

memory::Buffer ReactorLane::take_memory(ParcelKind kind,
                                        uint32_t bytes,
                                        memory::BufferPool*& from) {
    from = &pool_;
    if (pool_.free_bytes() > pool_.bytes() / pool_share_left + bytes) {
        const memory::Buffer buffer = pool_.acquire(bytes);
        if (!buffer.empty()) {
            return buffer;
        }
    }
    from = kind == ParcelKind::append ? append_reserve_.get() : call_reserve_.get();
    return from->acquire(bytes);
}

Parcel* ReactorLane::take(ParcelKind kind, uint32_t bytes) {
    Parcel* parcel = parcels(kind).take();
    if (parcel == nullptr || bytes == 0) {
        return parcel;
    }
    parcel->buffer = take_memory(kind, bytes, parcel->pool);
    if (parcel->buffer.empty()) {
        parcels(kind).put(*parcel);
        return nullptr;
    }
    return parcel;
}

void ReactorLane::deliver(Parcel& parcel, base::PgId pg) {
    parcel.home = surroundings_.options.home_of(pg);
    ReactorLane& home = *surroundings_.lanes[parcel.home];
    if (&home == this) {
        arrive(parcel);
        return;
    }
    parcel.hop.run = [](reactor::Task& task) {
        Parcel& hopped = *static_cast<Parcel::Hop&>(task).parcel;
        hopped.lane->surroundings_.lanes[hopped.home]->arrive(hopped);
    };
    home.reactor_.post(parcel.hop);
}

void ReactorLane::deliver_message(base::NodeId from, uint64_t incarnation, Decoded& decoded) {
    const base::PgId pg = group_of(decoded.message);
    if (surroundings_.options.home_of(pg) == index_) {
        if (is_current(from, incarnation)) {
            sink_.message(from, decoded.message);
        }
        return;
    }
    Parcel* parcel = messages_.take();
    if (parcel == nullptr) {
        counted.messages_dropped.add(1);
        return;
    }
    parcel->from = from;
    parcel->incarnation = incarnation;
    parcel->message = decoded.message;
    if (auto* prepared = std::get_if<replication::Prepared>(&parcel->message)) {
        parcel->ranges.assign(decoded.ranges.begin(), decoded.ranges.end());
        prepared->pending = parcel->ranges;
    }
    deliver(*parcel, pg);
}

bool ReactorLane::is_current(base::NodeId node, uint64_t incarnation) const {
    const auto found = runs_.find(node);
    return !closing_ && found != runs_.end() && found->second == incarnation;
}

// On the home reactor: what is left of an earlier run is not taken any more.
void ReactorLane::arrive(Parcel& parcel) {
    if (!is_current(parcel.from, parcel.incarnation)) {
        parcel.status = base::Status(base::Errc::not_primary);
        send_home(parcel, *this);
        return;
    }
    switch (parcel.kind) {
        case ParcelKind::message:
            sink_.message(parcel.from, parcel.message);
            send_home(parcel, *this);
            break;
        case ParcelKind::append:
            parcel.stored.replica = nullptr;
            parcel.stored.release = [](replication::Incoming& incoming) {
                Parcel& done = *static_cast<Parcel::Stored&>(incoming).parcel;
                send_home(done, *done.lane->surroundings_.lanes[done.home]);
            };
            sink_.append(parcel.from, parcel.stored);
            break;
        case ParcelKind::call:
            parcel.asked.answer = [](Call& call, base::Status status) {
                Parcel& done = *static_cast<Parcel::Asked&>(call).parcel;
                done.status = status;
                send_home(done, *done.lane->surroundings_.lanes[done.home]);
            };
            sink_.call(parcel.asked);
            break;
    }
}

void ReactorLane::send_home(Parcel& parcel, ReactorLane& here) {
    if (parcel.lane == &here) {
        here.come_home(parcel);
        return;
    }
    parcel.hop.run = [](reactor::Task& task) {
        Parcel& hopped = *static_cast<Parcel::Hop&>(task).parcel;
        hopped.lane->come_home(hopped);
    };
    parcel.lane->reactor_.post(parcel.hop);
}

void ReactorLane::come_home(Parcel& parcel) {
    if (parcel.connection != nullptr) {
        parcel.connection->answered(parcel);
    } else {
        recycle(parcel);
    }
}

void ReactorLane::recycle(Parcel& parcel) {
    if (!parcel.buffer.empty()) {
        parcel.pool->release(parcel.buffer);
    }
    parcels(parcel.kind).put(parcel);
    if (held_for_parcels_ && taken() == 0) {
        held_for_parcels_ = false;
        surroundings_.let_go();
    }
}

}  // namespace peer
