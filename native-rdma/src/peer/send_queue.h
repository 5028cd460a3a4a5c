// What is to leave on one connection: frames gather while the ones before them are being sent.
//
// Heads and bodies are copied in, payloads are sent from where they lie. Memory grows with use, up
// to a limit, and stays. Thread: one reactor. Lifetime: the connection's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <sys/uio.h>
#include <vector>

#include "base/intrusive_list.h"
#include "peer/parcel.h"
#include "peer/port.h"

namespace peer {

class SendQueue {
  public:
    // Of heads and bodies that wait: some thousand frames, or two of the longest.
    static constexpr uint32_t waiting_bytes_max = 256u << 10;
    static constexpr uint32_t vectors_max = 512;  // Of one send.

    // Memory for a frame's head and body, or null when too much waits. Next comes commit().
    [[nodiscard]] uint8_t* reserve(uint32_t bytes);
    void commit(uint32_t bytes, std::span<const uint8_t> payload);
    // Keep whose payload was committed just now, until it is sent.
    void pin(Request& request) { waiting().requests.push_back(request); }
    void pin(Parcel& parcel) { waiting().parcels.push_back(parcel); }

    // Whether a send is under way, and whether there is something for the next.
    [[nodiscard]] bool sending() const { return sending_; }
    [[nodiscard]] bool empty() const { return batches_[filling_].pieces.empty(); }

    // Requires: no send is under way, and not empty(). What waits is what is sent now.
    void begin();
    // What is left of it, as far as it fits into one call: entries filled.
    [[nodiscard]] uint32_t gather(std::span<iovec, vectors_max> vectors) const;
    // So many bytes have left. True when all have; then the pinned ones are given back by taking
    // them, and the next begin() is possible.
    [[nodiscard]] bool sent(uint64_t bytes);
    // Nothing of it is in the kernel's hands any more; it does not leave either.
    void abandon() {
        sending_ = false;
        abandoned_ = true;
    }
    // Pinned by what was sent, or, once abandoned, by anything.
    [[nodiscard]] Request* take_request();
    [[nodiscard]] Parcel* take_parcel();

  private:
    static constexpr uint32_t bytes_first = 8u << 10;

    struct Piece {
        const uint8_t* payload = nullptr;  // Null: staged at `offset`.
        uint32_t offset = 0;
        uint32_t bytes = 0;
    };
    struct Batch {
        std::unique_ptr<uint8_t[]> staged;
        uint32_t capacity = 0;
        uint32_t used = 0;
        std::vector<Piece> pieces;
        base::IntrusiveList<Request> requests;
        base::IntrusiveList<Parcel> parcels;
    };

    [[nodiscard]] Batch& waiting() { return batches_[filling_]; }
    [[nodiscard]] Batch& leaving() { return batches_[1 - filling_]; }

    Batch batches_[2];
    uint32_t filling_ = 0;
    bool sending_ = false;
    bool abandoned_ = false;
    size_t piece_first_ = 0;   // Of what is being sent: the first that has not left,
    uint32_t piece_sent_ = 0;  // and how much of it has.
};

}  // namespace peer
