#include "peer/parcel.h"

namespace peer {

ParcelPool::~ParcelPool() {
    CHECK(taken() == 0, "parcels come home before their lane goes");
    while (free_.pop_front() != nullptr) {
    }
}

Parcel* ParcelPool::take() {
    if (!free_.empty()) {
        return free_.pop_front();
    }
    if (made_.size() == count_max_) {
        return nullptr;
    }
    made_.push_back(std::make_unique<Parcel>());
    Parcel& parcel = *made_.back();
    parcel.kind = kind_;
    parcel.lane = &lane_;
    parcel.hop.parcel = parcel.stored.parcel = parcel.asked.parcel = &parcel;
    return &parcel;
}

void ParcelPool::put(Parcel& parcel) {
    CHECK(parcel.buffer.empty() && parcel.connection == nullptr, "a parcel comes back empty");
    free_.push_front(parcel);
}

}  // namespace peer
