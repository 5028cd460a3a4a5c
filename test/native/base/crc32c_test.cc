#include "base/crc32c.h"

#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>
#include <random>
#include <string_view>
#include <vector>

#include "base/crc32c_paths.h"

namespace {

std::vector<uint8_t> random_bytes(size_t count) {
    std::mt19937 random(7);
    std::vector<uint8_t> bytes(count);
    for (uint8_t& byte : bytes) {
        byte = static_cast<uint8_t>(random());
    }
    return bytes;
}

// Bit by bit, from the definition.
uint32_t slow(const uint8_t* data, size_t bytes) {
    uint32_t crc = ~uint32_t{0};
    for (size_t i = 0; i < bytes; ++i) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
        }
    }
    return ~crc;
}

}  // namespace

TEST_CASE("gives the published checksums") {
    const std::string_view digits = "123456789";
    CHECK(base::crc32c(digits.data(), digits.size()) == 0xE3069283);
    // RFC 3720, B.4.
    std::vector<uint8_t> bytes(32, 0x00);
    CHECK(base::crc32c(bytes.data(), bytes.size()) == 0x8A9136AA);
    bytes.assign(32, 0xff);
    CHECK(base::crc32c(bytes.data(), bytes.size()) == 0x62A8AB43);
    for (uint8_t i = 0; i < 32; ++i) {
        bytes[i] = i;
    }
    CHECK(base::crc32c(bytes.data(), bytes.size()) == 0x46DD794E);
    for (uint8_t i = 0; i < 32; ++i) {
        bytes[i] = 31 - i;
    }
    CHECK(base::crc32c(bytes.data(), bytes.size()) == 0x113FDB5C);
}

TEST_CASE("of nothing is zero, and leaves what it continues from") {
    CHECK(base::crc32c(nullptr, 0) == 0);
    CHECK(base::crc32c(nullptr, 0, 0x12345678) == 0x12345678);
    CHECK(base::crc32c_copy(nullptr, nullptr, 0, 0x12345678) == 0x12345678);
}

TEST_CASE("continues from any cut") {
    const std::vector<uint8_t> bytes = random_bytes(9000);
    const uint32_t whole = base::crc32c(bytes.data(), bytes.size());
    for (size_t cut = 0; cut <= bytes.size(); cut += 37) {
        const uint32_t first = base::crc32c(bytes.data(), cut);
        CHECK(base::crc32c(bytes.data() + cut, bytes.size() - cut, first) == whole);
    }
}

TEST_CASE("all paths follow the definition at every alignment and length") {
    const std::vector<uint8_t> bytes = random_bytes(16 + 1300);
    for (size_t offset = 0; offset < 16; ++offset) {
        for (size_t count = 0; count < 1300; count += count < 450 ? 1 : 61) {
            const uint8_t* data = bytes.data() + offset;
            const uint32_t expected = slow(data, count);
            REQUIRE(base::crc32c_paths::portable(nullptr, data, count, 0) == expected);
            if (base::crc32c_paths::hardware_available()) {
                REQUIRE(base::crc32c_paths::hardware(data, count, 0) == expected);
            }
            if (base::crc32c_paths::wide_available()) {
                REQUIRE(base::crc32c_paths::wide(data, count, 0) == expected);
            }
        }
    }
}

TEST_CASE("all paths follow the definition around the lanes' lengths") {
    const std::vector<uint8_t> bytes = random_bytes(20000);
    for (const size_t middle : {4080, 4096, 4464, 8160, 8192, 12240}) {
        for (size_t count = middle - 9; count < middle + 9; ++count) {
            const uint32_t expected = slow(bytes.data(), count);
            REQUIRE(base::crc32c_paths::portable(nullptr, bytes.data(), count, 0) == expected);
            REQUIRE(base::crc32c(bytes.data(), count) == expected);
            if (base::crc32c_paths::hardware_available()) {
                REQUIRE(base::crc32c_paths::hardware(bytes.data(), count, 0) == expected);
            }
        }
    }
}

TEST_CASE("copies exactly what it sums") {
    const std::vector<uint8_t> source = random_bytes(9000);
    for (const size_t count : {0, 1, 7, 8, 9, 383, 384, 4079, 4080, 4096, 8999}) {
        for (size_t offset = 0; offset < 9; offset += 3) {
            std::vector<uint8_t> target(9000 + 32, 0xee);
            const size_t bytes = count - (count > 10 ? offset : 0);
            const uint8_t* from = source.data() + (count > 10 ? offset : 0);
            const uint32_t crc = base::crc32c_copy(target.data() + offset, from, bytes, 5);
            REQUIRE(crc == base::crc32c(from, bytes, 5));
            REQUIRE(std::memcmp(target.data() + offset, from, bytes) == 0);
            REQUIRE(target[offset + bytes] == 0xee);
            std::vector<uint8_t> portable_target(9000 + 32, 0xee);
            REQUIRE(base::crc32c_paths::portable(portable_target.data() + offset, from, bytes, 5) ==
                    crc);
            REQUIRE(portable_target == target);
            if (base::crc32c_paths::hardware_available()) {
                std::vector<uint8_t> other(9000 + 32, 0xee);
                REQUIRE(base::crc32c_paths::hardware_copy(other.data() + offset, from, bytes, 5) ==
                        crc);
                REQUIRE(other == target);
            }
        }
    }
}
