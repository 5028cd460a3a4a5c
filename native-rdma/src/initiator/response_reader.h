// Takes the bytes a controller sends apart into PDUs: the host's half of the wire, without sockets.
//
//   header ──▶ data ──▶ data_digest ──▶ header        (after a bad header: broken, for good)
//
// The caller gives bytes to next() until it answers need_more. After `data` it says where the data
// goes with set_target() before it calls next() again.
//
// Thread: one. Lifetime: the queue's; target memory must stay until data_end.
#pragma once

#include <cstdint>
#include <span>

#include "nvme/tcp_pdu.h"

namespace initiator {

enum class ResponseEvent : uint8_t {
    need_more,   // Every byte given was taken.
    negotiated,  // header<IcResponse>(); call negotiated() next.
    response,    // header<ResponsePdu>().
    ready,       // header<ReadyToTransferPdu>().
    data,        // header<DataPdu>(); data_bytes() follow.
    data_end,    // The data of the last event is there; digest_ok() says whether as sent.
    terminate,   // header<TerminatePdu>(): the controller ends the connection.
    broken,      // Not what a controller may send.
};

class ResponseReader {
  public:
    // Takes bytes from the front of `input` up to the next event.
    [[nodiscard]] ResponseEvent next(std::span<const uint8_t>& input);
    // After `negotiated`: which digests every later PDU carries.
    void negotiated(bool header_digest, bool data_digest);
    // After `data`: where the data goes. Null drops it.
    void set_target(uint8_t* target) { target_ = target; }

    // What is still to come of the data under way, and its place: a large remainder is received
    // there directly and then told with data_placed().
    [[nodiscard]] std::span<uint8_t> direct_target() const;
    void data_placed(uint32_t bytes);

    template <typename T>
    [[nodiscard]] const T& header() const {
        return *reinterpret_cast<const T*>(header_);
    }
    [[nodiscard]] uint32_t data_bytes() const { return data_bytes_; }
    [[nodiscard]] bool digest_ok() const { return digest_ok_; }

  private:
    enum class Phase : uint8_t { header, data, data_digest, broken };

    bool fill_header(std::span<const uint8_t>& input, uint32_t wanted);
    ResponseEvent take_header(std::span<const uint8_t>& input);
    ResponseEvent take_data(std::span<const uint8_t>& input);
    ResponseEvent take_data_digest(std::span<const uint8_t>& input);
    ResponseEvent finish_header();
    ResponseEvent begin_data(const nvme::tcp::PduHeader& common);
    ResponseEvent fail();
    [[nodiscard]] bool header_digest_matches(uint32_t header_bytes) const;
    void note_data(const uint8_t* data, uint32_t bytes);

    Phase phase_ = Phase::header;
    bool initialized_ = false;
    bool header_digest_ = false;
    bool data_digest_ = false;
    bool digest_ok_ = true;
    bool has_data_digest_ = false;
    uint32_t header_filled_ = 0;
    uint32_t data_bytes_ = 0;
    uint32_t data_taken_ = 0;
    uint8_t* target_ = nullptr;
    uint32_t crc_ = 0;
    uint32_t digest_filled_ = 0;
    uint8_t digest_[nvme::tcp::digest_bytes] = {};
    // The longest PDU header, its digest and the padding before data.
    alignas(8) uint8_t header_[256] = {};
};

}  // namespace initiator
