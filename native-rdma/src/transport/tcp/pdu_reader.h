// Takes the bytes of one connection apart into PDUs, as they come: it knows the wire, no sockets
// and no commands.
//
//   header ──▶ data ──▶ data_digest ──▶ header        (after a bad header: broken, for good)
//
// The caller gives bytes to next() until it answers need_more. After an event with data the caller
// says where the data goes with set_target() before it calls next() again; while it cannot, it
// just does not call.
//
// Thread: one reactor. Lifetime: the connection's; the target memory must stay until data_end.
#pragma once

#include <cstdint>
#include <span>

#include "nvme/tcp_pdu.h"

namespace transport::tcp {

enum class ReadEvent : uint8_t {
    need_more,   // Every byte given was taken.
    ic_request,  // header<IcRequest>(); call negotiated() next.
    command,     // header<CommandPdu>(); data_bytes() of in-capsule data follow, maybe 0.
    h2c_data,    // header<DataPdu>(); data_bytes() follow, never 0.
    data_end,    // The data of the last event is there; digest_ok() says whether as sent.
    terminate,   // header<TerminatePdu>(): the host ends the connection.
    broken,      // error() and error_information() say why.
};

// How far into a PDU the stream is.
enum class ReadPhase : uint8_t { header, data, data_digest, broken };

[[nodiscard]] constexpr bool may_move(ReadPhase from, ReadPhase to) {
    switch (from) {
        case ReadPhase::header:
            return to != ReadPhase::data_digest;
        case ReadPhase::data:
            return to != ReadPhase::data;
        case ReadPhase::data_digest:
            return to == ReadPhase::header;
        case ReadPhase::broken:
            return false;
    }
    return false;
}

class PduReader {
  public:
    struct Limits {
        uint32_t in_capsule_bytes;  // Of one command.
        uint32_t h2c_data_bytes;    // Of one H2CData PDU (MAXH2CDATA).
    };
    explicit PduReader(const Limits& limits) : limits_(limits) {}

    // Takes bytes from the front of `input` up to the next event.
    [[nodiscard]] ReadEvent next(std::span<const uint8_t>& input);

    // After ic_request: which digests every later PDU carries.
    void negotiated(bool header_digest, bool data_digest);

    // After command or h2c_data: where the first `keep_bytes` of the data go; the rest is dropped.
    void set_target(uint8_t* target, uint32_t keep_bytes);

    // Where received bytes may be put without a copy, empty when there is no such place: the caller
    // puts n of them there and calls data_placed(n). Only valid after need_more.
    [[nodiscard]] std::span<uint8_t> direct_target() const;
    void data_placed(uint32_t bytes);

    // The caller's objection to the last event: the stream is broken from here on.
    void refuse(nvme::tcp::FatalError error, uint32_t information);

    template <typename T>
    [[nodiscard]] const T& header() const {
        return *reinterpret_cast<const T*>(header_);
    }
    [[nodiscard]] uint32_t data_bytes() const { return data_bytes_; }
    [[nodiscard]] bool digest_ok() const { return digest_ok_; }
    [[nodiscard]] bool between_pdus() const {
        return phase_ == ReadPhase::header && header_filled_ == 0;
    }
    [[nodiscard]] nvme::tcp::FatalError error() const { return error_; }
    [[nodiscard]] uint32_t error_information() const { return error_information_; }
    // With broken: as much of the offending header as came.
    [[nodiscard]] std::span<const uint8_t> offending_header() const;

  private:
    void move(ReadPhase to);
    ReadEvent fail(nvme::tcp::FatalError error, uint32_t information);
    bool fill(std::span<const uint8_t>& input, uint32_t wanted);
    ReadEvent take_header(std::span<const uint8_t>& input);
    bool take_data(std::span<const uint8_t>& input);
    bool take_data_digest(std::span<const uint8_t>& input);
    bool check_common();
    bool check_sequence();
    bool check_lengths();
    bool check_header_digest();
    bool check_ic_request();
    bool check_h2c_data();
    [[nodiscard]] uint32_t header_wanted() const;
    ReadEvent finish_header();
    ReadEvent finish_data();

    const Limits limits_;
    ReadPhase phase_ = ReadPhase::header;
    bool initialized_ = false;  // ICReq has come.
    bool header_digest_ = false;
    bool data_digest_ = false;
    bool common_checked_ = false;
    bool digest_ok_ = true;
    bool has_data_digest_ = false;
    nvme::tcp::FatalError error_ = nvme::tcp::FatalError::none;
    uint32_t error_information_ = 0;
    uint32_t header_filled_ = 0;
    uint32_t offending_bytes_ = 0;
    uint32_t data_bytes_ = 0;
    uint32_t data_taken_ = 0;
    uint8_t* target_ = nullptr;
    uint32_t keep_bytes_ = 0;
    uint32_t crc_ = 0;
    uint32_t digest_filled_ = 0;
    uint8_t digest_[nvme::tcp::digest_bytes] = {};
    // The longest header and its digest.
    alignas(8) uint8_t header_[sizeof(nvme::tcp::IcRequest) + nvme::tcp::digest_bytes] = {};
};

}  // namespace transport::tcp
