// The states of a connection and of a command: what may follow what.
#include <doctest/doctest.h>
#include <utility>
#include <vector>

#include "transport/tcp/connection.h"
#include "transport/tcp/slot.h"

namespace {

// Every move that is allowed.
template <typename State>
std::vector<std::pair<State, State>> moves(State last) {
    std::vector<std::pair<State, State>> allowed;
    const auto count = static_cast<int>(last) + 1;
    for (int from = 0; from < count; ++from) {
        for (int to = 0; to < count; ++to) {
            if (may_move(static_cast<State>(from), static_cast<State>(to))) {
                allowed.emplace_back(static_cast<State>(from), static_cast<State>(to));
            }
        }
    }
    return allowed;
}

}  // namespace

TEST_CASE("a connection goes forward only, and closes before it is closed") {
    using S = transport::tcp::ConnectionState;
    const std::vector<std::pair<S, S>> expected = {
        {S::handshake, S::live},
        {S::handshake, S::terminating},
        {S::handshake, S::closing},
        {S::live, S::terminating},
        {S::live, S::closing},
        {S::terminating, S::closing},
        {S::closing, S::closed},
    };
    CHECK((moves(S::closed) == expected));
}

TEST_CASE("a command is answered once from wherever it is, and never goes back") {
    using S = transport::tcp::SlotState;
    const std::vector<std::pair<S, S>> expected = {
        {S::idle, S::received},
        {S::received, S::waiting_buffer},
        {S::received, S::executing},
        {S::received, S::responding},
        {S::waiting_buffer, S::fetching},
        {S::waiting_buffer, S::executing},
        {S::waiting_buffer, S::responding},
        {S::fetching, S::executing},
        {S::fetching, S::responding},
        {S::executing, S::responding},
        {S::responding, S::idle},
    };
    CHECK((moves(S::responding) == expected));
}
