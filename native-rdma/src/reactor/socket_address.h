// A numeric address as text becomes a socket address.
#pragma once

#include <cstdint>
#include <string>
#include <sys/socket.h>

namespace reactor {

// Fills `out` from "127.0.0.1" or "::1" and a port. Its length, or 0 when the text is neither.
socklen_t parse_address(const std::string& text, uint16_t port, sockaddr_storage& out);

}  // namespace reactor
