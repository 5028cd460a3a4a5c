// The admin and fabrics commands, by the file that knows them.
//
// Thread: the admin queue's reactor; Connect that of its queue.
#pragma once

#include <cstdint>

#include "target/request.h"

namespace target {

[[nodiscard]] uint16_t parse_connect(Request& request);       // connect.cc
[[nodiscard]] uint16_t parse_property_get(Request& request);  // properties.cc
[[nodiscard]] uint16_t parse_property_set(Request& request);  // properties.cc
[[nodiscard]] uint16_t parse_identify(Request& request);      // identify.cc
[[nodiscard]] uint16_t parse_get_log_page(Request& request);  // log_pages.cc
[[nodiscard]] uint16_t parse_set_features(Request& request);  // features.cc
[[nodiscard]] uint16_t parse_get_features(Request& request);  // features.cc

}  // namespace target
