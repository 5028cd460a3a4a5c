#include "engine/outcome.h"

#include <cstring>

namespace engine {

std::string errno_words(uint32_t error) {
    const char* name = strerrorname_np(static_cast<int>(error));
    const char* words = strerrordesc_np(static_cast<int>(error));
    if (error == 0 || name == nullptr || words == nullptr) {
        return "";
    }
    return std::string(" (") + name + ": " + words + ")";
}

}  // namespace engine
