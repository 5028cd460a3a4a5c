#include "base/check.h"
#include "base/crc32c_paths.h"
#include "base/crc32c_powers.h"

#if defined(__x86_64__)

#include <cstring>
#include <immintrin.h>

namespace base::crc32c_paths {
namespace {

// Multiplying a checksum by this, then reducing the product with the CRC32 instruction (which
// itself multiplies by x^32, and the reflected product by x), moves it past `bytes` zeroes.
constexpr uint32_t skip_factor(size_t bytes) {
    return power_of_x(8 * bytes - 33);
}

// The instruction answers after three cycles but starts one every cycle, so three lanes are
// computed at once and joined. Three long lanes are a 4 KiB block but for 16 bytes.
constexpr size_t long_lane_bytes = 1360;
constexpr size_t short_lane_bytes = 128;
constexpr uint32_t skip_long = skip_factor(long_lane_bytes);
constexpr uint32_t skip_two_long = skip_factor(2 * long_lane_bytes);
constexpr uint32_t skip_short = skip_factor(short_lane_bytes);
constexpr uint32_t skip_two_short = skip_factor(2 * short_lane_bytes);

struct Lane {
    size_t bytes;
    uint32_t skip;
    uint32_t skip_two;
};
constexpr Lane long_lane{long_lane_bytes, skip_long, skip_two_long};
constexpr Lane short_lane{short_lane_bytes, skip_short, skip_two_short};

uint64_t load(const uint8_t* from) {
    uint64_t word = 0;
    std::memcpy(&word, from, sizeof(word));
    return word;
}

void store(uint8_t* to, uint64_t word) {
    std::memcpy(to, &word, sizeof(word));
}

[[gnu::target("sse4.2,pclmul")]] uint64_t multiply(uint32_t crc, uint32_t factor) {
    const __m128i product = _mm_clmulepi64_si128(
        _mm_cvtsi32_si128(static_cast<int>(crc)), _mm_cvtsi32_si128(static_cast<int>(factor)), 0);
    return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

// Three adjacent lanes from `from`, and copied to `to` when Copy.
template <bool Copy, Lane const& Width>
[[gnu::target("sse4.2,pclmul")]] uint64_t three_lanes(uint8_t* to,
                                                      const uint8_t* from,
                                                      uint64_t crc) {
    constexpr size_t width = Width.bytes;
    uint64_t first = crc;
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t i = 0; i < width; i += 8) {
        const uint64_t a = load(from + i);
        const uint64_t b = load(from + width + i);
        const uint64_t c = load(from + 2 * width + i);
        first = _mm_crc32_u64(first, a);
        second = _mm_crc32_u64(second, b);
        third = _mm_crc32_u64(third, c);
        if constexpr (Copy) {
            store(to + i, a);
            store(to + width + i, b);
            store(to + 2 * width + i, c);
        }
    }
    const uint64_t joined = multiply(static_cast<uint32_t>(first), Width.skip_two) ^
                            multiply(static_cast<uint32_t>(second), Width.skip);
    return third ^ _mm_crc32_u64(0, joined);
}

template <bool Copy>
[[gnu::target("sse4.2,pclmul")]] uint32_t compute(uint8_t* to,
                                                  const uint8_t* from,
                                                  size_t bytes,
                                                  uint32_t crc_before) {
    uint64_t crc = static_cast<uint32_t>(~crc_before);
    const auto advance = [&](size_t step) {
        from += step;
        bytes -= step;
        if constexpr (Copy) {
            to += step;
        }
    };
    while (bytes >= 3 * long_lane_bytes) {
        crc = three_lanes<Copy, long_lane>(to, from, crc);
        advance(3 * long_lane_bytes);
    }
    while (bytes >= 3 * short_lane_bytes) {
        crc = three_lanes<Copy, short_lane>(to, from, crc);
        advance(3 * short_lane_bytes);
    }
    while (bytes >= 8) {
        const uint64_t word = load(from);
        crc = _mm_crc32_u64(crc, word);
        if constexpr (Copy) {
            store(to, word);
        }
        advance(8);
    }
    while (bytes != 0) {
        crc = _mm_crc32_u8(static_cast<uint32_t>(crc), *from);
        if constexpr (Copy) {
            *to = *from;
        }
        advance(1);
    }
    return ~static_cast<uint32_t>(crc);
}

}  // namespace

bool hardware_available() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("pclmul") != 0;
}

uint32_t hardware(const void* source, size_t bytes, uint32_t crc) {
    return compute<false>(nullptr, static_cast<const uint8_t*>(source), bytes, crc);
}

uint32_t hardware_copy(void* target, const void* source, size_t bytes, uint32_t crc) {
    return compute<true>(
        static_cast<uint8_t*>(target), static_cast<const uint8_t*>(source), bytes, crc);
}

}  // namespace base::crc32c_paths

#else

namespace base::crc32c_paths {

bool hardware_available() {
    return false;
}

uint32_t hardware(const void*, size_t, uint32_t) {
    CHECK(false, "this processor has no CRC path of its own");
}

uint32_t hardware_copy(void*, const void*, size_t, uint32_t) {
    CHECK(false, "this processor has no CRC path of its own");
}

}  // namespace base::crc32c_paths

#endif
