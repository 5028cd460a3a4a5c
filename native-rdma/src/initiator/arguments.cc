#include "initiator/arguments.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace initiator {

namespace {

uint32_t shift_of(char unit) {
    switch (unit) {
        case 'k':
            return 10;
        case 'm':
            return 20;
        case 'g':
            return 30;
        default:
            return 0;
    }
}

std::optional<uint64_t> parse_number(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    const uint32_t shift = shift_of(text.back());
    if (shift != 0) {
        text.remove_suffix(1);
    }
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
    if (error != std::errc() || end != text.end() || value > UINT64_MAX >> shift) {
        return {};
    }
    return value << shift;
}

std::string limits_of(const Argument& argument) {
    const std::string from = std::to_string(argument.min);
    return argument.max == UINT64_MAX ? from + " or more"
                                      : from + " to " + std::to_string(argument.max);
}

std::string set_value(const Argument& argument, const char* word) {
    if (argument.text != nullptr) {
        *argument.text = word;
        return {};
    }
    const std::optional<uint64_t> value = parse_number(word);
    if (!value || *value < argument.min || *value > argument.max) {
        return std::string(argument.name) + " takes a number, " + limits_of(argument) + ", not \"" +
               word + "\".";
    }
    *argument.number = *value;
    return {};
}

const Argument* find(std::span<const Argument> known, const char* name) {
    for (const Argument& argument : known) {
        if (std::strcmp(argument.name, name) == 0) {
            return &argument;
        }
    }
    return nullptr;
}

}  // namespace

std::string parse_arguments(std::span<const char* const> words, std::span<const Argument> known) {
    for (size_t i = 0; i < words.size(); ++i) {
        const Argument* argument = find(known, words[i]);
        if (argument == nullptr) {
            return std::string("There is no option ") + words[i] + "; --help lists them.";
        }
        if (argument->flag != nullptr) {
            *argument->flag = true;
            continue;
        }
        if (++i == words.size()) {
            return std::string(argument->name) + " needs a value: " + argument->help + ".";
        }
        std::string problem = set_value(*argument, words[i]);
        if (!problem.empty()) {
            return problem;
        }
    }
    return {};
}

std::string describe_arguments(std::span<const Argument> known) {
    constexpr size_t column = 22;
    std::string text;
    for (const Argument& argument : known) {
        std::string line = std::string("  ") + argument.name;
        line.resize(std::max(column, line.size() + 1), ' ');
        line += argument.help;
        if (argument.number != nullptr) {
            line += " (" + limits_of(argument) + "; now " + std::to_string(*argument.number) + ")";
        }
        text += line + "\n";
    }
    return text;
}

}  // namespace initiator
