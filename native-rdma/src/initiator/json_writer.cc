#include "initiator/json_writer.h"

#include <cstdio>

namespace initiator {

void JsonWriter::quote(std::string_view value) {
    out_ += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            out_ += '\\';
            out_ += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escaped[8];
            const int length =
                std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(c));
            out_.append(escaped, static_cast<size_t>(length));
        } else {
            out_ += c;
        }
    }
    out_ += '"';
}

void JsonWriter::prefix(std::string_view name) {
    if (!first_) {
        out_ += ',';
    }
    first_ = false;
    if (!name.empty()) {
        quote(name);
        out_ += ':';
    }
}

void JsonWriter::begin(std::string_view name, char bracket) {
    prefix(name);
    out_ += bracket;
    first_ = true;
}

void JsonWriter::end(char bracket) {
    out_ += bracket;
    first_ = false;
}

void JsonWriter::number(std::string_view name, uint64_t value) {
    prefix(name);
    out_ += std::to_string(value);
}

void JsonWriter::real(std::string_view name, double value) {
    prefix(name);
    char digits[64];
    const int length = std::snprintf(digits, sizeof(digits), "%.3f", value);
    out_.append(digits, static_cast<size_t>(length));
}

void JsonWriter::text(std::string_view name, std::string_view value) {
    prefix(name);
    quote(value);
}

void JsonWriter::boolean(std::string_view name, bool value) {
    prefix(name);
    out_ += value ? "true" : "false";
}

}  // namespace initiator
