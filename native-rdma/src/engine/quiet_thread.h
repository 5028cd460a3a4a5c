// Starts a thread that no signal is delivered to: they are for the process's own threads.
#pragma once

#include <functional>
#include <thread>

namespace engine {

// `name` has at most 15 characters.
std::thread start_quiet(const char* name, std::function<void()> body);

}  // namespace engine
