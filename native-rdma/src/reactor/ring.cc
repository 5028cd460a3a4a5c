#include "reactor/ring.h"

#include <cerrno>

namespace reactor {
namespace {

// Completions outnumber submissions: a multishot accept or many connections may answer at once.
constexpr uint32_t completions_per_submission = 4;

// From the best to what every io_uring has. DEFER_TASKRUN (Linux 6.1) runs completion work only
// when asked; TASKRUN_FLAG (5.19) lets polling see from memory whether there is any.
constexpr uint32_t setups[] = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED |
        IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL,
    0,
};

}  // namespace

base::Result<Features> open_ring(io_uring& ring, uint32_t entries) {
    int error = -EINVAL;
    for (const uint32_t setup : setups) {
        io_uring_params params{};
        params.flags = setup | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
        params.cq_entries = entries * completions_per_submission;
        error = io_uring_queue_init_params(entries, &ring, &params);
        if (error == 0) {
            Features features;
            features.single_issuer = (setup & IORING_SETUP_SINGLE_ISSUER) != 0;
            features.defer_taskrun = (setup & IORING_SETUP_DEFER_TASKRUN) != 0;
            features.taskrun_flag = (setup & IORING_SETUP_TASKRUN_FLAG) != 0;
            // Came with the same kernel, and has no probe of its own.
            features.multishot_accept = features.taskrun_flag;
            return features;
        }
        if (error != -EINVAL) {
            break;
        }
    }
    return base::Status(base::Errc::unsupported, static_cast<uint32_t>(-error));
}

}  // namespace reactor
