#include "store/segment_format.h"

#include <cstring>
#include <string>

#include "store/pages.h"
#include "store/segment_writer.h"

namespace {

using store::block_bytes;
using store::SegmentHeader;
using store::SegmentKind;

store::SegmentStamp sample() {
    store::SegmentStamp stamp;
    stamp.kind = SegmentKind::log;
    for (uint8_t each = 0; each < 16; ++each) {
        stamp.store_id[each] = static_cast<uint8_t>(0xf0 + each);
    }
    stamp.sequence = 5;
    stamp.first_log_sequence = 0x102;
    stamp.durable_through = 0x101;
    stamp.index = 3;
    return stamp;
}

const char* invalid_at(const uint8_t* block) {
    SegmentHeader header;
    std::memcpy(&header, block, sizeof header);
    return store::invalid(header);
}

}  // namespace

TEST_CASE("a segment header's bytes are the golden ones") {
    const store::Pages page = store::make_pages(1);
    std::memset(page.get(), 0xff, block_bytes);
    store::write_segment_header(page.get(), sample());
    const uint8_t golden[60] = {
        'A',  'S',  'H',  'L',  's',  'e',  'g',  'm',  0,    0,    0,    0,    2,    0,    0,
        0,    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd,
        0xfe, 0xff, 5,    0,    0,    0,    0,    0,    0,    0,    2,    1,    0,    0,    0,
        0,    0,    0,    1,    1,    0,    0,    0,    0,    0,    0,    3,    0,    0,    0,
    };
    CHECK(std::memcmp(page.get(), golden, 8) == 0);
    CHECK(std::memcmp(page.get() + 12, golden + 12, sizeof golden - 12) == 0);
    CHECK(store::all_zero(page.get() + sizeof golden, block_bytes - sizeof golden));
    uint32_t crc = 0;
    std::memcpy(&crc, page.get() + 8, sizeof crc);
    CHECK(crc == 0x376adc2f);
    CHECK(invalid_at(page.get()) == nullptr);
}

TEST_CASE("a flipped bit anywhere in a segment header is found") {
    const store::Pages page = store::make_pages(1);
    store::write_segment_header(page.get(), sample());
    for (uint32_t bit = 0; bit < sizeof(SegmentHeader) * 8; ++bit) {
        page[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        CHECK(invalid_at(page.get()) != nullptr);
        page[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    }
}

TEST_CASE("a truncated segment header is found") {
    for (uint32_t bytes = 0; bytes < 57; ++bytes) {
        const store::Pages page = store::make_pages(1);
        store::write_segment_header(page.get(), sample());
        std::memset(page.get() + bytes, 0, block_bytes - bytes);
        CHECK(invalid_at(page.get()) != nullptr);
    }
}

TEST_CASE("a segment header that breaks a rule is refused with the rule") {
    const auto refused = [](auto change) {
        store::SegmentStamp stamp = sample();
        change(stamp);
        const store::Pages page = store::make_pages(1);
        store::write_segment_header(page.get(), stamp);
        const char* broken = invalid_at(page.get());
        return std::string(broken == nullptr ? "taken" : broken);
    };
    using Stamp = store::SegmentStamp;
    CHECK(refused([](Stamp&) {}) == "taken");
    CHECK(refused([](Stamp& s) { s.kind = SegmentKind{5}; }) == "the kind is not known");
    CHECK(refused([](Stamp& s) { s.sequence = 0; }) == "the sequence is 0");
    CHECK(refused([](Stamp& s) { s.kind = SegmentKind::free; }) ==
          "the first batch does not fit the kind");
    CHECK(refused([](Stamp& s) { s.first_log_sequence = 0; }) ==
          "the first batch does not fit the kind");
    CHECK(refused([](Stamp& s) { s.durable_through = 0x102; }) ==
          "the first batch was durable before it was written");
}
