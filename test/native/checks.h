// Lets the engine's CHECK(condition, sentence) and the test framework's CHECK(condition) live in
// one file. CMake includes it before every test; no test includes it itself.
#pragma once

#include <doctest/doctest.h>

#undef CHECK
#include "base/check.h"
#undef CHECK

#define ASHLAR_CHECK_ENGINE(condition, sentence)                            \
    do {                                                                    \
        if (!(condition)) [[unlikely]] {                                    \
            ::base::check_failed(__FILE__, __LINE__, #condition, sentence); \
        }                                                                   \
    } while (false)
#define ASHLAR_CHECK_CHOOSE(first, second, chosen, ...) chosen
#define CHECK(...) \
    ASHLAR_CHECK_CHOOSE(__VA_ARGS__, ASHLAR_CHECK_ENGINE, DOCTEST_CHECK, )(__VA_ARGS__)
