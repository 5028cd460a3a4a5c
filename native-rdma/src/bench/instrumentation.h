// Tells valgrind's callgrind which part of a run counts. Without valgrind these cost nothing.
#pragma once

#ifdef ASHLAR_CALLGRIND
#include <valgrind/callgrind.h>
#endif

namespace bench {

inline void start_instrumentation() {
#ifdef ASHLAR_CALLGRIND
    CALLGRIND_START_INSTRUMENTATION;
#endif
}

inline void stop_instrumentation() {
#ifdef ASHLAR_CALLGRIND
    CALLGRIND_STOP_INSTRUMENTATION;
#endif
}

}  // namespace bench
