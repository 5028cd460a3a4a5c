#include "transport/tcp/pdu_writer.h"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <vector>

#include "base/crc32c.h"

using transport::tcp::WireOptions;

namespace {

using Bytes = std::vector<uint8_t>;

// What `write` wrote; the rest of the memory must be untouched.
template <typename Write>
Bytes written(Write write) {
    Bytes memory(512, 0xaa);
    const uint32_t bytes = write(memory.data());
    REQUIRE(bytes < memory.size());
    CHECK(std::count(memory.begin() + bytes, memory.end(), 0xaa) ==
          static_cast<ptrdiff_t>(memory.size() - bytes));
    memory.resize(bytes);
    return memory;
}

Bytes digest_of(const Bytes& bytes) {
    const uint32_t digest = base::crc32c(bytes.data(), bytes.size());
    Bytes out(4);
    std::memcpy(out.data(), &digest, 4);
    return out;
}

Bytes first(const Bytes& bytes, size_t count) {
    return {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count)};
}

Bytes from(const Bytes& bytes, size_t offset) {
    return {bytes.begin() + static_cast<ptrdiff_t>(offset), bytes.end()};
}

nvme::Completion completion_of(uint16_t command_id, uint16_t status) {
    nvme::Completion completion{};
    completion.result = 0x1122334455667788;
    completion.sq_head = 5;
    completion.command_id = command_id;
    completion.status = status;
    return completion;
}

}  // namespace

TEST_CASE("writes ICResp with the digests as agreed") {
    const Bytes plain = written(
        [](uint8_t* out) { return transport::tcp::write_ic_response(out, {}, 0x00040000); });
    Bytes expected(128);
    expected[0] = 0x01;
    expected[2] = 128;
    expected[4] = 128;
    expected[14] = 0x04;
    CHECK((plain == expected));
    expected[11] = 3;
    const Bytes both = written([](uint8_t* out) {
        return transport::tcp::write_ic_response(out, {true, true, 4}, 0x00040000);
    });
    CHECK((both == expected));
}

TEST_CASE("writes a response, and its digest") {
    const auto completion = completion_of(0x0102, 0x4004);
    const Bytes plain =
        written([&](uint8_t* out) { return transport::tcp::write_response(out, {}, completion); });
    CHECK((plain == Bytes{0x05, 0,    24,   0,    24,   0,    0,    0, 0x88, 0x77, 0x66, 0x55,
                          0x44, 0x33, 0x22, 0x11, 0x05, 0x00, 0x00, 0, 0x02, 0x01, 0x04, 0x40}));
    const Bytes digest = written([&](uint8_t* out) {
        return transport::tcp::write_response(out, {true, true, 4}, completion);
    });
    REQUIRE(digest.size() == 28);
    CHECK(digest[1] == nvme::tcp::flag_header_digest);
    CHECK(digest[4] == 28);
    CHECK((from(digest, 24) == digest_of(first(digest, 24))));
    CHECK((from(first(digest, 24), 8) == from(plain, 8)));
}

TEST_CASE("writes a data header that says where its data are and that they are the last") {
    const Bytes plain = written(
        [](uint8_t* out) { return transport::tcp::write_data_header(out, {}, 7, 4096, false); });
    CHECK((plain == Bytes{0x07, 0x04, 24, 24, 0x18, 0x10, 0, 0, 7, 0, 0, 0,
                          0,    0,    0,  0,  0x00, 0x10, 0, 0, 0, 0, 0, 0}));
    const Bytes success = written(
        [](uint8_t* out) { return transport::tcp::write_data_header(out, {}, 7, 4096, true); });
    CHECK(success[1] == 0x0c);
    const Bytes digests = written([](uint8_t* out) {
        return transport::tcp::write_data_header(out, {true, true, 4}, 7, 4096, true);
    });
    REQUIRE(digests.size() == 28);
    CHECK(digests[1] == 0x0f);
    CHECK(digests[3] == 28);
    CHECK(digests[4] == 0x20);  // 28 + 4096 + 4.
    CHECK(digests[5] == 0x10);
    CHECK((from(digests, 24) == digest_of(first(digests, 24))));
}

TEST_CASE("pads a data header to the host's alignment with zeroes") {
    for (uint32_t dwords = 1; dwords <= nvme::tcp::alignment_max + 1u; ++dwords) {
        for (const bool digest : {false, true}) {
            const WireOptions options{digest, false, dwords * 4};
            const Bytes header = written([&](uint8_t* out) {
                return transport::tcp::write_data_header(out, options, 7, 512, false);
            });
            const size_t bare = digest ? 28 : 24;
            CHECK(header.size() % options.data_alignment_bytes == 0);
            CHECK(header.size() >= bare);
            CHECK(header.size() < bare + options.data_alignment_bytes);
            CHECK(header.size() <= transport::tcp::data_header_bytes_max);
            CHECK(header[3] == header.size());
            CHECK(header[4] + header[5] * 256u == header.size() + 512);
            CHECK(std::count(header.begin() + static_cast<ptrdiff_t>(bare), header.end(), 0) ==
                  static_cast<ptrdiff_t>(header.size() - bare));
        }
    }
}

TEST_CASE("writes the digest of data only where one was agreed") {
    const Bytes data = {1, 2, 3, 4, 5};
    CHECK(written([&](uint8_t* out) {
              return transport::tcp::write_data_digest(out, {}, data);
          }).empty());
    const Bytes digest = written([&](uint8_t* out) {
        return transport::tcp::write_data_digest(out, {false, true, 4}, data);
    });
    CHECK((digest == digest_of(data)));
}

TEST_CASE("writes an R2T") {
    const Bytes plain = written([](uint8_t* out) {
        return transport::tcp::write_ready_to_transfer(out, {}, 0x0102, 0x0304, 0x1000, 0x20000);
    });
    CHECK((plain == Bytes{0x09, 0,    24, 0, 24,   0,    0,    0, 0x02, 0x01, 0x04, 0x03,
                          0,    0x10, 0,  0, 0x00, 0x00, 0x02, 0, 0,    0,    0,    0}));
    const Bytes digest = written([](uint8_t* out) {
        return transport::tcp::write_ready_to_transfer(out, {true, false, 4}, 1, 2, 0, 8192);
    });
    REQUIRE(digest.size() == 28);
    CHECK((from(digest, 24) == digest_of(first(digest, 24))));
}

TEST_CASE("writes a term request with the offending header, cut to what may be sent") {
    const Bytes offending = {9, 8, 7};
    const Bytes short_one = written([&](uint8_t* out) {
        return transport::tcp::write_terminate(
            out, nvme::tcp::FatalError::header_digest_error, 0xdeadbeef, offending);
    });
    CHECK((short_one == Bytes{0x03, 0, 24, 0, 27, 0, 0, 0, 3, 0, 0xef, 0xbe, 0xad, 0xde,
                              0,    0, 0,  0, 0,  0, 0, 0, 0, 0, 9,    8,    7}));
    const Bytes long_header(200, 0x55);
    const Bytes long_one = written([&](uint8_t* out) {
        return transport::tcp::write_terminate(
            out, nvme::tcp::FatalError::sequence_error, 0, long_header);
    });
    CHECK(long_one.size() == transport::tcp::terminate_bytes_max);
    CHECK(long_one[4] == 152);
}
