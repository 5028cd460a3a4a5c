#include "store/file_device.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

using store::DeviceVerb;
using store::FileDevice;

constexpr uint32_t block = 4096;
constexpr uint64_t size_bytes = 64 * block;

struct Directory {
    Directory() {
        char name[] = "/tmp/ashlar-device-XXXXXX";
        path = mkdtemp(name);
    }
    ~Directory() { std::filesystem::remove_all(path); }
    [[nodiscard]] std::string file(const char* name) const { return path + "/" + name; }
    std::string path;
};

struct Pages {
    explicit Pages(size_t count)
        : data(static_cast<uint8_t*>(std::aligned_alloc(block, count * block))) {
        std::memset(data, 0, count * block);
    }
    ~Pages() { std::free(data); }
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;
    uint8_t* data;
};

struct Job : store::DeviceIo {
    reactor::Reactor* reactor = nullptr;
    uint32_t* left = nullptr;
    uint32_t completions = 0;
    base::Status status;
};

struct Start : reactor::Task {
    std::function<void()> call;
};

std::unique_ptr<reactor::Reactor> make_reactor() {
    auto made = reactor::Reactor::create({});
    REQUIRE(made.has_value());
    return std::move(made.value());
}

// Submits all jobs at once and runs until every one has completed.
void run(reactor::Reactor& reactor, FileDevice& device, std::vector<Job*> jobs) {
    auto left = static_cast<uint32_t>(jobs.size());
    bool inside = false;
    bool completed_inside = false;
    for (Job* job : jobs) {
        job->reactor = &reactor;
        job->left = &left;
        job->done = [](store::DeviceIo& io, base::Status status) {
            auto& finished = static_cast<Job&>(io);
            finished.status = status;
            ++finished.completions;
            if (--*finished.left == 0) {
                finished.reactor->stop();
            }
        };
    }
    Start start;
    start.run = [](reactor::Task& task) { static_cast<Start&>(task).call(); };
    start.call = [&] {
        inside = true;
        for (Job* job : jobs) {
            device.submit(*job);
            completed_inside = completed_inside || left != jobs.size();
        }
        inside = false;
    };
    reactor.post(start);
    reactor.run();
    CHECK_FALSE(completed_inside);
    for (const Job* job : jobs) {
        CHECK(job->completions == 1);
    }
}

base::Status run(reactor::Reactor& reactor,
                 FileDevice& device,
                 DeviceVerb verb,
                 uint64_t offset,
                 std::vector<iovec> vector,
                 uint32_t bytes = 0) {
    Job job;
    job.verb = verb;
    job.offset = offset;
    job.vector = vector.data();
    job.vector_count = static_cast<uint32_t>(vector.size());
    job.bytes = bytes;
    for (const iovec& part : vector) {
        job.bytes += static_cast<uint32_t>(part.iov_len);
    }
    run(reactor, device, {&job});
    return job.status;
}

}  // namespace

TEST_CASE("a made file is sparse, of the size asked for, and reads as zeroes") {
    const Directory directory;
    const std::string path = directory.file("disk");
    REQUIRE(FileDevice::create(path, size_bytes).ok());
    CHECK(FileDevice::create(path, size_bytes).code() == base::Errc::already_exists);
    auto reactor = make_reactor();
    auto device = FileDevice::open(*reactor, path);
    REQUIRE(device.has_value());
    CHECK((*device)->geometry().bytes == size_bytes);
    CHECK(block % (*device)->geometry().logical_block_bytes == 0);
    CHECK((*device)->geometry().volatile_cache);
    const Pages pages(1);
    pages.data[7] = 1;
    CHECK(run(*reactor, **device, DeviceVerb::read, 8 * block, {{pages.data, block}}).ok());
    CHECK(pages.data[7] == 0);
}

TEST_CASE("vectors are gathered into one write and scattered by one read") {
    const Directory directory;
    const std::string path = directory.file("disk");
    REQUIRE(FileDevice::create(path, size_bytes).ok());
    auto reactor = make_reactor();
    auto device = FileDevice::open(*reactor, path);
    REQUIRE(device.has_value());
    const Pages out(3);
    const Pages in(3);
    for (uint32_t i = 0; i < 3; ++i) {
        std::memset(out.data + i * block, static_cast<int>('a' + i), block);
    }
    for (const DeviceVerb verb : {DeviceVerb::write, DeviceVerb::write_durable}) {
        CHECK(run(*reactor,
                  **device,
                  verb,
                  4 * block,
                  {{out.data + 2 * block, block}, {out.data, 2 * block}})
                  .ok());
        CHECK(run(*reactor,
                  **device,
                  DeviceVerb::read,
                  4 * block,
                  {{in.data, 2 * block}, {in.data + 2 * block, block}})
                  .ok());
        CHECK(in.data[0] == 'c');
        CHECK(in.data[block] == 'a');
        CHECK(in.data[3 * block - 1] == 'b');
        CHECK(run(*reactor, **device, DeviceVerb::flush, 0, {}).ok());
    }
}

