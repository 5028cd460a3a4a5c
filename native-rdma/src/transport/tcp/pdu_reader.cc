#include "transport/tcp/pdu_reader.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"

namespace transport::tcp {

using nvme::tcp::digest_bytes;
using nvme::tcp::FatalError;
using nvme::tcp::PduHeader;
using nvme::tcp::PduType;

namespace {

// The header's length of a type that hosts send, or 0.
uint32_t header_bytes_of(PduType type) {
    switch (type) {
        case PduType::ic_request:
            return sizeof(nvme::tcp::IcRequest);
        case PduType::h2c_terminate:
            return sizeof(nvme::tcp::TerminatePdu);
        case PduType::command:
            return sizeof(nvme::tcp::CommandPdu);
        case PduType::h2c_data:
            return sizeof(nvme::tcp::DataPdu);
        default:
            return 0;
    }
}

bool carries_digests(PduType type) {
    return type == PduType::command || type == PduType::h2c_data;
}

}  // namespace

void PduReader::move(ReadPhase to) {
    CHECK(may_move(phase_, to), "PDUs are read in order");
    phase_ = to;
}

ReadEvent PduReader::fail(FatalError error, uint32_t information) {
    error_ = error;
    error_information_ = information;
    // Zero filled: the header of the last event is meant, complete and still there.
    offending_bytes_ = header_filled_ > 0 ? header_filled_ : header<PduHeader>().header_bytes;
    offending_bytes_ = std::min(offending_bytes_, nvme::tcp::terminate_data_bytes_max);
    move(ReadPhase::broken);
    return ReadEvent::broken;
}

ReadEvent PduReader::next(std::span<const uint8_t>& input) {
    switch (phase_) {
        case ReadPhase::header:
            return take_header(input);
        case ReadPhase::data:
            if (!take_data(input)) {
                return ReadEvent::need_more;
            }
            if (!has_data_digest_) {
                return finish_data();
            }
            move(ReadPhase::data_digest);
            [[fallthrough]];
        case ReadPhase::data_digest:
            return take_data_digest(input) ? finish_data() : ReadEvent::need_more;
        case ReadPhase::broken:
            break;
    }
    return ReadEvent::broken;
}

void PduReader::negotiated(bool header_digest, bool data_digest) {
    header_digest_ = header_digest;
    data_digest_ = data_digest;
}

void PduReader::set_target(uint8_t* target, uint32_t keep_bytes) {
    CHECK(phase_ == ReadPhase::data && data_taken_ == 0, "a target is set once, before its data");
    target_ = target;
    keep_bytes_ = target == nullptr ? 0 : std::min(keep_bytes, data_bytes_);
}

std::span<uint8_t> PduReader::direct_target() const {
    if (phase_ != ReadPhase::data || data_taken_ >= keep_bytes_) {
        return {};
    }
    return {target_ + data_taken_, keep_bytes_ - data_taken_};
}

void PduReader::data_placed(uint32_t bytes) {
    CHECK(bytes <= direct_target().size(), "more was placed than there is room for");
    if (has_data_digest_) {
        crc_ = base::crc32c(target_ + data_taken_, bytes, crc_);
    }
    data_taken_ += bytes;
}

void PduReader::refuse(FatalError error, uint32_t information) {
    fail(error, information);
}

std::span<const uint8_t> PduReader::offending_header() const {
    return {header_, offending_bytes_};
}

uint32_t PduReader::header_wanted() const {
    if (!common_checked_) {
        return sizeof(PduHeader);
    }
    const auto& common = header<PduHeader>();
    const bool digest = header_digest_ && carries_digests(common.type);
    return header_bytes_of(common.type) + (digest ? digest_bytes : 0);
}

bool PduReader::fill(std::span<const uint8_t>& input, uint32_t wanted) {
    const size_t bytes = std::min<size_t>(wanted - header_filled_, input.size());
    if (bytes > 0) {
        std::memcpy(header_ + header_filled_, input.data(), bytes);
    }
    header_filled_ += static_cast<uint32_t>(bytes);
    input = input.subspan(bytes);
    return header_filled_ == wanted;
}

ReadEvent PduReader::take_header(std::span<const uint8_t>& input) {
    if (!common_checked_) {
        if (!fill(input, header_wanted())) {
            return ReadEvent::need_more;
        }
        if (!check_common() || !check_sequence()) {
            return ReadEvent::broken;
        }
        common_checked_ = true;
    }
    return fill(input, header_wanted()) ? finish_header() : ReadEvent::need_more;
}

bool PduReader::check_common() {
    const auto& common = header<PduHeader>();
    const uint32_t expected = header_bytes_of(common.type);
    if (expected == 0) {
        fail(FatalError::invalid_header_field, offsetof(PduHeader, type));
        return false;
    }
    if (common.header_bytes != expected) {
        fail(FatalError::invalid_header_field, offsetof(PduHeader, header_bytes));
        return false;
    }
    return true;
}

bool PduReader::check_sequence() {
    const PduType type = header<PduHeader>().type;
    if (type == PduType::h2c_terminate || initialized_ != (type == PduType::ic_request)) {
        return true;
    }
    fail(FatalError::sequence_error, 0);
    return false;
}

bool PduReader::check_header_digest() {
    const auto& common = header<PduHeader>();
    if (!carries_digests(common.type)) {
        return true;
    }
    if (((common.flags & nvme::tcp::flag_header_digest) != 0) != header_digest_) {
        fail(FatalError::invalid_header_field, offsetof(PduHeader, flags));
        return false;
    }
    if (!header_digest_) {
        return true;
    }
    const uint32_t bytes = common.header_bytes;
    uint32_t received = 0;
    std::memcpy(&received, header_ + bytes, sizeof(received));
    if (received != base::crc32c(header_, bytes)) {
        fail(FatalError::header_digest_error, received);
        return false;
    }
    return true;
}

// Sets data_bytes_ and has_data_digest_ of a PDU whose header is complete.
bool PduReader::check_lengths() {
    const auto& common = header<PduHeader>();
    const uint32_t bare_bytes = header_wanted();
    const uint32_t pdu_bytes = common.pdu_bytes;
    data_bytes_ = 0;
    has_data_digest_ = false;
    if (!carries_digests(common.type)) {
        const bool terminate = common.type == PduType::h2c_terminate;
        const uint32_t extra_bytes = terminate ? nvme::tcp::terminate_data_bytes_max : 0;
        if (pdu_bytes >= bare_bytes && pdu_bytes - bare_bytes <= extra_bytes) {
            return true;
        }
        fail(FatalError::invalid_header_field, offsetof(PduHeader, pdu_bytes));
        return false;
    }
    if (pdu_bytes == bare_bytes) {
        return true;
    }
    const uint32_t trailer_bytes = data_digest_ ? digest_bytes : 0;
    if (pdu_bytes <= bare_bytes + trailer_bytes) {
        fail(FatalError::invalid_header_field, offsetof(PduHeader, pdu_bytes));
        return false;
    }
    // CPDA is 0: there is no padding to be had.
    if (common.data_offset != bare_bytes) {
        fail(FatalError::invalid_header_field, offsetof(PduHeader, data_offset));
        return false;
    }
    if (((common.flags & nvme::tcp::flag_data_digest) != 0) != data_digest_) {
        fail(FatalError::invalid_header_field, offsetof(PduHeader, flags));
        return false;
    }
    has_data_digest_ = data_digest_;
    data_bytes_ = pdu_bytes - bare_bytes - trailer_bytes;
    if (common.type == PduType::command && data_bytes_ > limits_.in_capsule_bytes) {
        fail(FatalError::invalid_header_field, offsetof(PduHeader, pdu_bytes));
        return false;
    }
    return true;
}

bool PduReader::check_ic_request() {
    const auto& request = header<nvme::tcp::IcRequest>();
    if (request.version != 0) {
        fail(FatalError::unsupported_parameter, offsetof(nvme::tcp::IcRequest, version));
        return false;
    }
    if (request.alignment > nvme::tcp::alignment_max) {
        fail(FatalError::invalid_header_field, offsetof(nvme::tcp::IcRequest, alignment));
        return false;
    }
    return true;
}

bool PduReader::check_h2c_data() {
    const auto& data = header<nvme::tcp::DataPdu>();
    if (data.bytes == 0 || data.bytes != data_bytes_) {
        fail(FatalError::invalid_header_field, offsetof(nvme::tcp::DataPdu, bytes));
        return false;
    }
    if (data_bytes_ > limits_.h2c_data_bytes) {
        fail(FatalError::transfer_limit_exceeded, offsetof(nvme::tcp::DataPdu, bytes));
        return false;
    }
    return true;
}

ReadEvent PduReader::finish_header() {
    if (!check_header_digest() || !check_lengths()) {
        return ReadEvent::broken;
    }
    const PduType type = header<PduHeader>().type;
    if ((type == PduType::ic_request && !check_ic_request()) ||
        (type == PduType::h2c_data && !check_h2c_data())) {
        return ReadEvent::broken;
    }
    header_filled_ = 0;
    common_checked_ = false;
    if (data_bytes_ > 0) {
        data_taken_ = 0;
        target_ = nullptr;
        keep_bytes_ = 0;
        crc_ = 0;
        digest_filled_ = 0;
        digest_ok_ = true;
        move(ReadPhase::data);
    }
    switch (type) {
        case PduType::ic_request:
            initialized_ = true;
            return ReadEvent::ic_request;
        case PduType::command:
            return ReadEvent::command;
        case PduType::h2c_data:
            return ReadEvent::h2c_data;
        default:
            return ReadEvent::terminate;
    }
}

bool PduReader::take_data(std::span<const uint8_t>& input) {
    while (!input.empty() && data_taken_ < data_bytes_) {
        const bool kept = data_taken_ < keep_bytes_;
        const uint32_t end = kept ? keep_bytes_ : data_bytes_;
        const auto bytes = static_cast<uint32_t>(std::min<size_t>(end - data_taken_, input.size()));
        if (kept && has_data_digest_) {
            crc_ = base::crc32c_copy(target_ + data_taken_, input.data(), bytes, crc_);
        } else if (kept) {
            std::memcpy(target_ + data_taken_, input.data(), bytes);
        } else if (has_data_digest_) {
            crc_ = base::crc32c(input.data(), bytes, crc_);
        }
        data_taken_ += bytes;
        input = input.subspan(bytes);
    }
    return data_taken_ == data_bytes_;
}

bool PduReader::take_data_digest(std::span<const uint8_t>& input) {
    const auto bytes = std::min<size_t>(digest_bytes - digest_filled_, input.size());
    if (bytes > 0) {
        std::memcpy(digest_ + digest_filled_, input.data(), bytes);
    }
    digest_filled_ += static_cast<uint32_t>(bytes);
    input = input.subspan(bytes);
    return digest_filled_ == digest_bytes;
}

ReadEvent PduReader::finish_data() {
    if (has_data_digest_) {
        uint32_t received = 0;
        std::memcpy(&received, digest_, sizeof(received));
        digest_ok_ = received == crc_;
    }
    target_ = nullptr;
    keep_bytes_ = 0;
    move(ReadPhase::header);
    return ReadEvent::data_end;
}

}  // namespace transport::tcp
