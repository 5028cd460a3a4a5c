#include "initiator/response_reader.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"

namespace initiator {

namespace tcp = nvme::tcp;

namespace {

// The header length the standard gives each type a controller sends; 0 for all others.
uint32_t header_bytes_of(tcp::PduType type) {
    switch (type) {
        case tcp::PduType::ic_response:
            return sizeof(tcp::IcResponse);
        case tcp::PduType::response:
            return sizeof(tcp::ResponsePdu);
        case tcp::PduType::c2h_data:
            return sizeof(tcp::DataPdu);
        case tcp::PduType::ready_to_transfer:
            return sizeof(tcp::ReadyToTransferPdu);
        case tcp::PduType::c2h_terminate:
            return sizeof(tcp::TerminatePdu);
        default:
            return 0;
    }
}

}  // namespace

void ResponseReader::negotiated(bool header_digest, bool data_digest) {
    initialized_ = true;
    header_digest_ = header_digest;
    data_digest_ = data_digest;
}

ResponseEvent ResponseReader::next(std::span<const uint8_t>& input) {
    switch (phase_) {
        case Phase::header:
            return take_header(input);
        case Phase::data:
            return take_data(input);
        case Phase::data_digest:
            return take_data_digest(input);
        case Phase::broken:
            return ResponseEvent::broken;
    }
    return ResponseEvent::broken;
}

ResponseEvent ResponseReader::fail() {
    phase_ = Phase::broken;
    return ResponseEvent::broken;
}

bool ResponseReader::fill_header(std::span<const uint8_t>& input, uint32_t wanted) {
    if (header_filled_ < wanted) {
        const auto taken =
            static_cast<uint32_t>(std::min<size_t>(wanted - header_filled_, input.size()));
        std::memcpy(header_ + header_filled_, input.data(), taken);
        header_filled_ += taken;
        input = input.subspan(taken);
    }
    return header_filled_ >= wanted;
}

ResponseEvent ResponseReader::take_header(std::span<const uint8_t>& input) {
    if (!fill_header(input, sizeof(tcp::PduHeader))) {
        return ResponseEvent::need_more;
    }
    const auto& common = header<tcp::PduHeader>();
    const uint32_t expected = header_bytes_of(common.type);
    if (expected == 0 || common.header_bytes != expected || common.pdu_bytes < expected) {
        return fail();
    }
    if (initialized_ == (common.type == tcp::PduType::ic_response)) {
        return fail();
    }
    const bool digested = (common.flags & tcp::flag_header_digest) != 0;
    const bool ending = common.type == tcp::PduType::c2h_terminate;
    if (!ending && digested != header_digest_) {
        return fail();
    }
    uint32_t wanted = expected;
    if (common.type == tcp::PduType::c2h_data) {
        wanted = std::max<uint32_t>(wanted, common.data_offset);
    } else if (ending) {
        if (common.pdu_bytes > expected + tcp::terminate_data_bytes_max) {
            return fail();
        }
        wanted = common.pdu_bytes;
    } else if (header_digest_) {
        wanted += tcp::digest_bytes;
    }
    if (wanted > sizeof(header_)) {
        return fail();
    }
    return fill_header(input, wanted) ? finish_header() : ResponseEvent::need_more;
}

bool ResponseReader::header_digest_matches(uint32_t header_bytes) const {
    uint32_t sent = 0;
    std::memcpy(&sent, header_ + header_bytes, sizeof(sent));
    return sent == base::crc32c(header_, header_bytes);
}

ResponseEvent ResponseReader::finish_header() {
    const auto& common = header<tcp::PduHeader>();
    header_filled_ = 0;
    if (common.type == tcp::PduType::ic_response) {
        return common.pdu_bytes == sizeof(tcp::IcResponse) ? ResponseEvent::negotiated : fail();
    }
    if (common.type == tcp::PduType::c2h_terminate) {
        phase_ = Phase::broken;
        return ResponseEvent::terminate;
    }
    if (common.type == tcp::PduType::c2h_data) {
        return begin_data(common);
    }
    const uint32_t header_bytes = common.header_bytes;
    const uint32_t whole = header_bytes + (header_digest_ ? tcp::digest_bytes : 0);
    if (common.pdu_bytes != whole || (header_digest_ && !header_digest_matches(header_bytes))) {
        return fail();
    }
    return common.type == tcp::PduType::response ? ResponseEvent::response : ResponseEvent::ready;
}

ResponseEvent ResponseReader::begin_data(const tcp::PduHeader& common) {
    const uint32_t header_end = common.header_bytes + (header_digest_ ? tcp::digest_bytes : 0);
    has_data_digest_ = (common.flags & tcp::flag_data_digest) != 0;
    data_bytes_ = header<tcp::DataPdu>().bytes;
    const uint64_t whole =
        uint64_t{common.data_offset} + data_bytes_ + (has_data_digest_ ? tcp::digest_bytes : 0);
    if (common.data_offset < header_end || data_bytes_ == 0 || common.pdu_bytes != whole ||
        has_data_digest_ != data_digest_) {
        return fail();
    }
    if (header_digest_ && !header_digest_matches(common.header_bytes)) {
        return fail();
    }
    data_taken_ = 0;
    digest_filled_ = 0;
    crc_ = 0;
    digest_ok_ = true;
    target_ = nullptr;
    phase_ = Phase::data;
    return ResponseEvent::data;
}

void ResponseReader::note_data(const uint8_t* data, uint32_t bytes) {
    if (has_data_digest_) {
        crc_ = base::crc32c(data, bytes, crc_);
    }
    data_taken_ += bytes;
}

ResponseEvent ResponseReader::take_data(std::span<const uint8_t>& input) {
    const auto taken =
        static_cast<uint32_t>(std::min<size_t>(data_bytes_ - data_taken_, input.size()));
    if (target_ != nullptr) {
        std::memcpy(target_ + data_taken_, input.data(), taken);
    }
    note_data(input.data(), taken);
    input = input.subspan(taken);
    if (data_taken_ < data_bytes_) {
        return ResponseEvent::need_more;
    }
    phase_ = has_data_digest_ ? Phase::data_digest : Phase::header;
    return has_data_digest_ ? take_data_digest(input) : ResponseEvent::data_end;
}

ResponseEvent ResponseReader::take_data_digest(std::span<const uint8_t>& input) {
    const auto taken =
        static_cast<uint32_t>(std::min<size_t>(tcp::digest_bytes - digest_filled_, input.size()));
    std::memcpy(digest_ + digest_filled_, input.data(), taken);
    digest_filled_ += taken;
    input = input.subspan(taken);
    if (digest_filled_ < tcp::digest_bytes) {
        return ResponseEvent::need_more;
    }
    uint32_t sent = 0;
    std::memcpy(&sent, digest_, sizeof(sent));
    digest_ok_ = sent == crc_;
    phase_ = Phase::header;
    return ResponseEvent::data_end;
}

std::span<uint8_t> ResponseReader::direct_target() const {
    if (phase_ != Phase::data || target_ == nullptr) {
        return {};
    }
    return {target_ + data_taken_, data_bytes_ - data_taken_};
}

void ResponseReader::data_placed(uint32_t bytes) {
    CHECK(phase_ == Phase::data && bytes <= data_bytes_ - data_taken_, "more than was asked for");
    note_data(target_ + data_taken_, bytes);
}

}  // namespace initiator