TEST_CASE("many operations are in flight at once and each completes once") {
    const Directory directory;
    const std::string path = directory.file("disk");
    REQUIRE(FileDevice::create(path, size_bytes).ok());
    auto reactor = make_reactor();
    auto device = FileDevice::open(*reactor, path);
    REQUIRE(device.has_value());
    const Pages pages(64);
    std::vector<iovec> vectors(64);
    std::vector<Job> jobs(64);
    std::vector<Job*> all;
    for (uint32_t i = 0; i < 64; ++i) {
        std::memset(pages.data + i * block, static_cast<int>(i), block);
        vectors[i] = {pages.data + i * block, block};
        jobs[i].verb = DeviceVerb::write;
        jobs[i].offset = uint64_t{i} * block;
        jobs[i].bytes = block;
        jobs[i].vector = &vectors[i];
        jobs[i].vector_count = 1;
        all.push_back(&jobs[i]);
    }
    run(*reactor, **device, all);
    const Pages back(64);
    CHECK(run(*reactor, **device, DeviceVerb::read, 0, {{back.data, size_bytes}}).ok());
    CHECK(std::memcmp(back.data, pages.data, size_bytes) == 0);
}

TEST_CASE("discarded blocks of a file read as zeroes") {
    const Directory directory;
    const std::string path = directory.file("disk");
    REQUIRE(FileDevice::create(path, size_bytes).ok());
    auto reactor = make_reactor();
    auto device = FileDevice::open(*reactor, path);
    REQUIRE(device.has_value());
    const Pages pages(4);
    std::memset(pages.data, 0x5a, 4 * block);
    CHECK(run(*reactor, **device, DeviceVerb::write, 0, {{pages.data, 4 * block}}).ok());
    CHECK(run(*reactor, **device, DeviceVerb::discard, block, {}, 2 * block).ok());
    CHECK(run(*reactor, **device, DeviceVerb::read, 0, {{pages.data, 4 * block}}).ok());
    CHECK(pages.data[0] == 0x5a);
    CHECK(pages.data[block] == 0);
    CHECK(pages.data[3 * block - 1] == 0);
    CHECK(pages.data[3 * block] == 0x5a);
}

TEST_CASE("registered memory is written and read by its index") {
    const Directory directory;
    const std::string path = directory.file("disk");
    REQUIRE(FileDevice::create(path, size_bytes).ok());
    auto reactor = make_reactor();
    auto device = FileDevice::open(*reactor, path);
    REQUIRE(device.has_value());
    const Pages pages(2);
    std::memset(pages.data, 0x42, block);
    uint16_t index = 0xffff;
    Start enlist;
    enlist.run = [](reactor::Task& task) { static_cast<Start&>(task).call(); };
    enlist.call = [&] {
        auto known = reactor->register_buffer(pages.data, 2 * block);
        index = known.has_value() ? *known : index;
        reactor->stop();
    };
    reactor->post(enlist);
    reactor->run();
    for (const DeviceVerb verb : {DeviceVerb::write, DeviceVerb::read}) {
        const iovec part{pages.data + (verb == DeviceVerb::read ? block : 0), block};
        Job job;
        job.verb = verb;
        job.bytes = block;
        job.vector = &part;
        job.vector_count = 1;
        job.registered_index = index;
        run(*reactor, **device, {&job});
        CHECK(job.status.ok());
    }
    CHECK(std::memcmp(pages.data, pages.data + block, block) == 0);
}

TEST_CASE("a file cut short behind our back is a failed device, not a wrong read") {
    const Directory directory;
    const std::string path = directory.file("disk");
    REQUIRE(FileDevice::create(path, size_bytes).ok());
    auto reactor = make_reactor();
    auto device = FileDevice::open(*reactor, path);
    REQUIRE(device.has_value());
    REQUIRE(truncate(path.c_str(), 6 * block) == 0);
    const Pages pages(4);
    const base::Status status = run(*reactor,
                                    **device,
                                    DeviceVerb::read,
                                    4 * block,
                                    {{pages.data, block}, {pages.data + block, 3 * block}});
    CHECK(status.code() == base::Errc::device_failed);
    CHECK(status.detail() == EIO);
}

TEST_CASE("a device is opened by one store at a time") {
    const Directory directory;
    const std::string path = directory.file("disk");
    REQUIRE(FileDevice::create(path, size_bytes).ok());
    auto reactor = make_reactor();
    {
        auto first = FileDevice::open(*reactor, path);
        REQUIRE(first.has_value());
        CHECK(FileDevice::open(*reactor, path).error().code() == base::Errc::busy);
    }
    CHECK(FileDevice::open(*reactor, path).has_value());
}

TEST_CASE("what is not a disk is refused and says so") {
    const Directory directory;
    auto reactor = make_reactor();
    const std::string path = directory.file("disk");
    CHECK(FileDevice::open(*reactor, path).error().code() == base::Errc::not_found);
    CHECK(FileDevice::create(path, 0).code() == base::Errc::invalid_argument);
    CHECK(FileDevice::create(path, block + 512).code() == base::Errc::invalid_argument);
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(FileDevice::create(directory.file("no/such"), block).code() == base::Errc::not_found);
    CHECK(FileDevice::open(*reactor, "/dev/null").error().code() == base::Errc::invalid_argument);
    REQUIRE(mknod(path.c_str(), S_IFREG | 0600, 0) == 0);
    CHECK(FileDevice::open(*reactor, path).error().code() == base::Errc::invalid_argument);
}

TEST_CASE("a memory file system needs no flush") {
    const Directory directory;
    auto reactor = make_reactor();
    const std::string path = "/dev/shm/ashlar-device-" + std::to_string(getpid());
    REQUIRE(FileDevice::create(path, size_bytes).ok());
    auto device = FileDevice::open(*reactor, path);
    REQUIRE(device.has_value());
    CHECK_FALSE((*device)->geometry().volatile_cache);
    const Pages pages(1);
    CHECK(run(*reactor, **device, DeviceVerb::write, 0, {{pages.data, block}}).ok());
    unlink(path.c_str());
}
