// The command line of the programs here: a table of what may be said, and one sentence for a
// mistake.
//
// Thread: any; no state.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace initiator {

// One option. Exactly one of the last three says where its value goes; a flag takes no value.
struct Argument {
    const char* name;  // "--depth".
    const char* help;  // A few words.
    uint64_t min = 0;
    uint64_t max = UINT64_MAX;
    uint64_t* number = nullptr;  // Digits, maybe with k, m, g (1024 based).
    std::string* text = nullptr;
    bool* flag = nullptr;
};

// Fills in what `words` (without the program's name) say. A sentence about the first mistake, or
// empty. After a mistake the values are not to be used.
[[nodiscard]] std::string parse_arguments(std::span<const char* const> words,
                                          std::span<const Argument> known);

// A line for each argument, with its limits.
[[nodiscard]] std::string describe_arguments(std::span<const Argument> known);

}  // namespace initiator
