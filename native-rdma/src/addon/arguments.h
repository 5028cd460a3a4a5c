// JavaScript values as C++ ones: read by name from an object, or by place from a call.
//
// index.js hands in complete values of the right types. What is not is remembered by name, and
// reads as zero: the caller looks at wrong() once, when all is read.
//
// Thread: the JS thread, within one call.
#pragma once

#include <cstdint>
#include <functional>
#include <node_api.h>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"

namespace addon {

class Arguments {
  public:
    // The properties of `object`; `name` is what the object is called.
    Arguments(napi_env env, napi_value object, std::string name, std::string& wrong)
        : env_(env), object_(object), name_(std::move(name)), wrong_(wrong) {}

    [[nodiscard]] std::string text(const char* property) const;
    // A whole number up to `limit`.
    [[nodiscard]] uint32_t number(const char* property, uint32_t limit = UINT32_MAX) const;
    [[nodiscard]] uint64_t big(const char* property) const;
    // The bytes of a Uint8Array. Valid within the call.
    [[nodiscard]] std::span<const uint8_t> bytes(const char* property) const;
    [[nodiscard]] base::Uuid uuid(const char* property) const;
    [[nodiscard]] std::vector<std::string> texts(const char* property) const;
    [[nodiscard]] std::vector<uint32_t> numbers(const char* property) const;
    // Calls `read` with each element, an object.
    void each(const char* property, const std::function<void(const Arguments&)>& read) const;

  private:
    [[nodiscard]] napi_value get(const char* property) const;
    [[nodiscard]] uint32_t length(napi_value array, const char* property) const;
    [[nodiscard]] napi_value element(napi_value array, uint32_t index) const;
    void refuse(const char* property, const char* expected) const;
    [[nodiscard]] std::string text_of(napi_value value, const char* property) const;
    [[nodiscard]] uint32_t number_of(napi_value value, const char* property, uint32_t limit) const;

    napi_env env_;
    napi_value object_;
    std::string name_;
    std::string& wrong_;
};

}  // namespace addon
