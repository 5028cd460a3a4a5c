// Whether a string is an NVMe Qualified Name, and how one lies in a 256-byte field.
//
// Source: NVM Express Base Specification 1.4, section 7.9.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nvme {

// "nqn." and a date and domain, or the form with a UUID; at most 223 bytes, printable.
[[nodiscard]] bool is_nqn(std::string_view name);

// The string in a field that a zero must end; none when it does not.
[[nodiscard]] std::optional<std::string> name_in_field(const char (&field)[256]);

}  // namespace nvme
