#include "reactor/ring.h"

#include <cerrno>
#include <cstddef>
#include <doctest/doctest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "child.h"

namespace {

// From now on this process's io_uring_setup fails with `error`, as under a container's profile.
bool forbid_io_uring(uint32_t error) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

int errno_when_forbidden(uint32_t error) {
    return test::run_in_child([error] {
               if (!forbid_io_uring(error)) {
                   return 255;
               }
               io_uring ring{};
               const auto features = reactor::open_ring(ring, 64);
               const bool unsupported =
                   !features && features.error().code() == base::Errc::unsupported;
               return unsupported ? static_cast<int>(features.error().detail()) : 254;
           })
        .code;
}

}  // namespace

TEST_CASE("a ring has the features it says it has") {
    io_uring ring{};
    const auto features = reactor::open_ring(ring, 64);
    REQUIRE(features.has_value());
    CHECK_EQ(features->single_issuer, (ring.flags & IORING_SETUP_SINGLE_ISSUER) != 0);
    CHECK_EQ(features->defer_taskrun, (ring.flags & IORING_SETUP_DEFER_TASKRUN) != 0);
    CHECK_EQ(features->taskrun_flag, (ring.flags & IORING_SETUP_TASKRUN_FLAG) != 0);
    CHECK((features->taskrun_flag || !features->defer_taskrun));
    CHECK_FALSE(features->registered_buffers);
    io_uring_queue_exit(&ring);
}

TEST_CASE("there is room for more completions than submissions") {
    io_uring ring{};
    REQUIRE(reactor::open_ring(ring, 64).has_value());
    CHECK(ring.cq.ring_entries >= 4 * ring.sq.ring_entries);
    io_uring_queue_exit(&ring);
}

TEST_CASE("where io_uring is forbidden it says so, with the errno") {
    CHECK_EQ(errno_when_forbidden(EPERM), EPERM);
    CHECK_EQ(errno_when_forbidden(ENOSYS), ENOSYS);
}

TEST_CASE("a kernel that knows none of the settings is asked for each, and then given up") {
    CHECK_EQ(errno_when_forbidden(EINVAL), EINVAL);
}
