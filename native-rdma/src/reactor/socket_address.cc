#include "reactor/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace reactor {

socklen_t parse_address(const std::string& text, uint16_t port, sockaddr_storage& out) {
    out = {};
    auto& v4 = reinterpret_cast<sockaddr_in&>(out);
    if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return sizeof(v4);
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
    if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        return sizeof(v6);
    }
    return 0;
}

}  // namespace reactor
