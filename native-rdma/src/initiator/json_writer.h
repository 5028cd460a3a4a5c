// Writes one JSON document into a string: objects, arrays, numbers, texts.
//
// Thread: one. Requires: every begin has its end, and fields of objects have names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace initiator {

class JsonWriter {
  public:
    void begin_object(std::string_view name = {}) { begin(name, '{'); }
    void end_object() { end('}'); }
    void begin_array(std::string_view name = {}) { begin(name, '['); }
    void end_array() { end(']'); }

    void number(std::string_view name, uint64_t value);
    void real(std::string_view name, double value);  // With three decimals.
    void text(std::string_view name, std::string_view value);
    void boolean(std::string_view name, bool value);

    // The document so far.
    [[nodiscard]] const std::string& str() const { return out_; }

  private:
    void begin(std::string_view name, char bracket);
    void end(char bracket);
    void prefix(std::string_view name);
    void quote(std::string_view value);

    std::string out_;
    bool first_ = true;
};

}  // namespace initiator
