// How a verb of the engine ended: a status, and with an error a sentence for people.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "base/status.h"

namespace engine {

struct Outcome {
    base::Status status;
    std::string sentence;
    uint64_t value = 0;  // What the verb promises: listen()'s port.

    [[nodiscard]] bool ok() const { return status.ok(); }
};

using Done = std::function<void(Outcome outcome)>;

inline Outcome failure(base::Errc code, std::string sentence, uint32_t detail = 0) {
    return {base::Status(code, detail), std::move(sentence), 0};
}

inline Outcome failure(base::Status status, std::string sentence) {
    return {status, std::move(sentence), 0};
}

// " (EPERM: Operation not permitted)" for an errno, "" for 0: the end of a sentence.
std::string errno_words(uint32_t error);

}  // namespace engine
