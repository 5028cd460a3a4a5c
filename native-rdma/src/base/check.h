// Assertions about our own code. They stay on in every build.
//
// A failed CHECK is a programmer's error: the process says where and stops, because going on could
// acknowledge a write that is not there. What hosts, peers and disks get wrong is never a CHECK.
#pragma once

namespace base {

[[noreturn]] void check_failed(const char* file,
                               int line,
                               const char* condition,
                               const char* sentence);

}  // namespace base

#define CHECK(condition, sentence)                                          \
    do {                                                                    \
        if (!(condition)) [[unlikely]] {                                    \
            ::base::check_failed(__FILE__, __LINE__, #condition, sentence); \
        }                                                                   \
    } while (false)
