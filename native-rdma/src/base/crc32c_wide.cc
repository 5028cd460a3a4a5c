// CRC32C by folding (Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction, 2009): what was read is multiplied past what follows, 256 bytes at a time, and only
// the last 16 go through the CRC32 instruction.
#include "base/check.h"
#include "base/crc32c_paths.h"
#include "base/crc32c_powers.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace base::crc32c_paths {
namespace {

constexpr size_t vector_bytes = 64;
constexpr size_t step_bytes = 4 * vector_bytes;

// Multiplying half of a lane by this moves it past `bits`. A product of reflected halves is short
// of one x, and a power's 32 bits stand at the top of a half.
constexpr uint64_t past(uint64_t bits) {
    return uint64_t{power_of_x(bits - 1)} << 32;
}

// A lane's first half lies 64 bits further from the end than its second.
struct Fold {
    uint64_t first;
    uint64_t second;
};
constexpr Fold fold_past(uint64_t bytes) {
    return bytes == 0 ? Fold{0, 0} : Fold{past(8 * bytes + 64), past(8 * bytes)};
}
constexpr Fold past_step = fold_past(step_bytes);
constexpr Fold past_three = fold_past(3 * vector_bytes);
constexpr Fold past_two = fold_past(2 * vector_bytes);
constexpr Fold past_one = fold_past(vector_bytes);
constexpr Fold past_lanes[] = {fold_past(48), fold_past(32), fold_past(16), fold_past(0)};

#define ASHLAR_WIDE [[gnu::target("sse4.2,pclmul,avx512f,vpclmulqdq")]]

ASHLAR_WIDE __m512i spread(const Fold& fold) {
    return _mm512_set4_epi64(static_cast<int64_t>(fold.second),
                             static_cast<int64_t>(fold.first),
                             static_cast<int64_t>(fold.second),
                             static_cast<int64_t>(fold.first));
}

ASHLAR_WIDE __m512i fold(__m512i vector, __m512i factors, __m512i next) {
    constexpr int three_way_xor = 0x96;
    return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(vector, factors, 0x00),
                                     _mm512_clmulepi64_epi128(vector, factors, 0x11),
                                     next,
                                     three_way_xor);
}

ASHLAR_WIDE uint32_t checksum_of(__m128i lane) {
    const uint64_t crc = _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(lane)));
    return static_cast<uint32_t>(
        _mm_crc32_u64(crc, static_cast<uint64_t>(_mm_extract_epi64(lane, 1))));
}

// The four lanes of a vector moved to where the last one is.
ASHLAR_WIDE uint32_t checksum_of(__m512i vector) {
    const __m512i factors = _mm512_loadu_si512(past_lanes);
    const __m512i moved = _mm512_xor_si512(_mm512_clmulepi64_epi128(vector, factors, 0x00),
                                           _mm512_clmulepi64_epi128(vector, factors, 0x11));
    __m128i lanes[4];
    _mm512_storeu_si512(lanes, moved);
    __m128i last[4];
    _mm512_storeu_si512(last, vector);
    return checksum_of(
        _mm_xor_si128(_mm_xor_si128(lanes[0], lanes[1]), _mm_xor_si128(lanes[2], last[3])));
}

template <bool Copy>
ASHLAR_WIDE __m512i take(uint8_t* to, const uint8_t* from, size_t at) {
    const __m512i vector = _mm512_loadu_si512(from + at);
    if constexpr (Copy) {
        _mm512_storeu_si512(to + at, vector);
    }
    return vector;
}

// Whole steps only.
template <bool Copy>
ASHLAR_WIDE uint32_t compute(uint8_t* to, const uint8_t* from, size_t bytes, uint32_t crc_before) {
    const auto crc = static_cast<int>(~crc_before);
    __m512i a =
        _mm512_xor_si512(take<Copy>(to, from, 0), _mm512_zextsi128_si512(_mm_cvtsi32_si128(crc)));
    __m512i b = take<Copy>(to, from, vector_bytes);
    __m512i c = take<Copy>(to, from, 2 * vector_bytes);
    __m512i d = take<Copy>(to, from, 3 * vector_bytes);
    const __m512i factors = spread(past_step);
    for (size_t at = step_bytes; at < bytes; at += step_bytes) {
        a = fold(a, factors, take<Copy>(to, from, at));
        b = fold(b, factors, take<Copy>(to, from, at + vector_bytes));
        c = fold(c, factors, take<Copy>(to, from, at + 2 * vector_bytes));
        d = fold(d, factors, take<Copy>(to, from, at + 3 * vector_bytes));
    }
    d = fold(a, spread(past_three), d);
    d = fold(b, spread(past_two), d);
    d = fold(c, spread(past_one), d);
    return ~checksum_of(d);
}

#undef ASHLAR_WIDE

}  // namespace

bool wide_available() {
    __builtin_cpu_init();
    return hardware_available() && __builtin_cpu_supports("avx512f") != 0 &&
           __builtin_cpu_supports("vpclmulqdq") != 0;
}

uint32_t wide(const void* source, size_t bytes, uint32_t crc) {
    const auto* from = static_cast<const uint8_t*>(source);
    const size_t stepped = bytes / step_bytes * step_bytes;
    if (stepped != 0) {
        crc = compute<false>(nullptr, from, stepped, crc);
    }
    return hardware(from + stepped, bytes - stepped, crc);
}

uint32_t wide_copy(void* target, const void* source, size_t bytes, uint32_t crc) {
    auto* to = static_cast<uint8_t*>(target);
    const auto* from = static_cast<const uint8_t*>(source);
    const size_t stepped = bytes / step_bytes * step_bytes;
    if (stepped != 0) {
        crc = compute<true>(to, from, stepped, crc);
    }
    return hardware_copy(to + stepped, from + stepped, bytes - stepped, crc);
}

}  // namespace base::crc32c_paths

#else

namespace base::crc32c_paths {

bool wide_available() {
    return false;
}

uint32_t wide(const void*, size_t, uint32_t) {
    CHECK(false, "this processor has no wide CRC path");
}

uint32_t wide_copy(void*, const void*, size_t, uint32_t) {
    CHECK(false, "this processor has no wide CRC path");
}

}  // namespace base::crc32c_paths

#endif
