// Runs code in a child process: for what ends or restricts the process it happens in.
//
// Requires: no thread but the calling one, so tests that use it start none before.
#pragma once

#include <cstdlib>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace test {

struct ChildEnd {
    int signal = 0;  // That ended it, or 0.
    int code = 0;    // Otherwise its exit code, which is what the body returned.
    std::string errors;
};

inline ChildEnd run_in_child(const std::function<int()>& body) {
    int pipe_fds[2];
    if (pipe(pipe_fds) != 0) {
        std::abort();
    }
    const pid_t child = fork();
    if (child == 0) {
        dup2(pipe_fds[1], STDERR_FILENO);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        _exit(body());
    }
    close(pipe_fds[1]);
    ChildEnd end;
    char bytes[512];
    for (ssize_t count = 1; count > 0;) {
        count = read(pipe_fds[0], bytes, sizeof bytes);
        end.errors.append(bytes, count > 0 ? static_cast<size_t>(count) : 0);
    }
    close(pipe_fds[0]);
    int status = 0;
    waitpid(child, &status, 0);
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    return end;
}

}  // namespace test
