#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace base {

void check_failed(const char* file, int line, const char* condition, const char* sentence) {
    std::fprintf(
        stderr, "ashlar: invariant broken at %s:%d: %s (%s)\n", file, line, sentence, condition);
    std::abort();
}

}  // namespace base
