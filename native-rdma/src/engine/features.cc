#include "engine/features.h"

#include <cerrno>

#include "base/crc32c.h"

namespace engine {
namespace {

std::string describe_ring(const reactor::Features& features) {
    if (features.defer_taskrun) {
        return "io_uring with SINGLE_ISSUER and DEFER_TASKRUN: completions run when a reactor asks";
    }
    if (features.taskrun_flag) {
        return "io_uring with COOP_TASKRUN: completions run at a reactor's next system call";
    }
    return "io_uring of an old kernel (before 5.19): polling for work takes system calls";
}

std::string describe_memory(const ReactorThreads& reactors, uint32_t registration_error) {
    uint64_t bytes = 0;
    for (const auto& thread : reactors) {
        bytes += thread->pool().bytes();
    }
    const std::string size = std::to_string(bytes >> 20) + " MiB of I/O memory ";
    if (registration_error == 0) {
        return size + "registered with io_uring: no page is looked up per read";
    }
    std::string why = errno_words(registration_error);
    if (registration_error == ENOMEM) {
        why += "; raise the limit of locked memory (RLIMIT_MEMLOCK) for faster reads";
    }
    return size + "not registered with io_uring" + why;
}

}  // namespace

std::vector<std::string> describe_features(const ReactorThreads& reactors,
                                           const std::vector<std::unique_ptr<Device>>& devices,
                                           uint32_t registration_error) {
    std::vector<std::string> sentences;
    sentences.push_back(describe_ring(reactors.front()->reactor().features()));
    sentences.push_back(describe_memory(reactors, registration_error));
    for (const auto& device : devices) {
        sentences.push_back(describe(*device));
    }
    return sentences;
}

}  // namespace engine
