#include "nvme/nqn.h"

#include <algorithm>
#include <cstring>

#include "nvme/fabrics.h"

namespace nvme {
namespace {

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

// "2014-08.": the month in which the domain's owner had it.
bool begins_with_month(std::string_view text) {
    constexpr std::string_view shape = "dddd-dd.";
    if (text.size() <= shape.size()) {
        return false;
    }
    for (size_t index = 0; index < shape.size(); ++index) {
        const bool fits = shape[index] == 'd' ? is_digit(text[index]) : text[index] == shape[index];
        if (!fits) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool is_nqn(std::string_view name) {
    constexpr std::string_view prefix = "nqn.";
    if (name.size() > nqn_bytes_max || !name.starts_with(prefix)) {
        return false;
    }
    const bool printable = std::ranges::all_of(name, [](char byte) {
        return static_cast<uint8_t>(byte) > ' ' && byte != 0x7f;  // UTF-8 is allowed.
    });
    return printable && begins_with_month(name.substr(prefix.size()));
}

std::optional<std::string> name_in_field(const char (&field)[256]) {
    const void* end = std::memchr(field, 0, sizeof field);
    if (end == nullptr) {
        return std::nullopt;
    }
    return std::string(field, static_cast<const char*>(end));
}

}  // namespace nvme
