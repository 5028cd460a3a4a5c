#include "addon/arguments.h"

#include <algorithm>
#include <cmath>

#include "base/limits.h"
#include "engine/cell_config.h"

namespace addon {
namespace {

constexpr uint32_t elements_max = engine::groups_max;
static_assert(elements_max >= base::limits::discovery_entries_max);

}  // namespace

napi_value Arguments::get(const char* property) const {
    napi_value value = nullptr;
    napi_valuetype type = napi_undefined;
    if (napi_typeof(env_, object_, &type) != napi_ok || type != napi_object ||
        napi_get_named_property(env_, object_, property, &value) != napi_ok) {
        refuse(property, "the property of an object");
        napi_get_undefined(env_, &value);
    }
    return value;
}

void Arguments::refuse(const char* property, const char* expected) const {
    if (wrong_.empty()) {
        wrong_ = (name_.empty() ? "" : name_ + ".") + property + " must be " + expected;
    }
}

std::string Arguments::text_of(napi_value value, const char* property) const {
    size_t bytes = 0;
    if (napi_get_value_string_utf8(env_, value, nullptr, 0, &bytes) != napi_ok) {
        refuse(property, "a string");
        return {};
    }
    std::string text(bytes, '\0');
    napi_get_value_string_utf8(env_, value, text.data(), bytes + 1, &bytes);
    return text;
}

uint32_t Arguments::number_of(napi_value value, const char* property, uint32_t limit) const {
    double number = -1;
    if (napi_get_value_double(env_, value, &number) != napi_ok || !(number >= 0) ||
        number > limit || std::floor(number) != number) {
        refuse(property, "a whole number within its limits");
        return 0;
    }
    return static_cast<uint32_t>(number);
}

std::string Arguments::text(const char* property) const {
    return text_of(get(property), property);
}

uint32_t Arguments::number(const char* property, uint32_t limit) const {
    return number_of(get(property), property, limit);
}

uint64_t Arguments::big(const char* property) const {
    uint64_t number = 0;
    bool lossless = false;
    if (napi_get_value_bigint_uint64(env_, get(property), &number, &lossless) != napi_ok ||
        !lossless) {
        refuse(property, "a bigint from 0 to 2^64 - 1");
        return 0;
    }
    return number;
}

std::span<const uint8_t> Arguments::bytes(const char* property) const {
    napi_typedarray_type type = napi_int8_array;
    size_t count = 0;
    void* data = nullptr;
    const napi_status status =
        napi_get_typedarray_info(env_, get(property), &type, &count, &data, nullptr, nullptr);
    if (status != napi_ok || type != napi_uint8_array) {
        refuse(property, "a Uint8Array");
        return {};
    }
    return {static_cast<const uint8_t*>(data), count};
}

base::Uuid Arguments::uuid(const char* property) const {
    base::Uuid uuid{};
    const std::span<const uint8_t> given = bytes(property);
    if (given.size() == uuid.size()) {
        std::copy(given.begin(), given.end(), uuid.begin());
    } else {
        refuse(property, "16 bytes");
    }
    return uuid;
}

uint32_t Arguments::length(napi_value array, const char* property) const {
    uint32_t count = 0;
    if (napi_get_array_length(env_, array, &count) != napi_ok) {
        refuse(property, "an array");
        return 0;
    }
    if (count > elements_max) {
        refuse(property, "an array of at most 65536 elements");
        return 0;
    }
    return count;
}

napi_value Arguments::element(napi_value array, uint32_t index) const {
    napi_value value = nullptr;
    napi_get_element(env_, array, index, &value);
    return value;
}

std::vector<std::string> Arguments::texts(const char* property) const {
    std::vector<std::string> list;
    napi_value array = get(property);
    const uint32_t count = length(array, property);
    list.reserve(count);
    for (uint32_t index = 0; index < count; ++index) {
        list.push_back(text_of(element(array, index), property));
    }
    return list;
}

std::vector<uint32_t> Arguments::numbers(const char* property) const {
    std::vector<uint32_t> list;
    napi_value array = get(property);
    const uint32_t count = length(array, property);
    list.reserve(count);
    for (uint32_t index = 0; index < count; ++index) {
        list.push_back(number_of(element(array, index), property, UINT32_MAX));
    }
    return list;
}

void Arguments::each(const char* property,
                     const std::function<void(const Arguments&)>& read) const {
    napi_value array = get(property);
    const uint32_t count = length(array, property);
    for (uint32_t index = 0; index < count; ++index) {
        const std::string name = std::string(property) + "[" + std::to_string(index) + "]";
        read(Arguments(env_, element(array, index), name, wrong_));
    }
}

}  // namespace addon
